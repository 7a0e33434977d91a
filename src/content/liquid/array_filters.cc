// Filters that order, join and reshape arrays.
#include "content/liquid/characters.h"
#include "content/liquid/decimal.h"
#include "content/liquid/filters.h"
#include "content/liquid/items.h"

#include <algorithm>
#include <bit>
#include <unordered_set>

namespace postrider::content {

namespace {

Value array_of(std::span<Value> items) { return Value::of(items.data(), items.size()); }

Value join(Runtime& run, FilterInput const& in) {
  auto glue = in.has(0) ? run.text(in.arguments[0]) : std::string_view(" ");
  auto items = items_of(run, in.input);
  ArenaText out(run.arena());
  std::string printed;
  for (std::size_t i = 0; i < items.size() && !run.failed(); ++i) {
    if (i > 0) out.append(glue);
    printed.clear();
    append_text(printed, items[i]);
    if (!run.charge(printed.size() / 64)) break;
    out.append(printed);
  }
  return Value::of(out.finish());
}

Value first(Runtime& run, FilterInput const& in) {
  switch (in.input.kind) {
    case Kind::array:
    case Kind::json_array: return length(in.input) ? element(in.input, 0) : Value{};
    case Kind::json_object: return in.input.json_object->empty() ? Value{} : pair_of(run.arena(), *in.input.json_object->begin());
    case Kind::string: return Value::of(in.input.str().substr(0, offset_of_character(in.input.str(), 1)));
    case Kind::range: return Value::of(in.input.range->low);
    default: return {};
  }
}

Value last(Runtime& run, FilterInput const& in) {
  switch (in.input.kind) {
    case Kind::array:
    case Kind::json_array: return length(in.input) ? element(in.input, length(in.input) - 1) : Value{};
    case Kind::string: {
      auto text = in.input.str();
      if (text.empty() || !run.charge_bytes(text.size())) return in.input;
      return Value::of(text.substr(offset_of_character(text, count_characters(text) - 1)));
    }
    case Kind::range: return Value::of(in.input.range->high);
    default: return {};
  }
}

Value size(Runtime& run, FilterInput const& in) {
  std::size_t count = 0;
  switch (in.input.kind) {
    case Kind::string:
      run.charge_bytes(in.input.size);
      count = count_characters(in.input.str());
      break;
    case Kind::array:
    case Kind::json_array: count = length(in.input); break;
    case Kind::json_object: count = in.input.json_object->size(); break;
    case Kind::range: count = static_cast<std::size_t>(std::max<std::int64_t>(0, in.input.range->high - in.input.range->low + 1)); break;
    case Kind::integer: count = 8; break;  // Ruby: the bytes of a machine word
    default: break;
  }
  return Value::of(static_cast<std::int64_t>(count));
}

Value reverse(Runtime& run, FilterInput const& in) {
  auto items = items_of(run, in.input);
  std::reverse(items.begin(), items.end());
  return array_of(items);
}

Value concat(Runtime& run, FilterInput const& in) {
  if (!in.arguments[0].is_array()) return run.fail("concat filter requires an array argument");
  auto front = items_of(run, in.input);
  auto back = length(in.arguments[0]);
  if (!run.charge(back / 4 + 1)) return {};
  auto* items = run.arena().make<Value>(front.size() + back);
  if (!items) return {};
  std::copy(front.begin(), front.end(), items);
  for (std::size_t i = 0; i < back; ++i) items[front.size() + i] = element(in.arguments[0], i);
  return Value::of(items, front.size() + back);
}

Value map(Runtime& run, FilterInput const& in) {
  auto items = items_of(run, in.input);
  for (auto& item : items) {
    item = select(run, item, in.arguments[0]).value_or(Value{});
    if (run.failed()) return {};
  }
  return array_of(items);
}

// Sort keys beside their items; nothing when an item has no properties at all.
struct Keyed {
  Value key;
  Value item;
  std::size_t place = 0;  // equal keys keep their order
};

std::optional<std::span<Keyed>> keyed(Runtime& run, FilterInput const& in) {
  auto items = items_of(run, in.input);
  if (!run.charge(items.size() * (std::bit_width(items.size()) + 1) / 8)) return std::nullopt;
  auto* made = run.arena().make<Keyed>(items.size());
  if (!made) return std::nullopt;
  bool by_property = in.has(0) && !in.arguments[0].is_nil();
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto key = by_property ? select(run, items[i], in.arguments[0]) : items[i];
    if (run.failed() || !key) return std::nullopt;
    made[i] = {*key, items[i], i};
  }
  return std::span<Keyed>(made, items.size());
}

template <class Before>
void sort_stably(std::span<Keyed> list, Before before) {
  std::sort(list.begin(), list.end(), [&](Keyed const& a, Keyed const& b) {
    if (before(a.key, b.key)) return true;
    return !before(b.key, a.key) && a.place < b.place;
  });
}

Value items_again(Runtime& run, std::span<Keyed> sorted) {
  auto* items = run.arena().make<Value>(sorted.size());
  for (std::size_t i = 0; items && i < sorted.size(); ++i) items[i] = sorted[i].item;
  return items ? Value::of(items, sorted.size()) : Value{};
}

Value sort(Runtime& run, FilterInput const& in) {
  auto list = keyed(run, in);
  if (!list) return {};
  // What cannot be compared is found first, so that the comparison itself is a proper order.
  Value const* sample = nullptr;
  bool mixed = false, unordered = false;
  for (auto const& entry : *list) {
    if (entry.key.is_nil()) continue;
    if (!sample) sample = &entry.key;
    bool comparable = (sample->is_number() && entry.key.is_number()) || (sample->kind == Kind::string && entry.key.kind == Kind::string);
    unordered |= !comparable;
    mixed |= !comparable && !equal(*sample, entry.key);
  }
  if (mixed) return run.fail("cannot sort values of incompatible types");
  auto real = [](Value const& v) { return v.kind == Kind::real ? v.real : static_cast<double>(v.integer); };
  auto before = [&](Value const& a, Value const& b) {
    if (a.is_nil() || b.is_nil()) return !a.is_nil() && b.is_nil();
    if (a.kind == Kind::string) return a.str() < b.str();
    return a.kind == Kind::integer && b.kind == Kind::integer ? a.integer < b.integer : real(a) < real(b);
  };
  if (!unordered) sort_stably(*list, before);
  return items_again(run, *list);
}

Value sort_natural(Runtime& run, FilterInput const& in) {
  auto list = keyed(run, in);
  if (!list) return {};
  for (auto& entry : *list) {
    if (!entry.key.is_nil()) entry.key = Value::of(run.text(entry.key));
  }
  if (run.failed()) return {};
  auto folded = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  sort_stably(*list, [&](Value const& a, Value const& b) {
    if (a.is_nil() || b.is_nil()) return !a.is_nil() && b.is_nil();
    auto x = a.str(), y = b.str();
    return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end(), [&](char l, char r) {
      return static_cast<unsigned char>(folded(l)) < static_cast<unsigned char>(folded(r));
    });
  });
  return items_again(run, *list);
}

