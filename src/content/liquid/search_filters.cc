// Filters that look for items with a property: where, reject, has, find, find_index.
#include "content/liquid/filters.h"
#include "content/liquid/items.h"

namespace postrider::content {

namespace {

enum class Search { where, reject, has, find, find_index };

// Without a wanted value the property has to be truthy. An item that can have no properties ends the search with nil.
template <Search search>
Value searched(Runtime& run, FilterInput const& in) {
  auto items = items_of(run, in.input);
  bool any_value = !in.has(1) || in.arguments[1].is_nil();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto value = select(run, items[i], in.arguments[0]);
    if (run.failed() || !value) return {};
    bool matches = any_value ? value->truthy() : equal(*value, in.arguments[1]);
    switch (search) {
      case Search::where:
      case Search::reject:
        if (matches == (search == Search::where)) items[kept++] = items[i];
        break;
      case Search::has:
        if (matches) return Value::of(true);
        break;
      case Search::find:
        if (matches) return items[i];
        break;
      case Search::find_index:
        if (matches) return Value::of(static_cast<std::int64_t>(i));
        break;
    }
  }
  if (search == Search::has) return Value::of(false);
  if (search == Search::where || search == Search::reject) return Value::of(items.data(), kept);
  return {};
}

}  // namespace

std::span<FilterSpec const> search_filters() {
  static constexpr FilterSpec kFilters[] = {
      {"where", 1, 2, searched<Search::where>}, {"reject", 1, 2, searched<Search::reject>},         {"has", 1, 2, searched<Search::has>},
      {"find", 1, 2, searched<Search::find>},   {"find_index", 1, 2, searched<Search::find_index>},
  };
  return kFilters;
}

}  // namespace postrider::content
