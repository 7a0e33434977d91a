#include "content/liquid/filters.h"

#include <unordered_map>
#include <vector>

namespace postrider::content {

namespace {

struct FilterTable {
  std::vector<FilterSpec> specs;
  std::unordered_map<std::string_view, std::uint16_t> by_name;

  FilterTable() {
    for (auto const& filters : {string_filters(), text_filters(), math_filters(), array_filters(), search_filters(), value_filters()}) {
      for (auto const& spec : filters) {
        by_name.emplace(spec.name, static_cast<std::uint16_t>(specs.size()));
        specs.push_back(spec);
      }
    }
  }
};

FilterTable const& table() {
  static FilterTable const filters;
  return filters;
}

}  // namespace

std::uint16_t find_filter(std::string_view name) {
  auto known = table().by_name.find(name);
  return known == table().by_name.end() ? unknown_filter : known->second;
}

FilterSpec const& filter_spec(std::uint16_t filter) { return table().specs[filter]; }

}  // namespace postrider::content