Value uniq(Runtime& run, FilterInput const& in) {
  auto list = keyed(run, in);
  if (!list) return {};
  std::unordered_set<std::string> seen;
  std::size_t kept = 0;
  std::size_t bytes = 0;
  for (auto const& entry : *list) {
    std::string key;
    append_json(key, entry.key);
    bytes += key.size() + 64;
    if (!run.charge_bytes(key.size()) || bytes > run.options().budgets.memory_bytes)
      return run.fail(TemplateFault::memory, "uniq over too much data");
    if (seen.insert(std::move(key)).second) (*list)[kept++] = entry;
  }
  return items_again(run, list->first(kept));
}

Value compact(Runtime& run, FilterInput const& in) {
  auto list = keyed(run, in);
  if (!list) return {};
  auto end = std::remove_if(list->begin(), list->end(), [](Keyed const& entry) { return entry.key.is_nil(); });
  return items_again(run, list->first(static_cast<std::size_t>(end - list->begin())));
}

Value sum(Runtime& run, FilterInput const& in) {
  bool by_property = in.has(0) && !in.arguments[0].is_nil();
  auto total = Decimal::of(std::int64_t{0});
  for (auto const& item : items_of(run, in.input)) {
    auto value = by_property ? select(run, item, in.arguments[0]).value_or(Value{}) : item;
    if (run.failed()) return {};
    if (value.is_array()) {
      for (auto const& inner : items_of(run, value)) total = total.plus(Decimal::of(inner));
    } else {
      total = total.plus(Decimal::of(value));
    }
  }
  return total.value(run.arena());
}

}  // namespace

std::span<FilterSpec const> array_filters() {
  static constexpr FilterSpec kFilters[] = {
      {"join", 0, 1, join}, {"first", 0, 0, first},     {"last", 0, 0, last},
      {"size", 0, 0, size}, {"reverse", 0, 0, reverse}, {"concat", 1, 1, concat},
      {"map", 1, 1, map},   {"sort", 0, 1, sort},       {"sort_natural", 0, 1, sort_natural},
      {"uniq", 0, 1, uniq}, {"compact", 0, 1, compact}, {"sum", 0, 1, sum},
  };
  return kFilters;
}

}  // namespace postrider::content
