#include "segments/comparison.h"

#include "postrider/base/reading.h"

#include <algorithm>

namespace postrider::segments {

namespace {

namespace json = boost::json;

std::string_view text_of(json::value const& value) { return value.as_string(); }

std::optional<Number> number_of(json::value const& value) {
  if (auto const* const whole = value.if_int64()) return Number(*whole);
  if (value.is_number()) return Number(value.to_number<double>());
  if (value.is_string()) return number_in(text_of(value));
  return std::nullopt;
}

std::optional<Instant> instant_of(json::value const& value) { return value.is_string() ? instant_in(text_of(value)) : std::nullopt; }

bool equal(json::value const& stored, json::value const& wanted, FieldKind kind) {
  if (kind == FieldKind::instant) return instant_of(stored) && instant_of(stored) == instant_of(wanted);
  if (kind == FieldKind::uuid) return stored.is_string() && Uuid::parse(text_of(stored)) == Uuid::parse(text_of(wanted));
  if (stored.is_bool() || wanted.is_bool()) {
    auto const word = [](json::value const& value) { return value.is_bool() ? std::string_view(value.as_bool() ? "true" : "false") : value.is_string() ? text_of(value) : std::string_view(); };
    return word(stored) == word(wanted);
  }
  if (stored.is_string() && wanted.is_string()) return text_of(stored) == text_of(wanted);
  auto const left = number_of(stored);
  auto const right = number_of(wanted);
  return left && right && compare(*left, *right) == 0;
}

std::partial_ordering order(json::value const& stored, json::value const& wanted, FieldKind kind) {
  constexpr auto nothing = std::partial_ordering::unordered;
  if (kind == FieldKind::instant) {
    auto const at = instant_of(stored);
    return at ? *at <=> *instant_of(wanted) : nothing;
  }
  auto const left = number_of(stored);
  auto const right = number_of(wanted);
  if (left && right) return compare(*left, *right);
  if (!stored.is_string() || !wanted.is_string()) return nothing;
  return text_of(stored).compare(text_of(wanted)) <=> 0;
}

bool contains(json::value const& stored, json::value const& wanted) {
  if (auto const* const list = stored.if_array()) {
    return std::ranges::any_of(*list, [&](json::value const& item) {
      if (wanted.is_string()) return item.is_string() && text_of(item) == text_of(wanted);
      return item.is_number() && compare(*number_of(item), *number_of(wanted)) == 0;
    });
  }
  return stored.is_string() && wanted.is_string() && fold(text_of(stored)).find(fold(text_of(wanted))) != std::string::npos;
}

bool within_last(json::value const& stored, json::value const& wanted, Instant now) {
  auto const at = instant_of(stored);
  return at && *at >= now - *parse_duration(text_of(wanted)) && *at <= now;
}

}  // namespace

bool holds(Condition const& c, json::value const& value, Instant now) {
  auto const equals = [&](json::value const& wanted) { return equal(value, wanted, c.field_kind); };
  auto const ordered = [&](json::value const& wanted) { return order(value, wanted, c.field_kind); };
  switch (c.op) {
    case Operator::exists: return !value.is_null();
    case Operator::not_exists: return value.is_null();
    case Operator::equals: return !value.is_null() && equals(c.values[0]);
    case Operator::not_equals: return value.is_null() || !equals(c.values[0]);
    case Operator::in: return !value.is_null() && std::ranges::any_of(c.values, equals);
    case Operator::not_in: return value.is_null() || std::ranges::none_of(c.values, equals);
    case Operator::contains: return contains(value, c.values[0]);
    case Operator::not_contains: return !contains(value, c.values[0]);
    case Operator::starts_with: return value.is_string() && fold(text_of(value)).starts_with(fold(text_of(c.values[0])));
    case Operator::ends_with: return value.is_string() && fold(text_of(value)).ends_with(fold(text_of(c.values[0])));
    case Operator::greater_than: return ordered(c.values[0]) > 0;
    case Operator::greater_or_equal: return ordered(c.values[0]) >= 0;
    case Operator::less_than: return ordered(c.values[0]) < 0;
    case Operator::less_or_equal: return ordered(c.values[0]) <= 0;
    case Operator::between: return ordered(c.values[0]) >= 0 && ordered(c.values[1]) <= 0;
    case Operator::before: return instant_of(value) && *instant_of(value) < *instant_of(c.values[0]);
    case Operator::after: return instant_of(value) && *instant_of(value) > *instant_of(c.values[0]);
    case Operator::within_last: return within_last(value, c.values[0], now);
    case Operator::not_within_last: return !within_last(value, c.values[0], now);
  }
  return false;
}

json::value value_at(json::object const& object, std::string_view key) {
  if (auto const* const found = object.if_contains(key); found && !found->is_null()) return *found;
  json::object const* inside = &object;
  for (;;) {
    auto const dot = key.find('.');
    auto const* const found = inside->if_contains(key.substr(0, dot));
    if (!found) return nullptr;
    if (dot == std::string_view::npos) return *found;
    inside = found->if_object();
    if (!inside) return nullptr;
    key.remove_prefix(dot + 1);
  }
}

}  // namespace postrider::segments
