#include "content/liquid/items.h"

#include "content/liquid/characters.h"
#include "content/liquid/loop_state.h"

namespace postrider::content {

namespace {

std::size_t count_flat(Value const& value) {
  if (!value.is_array()) return 1;
  std::size_t count = 0;
  for (std::size_t i = 0, n = length(value); i < n; ++i) count += count_flat(element(value, i));
  return count;
}

void fill_flat(Value const& value, Value*& to) {
  if (!value.is_array()) {
    *to++ = value;
    return;
  }
  for (std::size_t i = 0, n = length(value); i < n; ++i) fill_flat(element(value, i), to);
}

}  // namespace

std::span<Value> items_of(Runtime& run, Value const& input) {
  if (input.is_nil()) return {};
  std::size_t count = 1;
  if (input.kind == Kind::range) {
    count = static_cast<std::size_t>(std::max<std::int64_t>(0, input.range->high - input.range->low + 1));
  } else if (input.is_array()) {
    count = count_flat(input);
  }
  if (!run.charge(count / 4 + 1)) return {};
  auto* items = run.arena().make<Value>(count);
  if (!items) return {};
  if (input.kind == Kind::range) {
    for (std::size_t i = 0; i < count; ++i) items[i] = Value::of(input.range->low + static_cast<std::int64_t>(i));
  } else {
    auto* to = items;
    fill_flat(input, to);
  }
  return {items, count};
}

std::optional<Value> select(Runtime& run, Value const& item, Value const& property) {
  auto cannot = [&] { return run.fail("cannot select the property '" + std::string(run.text(property)) + "'"); };
  switch (item.kind) {
    case Kind::json_object: {
      if (property.kind != Kind::string) return Value{};
      auto value = member(item, property.str());
      return value.kind == Kind::unset ? Value{} : value;
    }
    case Kind::loop: {
      auto value = property.kind == Kind::string ? item.loop->property(property.str()) : Value{};
      return value.kind == Kind::unset ? Value{} : value;
    }
    case Kind::string:
      if (property.kind == Kind::string) return item.str().find(property.str()) == std::string_view::npos ? Value{} : property;
      if (property.kind == Kind::integer) {
        auto size = static_cast<std::int64_t>(count_characters(item.str()));
        auto at = property.integer < 0 ? property.integer + size : property.integer;
        if (at < 0 || at >= size) return Value{};
        auto rest = item.str().substr(offset_of_character(item.str(), static_cast<std::size_t>(at)));
        return Value::of(rest.substr(0, offset_of_character(rest, 1)));
      }
      if (property.is_nil()) return std::nullopt;
      return cannot();
    case Kind::integer:  // Ruby's bit reference
      if (property.kind == Kind::integer) {
        auto bit = property.integer;
        return Value::of(bit < 0 ? std::int64_t{0} : bit > 62 ? std::int64_t{item.integer < 0} : item.integer >> bit & 1);
      }
      return cannot();
    default: return std::nullopt;
  }
}

}  // namespace postrider::content
