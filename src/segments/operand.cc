#include "segments/operand.h"

#include "postrider/base/reading.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace postrider::segments {

namespace {

namespace json = boost::json;

std::string text_of(json::value const& value) { return std::string(value.as_string()); }

json::value json_of(Number const& number) {
  if (auto const* const whole = std::get_if<std::int64_t>(&number)) return json::value(*whole);
  return json::value(std::get<double>(number));
}

std::string list_of(json::value const& value) {
  json::array list;
  list.push_back(value);
  return json::serialize(list);
}

// Texts that PostgreSQL might also print for a JSON value that is no text.
bool is_ambiguous(std::string_view text) {
  if (text.empty()) return false;
  if (text[0] == '[' || text[0] == '{' || text == "true" || text == "false") return true;
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '-' || c == '.'; });
}

constexpr std::size_t longest_index_list = 20;

// Equality with what no number can be equal to: the value itself is never looked at, so its key must not be bound.
bool by_member_alone(Condition const& c) {
  bool const list = c.op == Operator::in || c.op == Operator::not_in;
  if (!list && c.op != Operator::equals && c.op != Operator::not_equals) return false;
  return c.values.size() <= longest_index_list &&
         std::ranges::all_of(c.values, [](json::value const& value) { return value.is_bool() || (value.is_string() && !number_in(text_of(value))); });
}

std::string path_of(std::string_view key) {
  std::string path = "$";
  for (;;) {
    auto const dot = key.find('.');
    path += ".\"" + std::string(key.substr(0, dot)) + "\"";
    if (dot == std::string_view::npos) return path;
    key.remove_prefix(dot + 1);
  }
}

}  // namespace

std::string Binder::text(std::string value) {
  auto const bound = (*this)(std::move(value));
  return postgres() ? "cast(" + bound + " as text)" : bound;
}

std::string Binder::number(json::value const& value) {
  if (postgres()) return "cast(" + (*this)(json::serialize(value)) + " as numeric)";
  if (auto const* const whole = value.if_int64()) return (*this)(*whole);
  return (*this)(value.to_number<double>());
}

std::string Binder::instant(Instant value) {
  // SQLite compares texts, whose order ends with the year 9999; none is stored beyond.
  constexpr Instant last = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1) - std::chrono::microseconds(1);
  if (!postgres()) value = std::min(value, last);
  auto const bound = (*this)(value);
  return postgres() ? "cast(" + bound + " as timestamptz)" : bound;
}

Operand::Operand(Binder& bind, Condition const& c, std::string const& json_column) : key_(c.field), kind_(c.field_kind), bind_(bind) {
  if (kind_ != FieldKind::json) {
    scalar_ = "c." + c.field;
    text_ = scalar_;
    number_ = "number_in(" + scalar_ + ")";
    moment_ = scalar_;
    return;
  }
  bool const dotted = c.field.find('.') != std::string::npos;
  if (bind.postgres() && !dotted && json_column == "c.attributes") indexed_ = json_column;
  if (!indexed_.empty() && by_member_alone(c)) return;
  if (bind.postgres()) {
    auto const key = bind.text(c.field);
    value_ = "(" + json_column + " -> " + key + ")";
    scalar_ = "(" + json_column + " ->> " + key + ")";
    if (dotted) {
      std::string nested = json_column;
      for (std::size_t from = 0; from != std::string::npos;) {
        auto const dot = c.field.find('.', from);
        nested += " -> " + bind.text(c.field.substr(from, dot == std::string::npos ? dot : dot - from));
        from = dot == std::string::npos ? dot : dot + 1;
      }
      value_ = "coalesce(nullif(" + value_ + ", 'null'), " + nested + ")";
      scalar_ = "(" + value_ + " #>> '{}')";
    }
    type_ = "jsonb_typeof(" + value_ + ")";
    text_ = "(case when " + type_ + " = 'string' then " + scalar_ + " end)";
    number_ = "number_in(" + value_ + ")";
    moment_ = "instant_in(" + scalar_ + ")";
    return;
  }
  auto place = json_column + ", " + bind("$.\"" + c.field + "\"");
  if (dotted) {
    auto const nested = bind(path_of(c.field));
    place = "coalesce(nullif(" + json_column + " -> " + place.substr(json_column.size() + 2) + ", 'null'), " + json_column + " -> " + nested + "), '$'";
  }
  value_ = place;
  type_ = "json_type(" + place + ")";
  scalar_ = "json_extract(" + place + ")";
  text_ = "(case when " + type_ + " = 'text' then " + scalar_ + " end)";
  number_ = "number_in(case when " + type_ + " in ('integer', 'real', 'text') then " + scalar_ + " end)";
  moment_ = "instant_in(" + text_ + ")";
}

std::string Operand::holds(Condition const& c, Instant now) const {
  auto const negated = [](std::string const& held) { return "(" + held + " is not true)"; };
  auto const& values = c.values;
  switch (c.op) {
    case Operator::equals: return equals(values[0]);
    case Operator::not_equals: return negated(equals(values[0]));
    case Operator::in: return one_of(values);
    case Operator::not_in: return negated(one_of(values));
    case Operator::contains: return contains(values[0]);
    case Operator::not_contains: return negated(contains(values[0]));
    case Operator::starts_with: return begins(values[0]);
    case Operator::ends_with: return ends(values[0]);
    case Operator::greater_than: return ordered(">", values[0]);
    case Operator::greater_or_equal: return ordered(">=", values[0]);
    case Operator::less_than: return ordered("<", values[0]);
    case Operator::less_or_equal: return ordered("<=", values[0]);
    case Operator::between: return "(" + ordered(">=", values[0]) + " and " + ordered("<=", values[1]) + ")";
    case Operator::exists: return "(" + scalar_ + " is not null)";
    case Operator::not_exists: return "(" + scalar_ + " is null)";
    case Operator::before: return moment("<", *instant_in(text_of(values[0])));
    case Operator::after: return moment(">", *instant_in(text_of(values[0])));
    case Operator::within_last: return within(c, now);
    case Operator::not_within_last: return negated(within(c, now));
  }
  return "false";
}

// attributes @> {"key": value}: answered by the index, and well estimated by the planner.
std::string Operand::holds_member(json::value const& value) const {
  json::object member;
  member[key_] = value;
  return indexed_ + " @> cast(" + bind_(json::serialize(member)) + " as jsonb)";
}

std::string Operand::equals(json::value const& value) const {
  if (kind_ == FieldKind::instant) return moment("=", *instant_in(text_of(value)));
  if (kind_ == FieldKind::uuid) return "(" + scalar_ + " = " + (bind_.postgres() ? "cast(" + bind_(text_of(value)) + " as uuid)" : bind_(text_of(value))) + ")";
  if (kind_ == FieldKind::boolean) return "(" + scalar_ + (value.as_bool() ? " = true)" : " = false)");
  if (value.is_number()) return "(" + number_ + " = " + bind_.number(value) + ")";
  if (value.is_bool()) return equals(json::value(value.as_bool() ? "true" : "false"));
  auto const wanted = text_of(value);
  if (!indexed_.empty()) {
    auto const member = holds_member(value);
    if (wanted == "true" || wanted == "false") return "(" + member + " or " + holds_member(json::value(wanted == "true")) + ")";
    auto const number = number_in(wanted);
    if (!number) return "(" + member + ")";
    return "(" + member + " or (" + type_ + " = 'number' and " + number_ + " = " + bind_.number(json_of(*number)) + "))";
  }
  auto const bound = bind_.text(wanted);
  if (kind_ == FieldKind::text || !is_ambiguous(wanted)) return "(" + scalar_ + " = " + bound + ")";
  if (wanted == "true" || wanted == "false") {
    if (bind_.postgres()) return "(" + scalar_ + " = " + bound + ")";
    return "(case " + type_ + " when 'text' then " + scalar_ + " else " + type_ + " end = " + bound + ")";
  }
  auto const number = number_in(wanted);
  if (!number) return "(" + text_ + " = " + bound + ")";
  auto const as_number = bind_.number(json_of(*number));
  auto const text = bind_.postgres() ? "'string'" : "'text'";
  return "(case when " + type_ + " = " + text + " then " + scalar_ + " = " + bound + " else " + number_ + " = " + as_number + " end)";
}

// Plain texts and numbers as two lists, what needs care one by one.
std::string Operand::one_of(std::vector<json::value> const& values) const {
  bool const lists = kind_ == FieldKind::text || kind_ == FieldKind::json;
  bool const by_index = !indexed_.empty() && values.size() <= longest_index_list;
  db::TextArray texts;
  json::array numbers;
  std::vector<std::string> parts;
  for (auto const& value : values) {
    if (lists && value.is_number()) numbers.push_back(value);
    else if (lists && !by_index && value.is_string() && (kind_ == FieldKind::text || !is_ambiguous(text_of(value)))) texts.items.push_back(text_of(value));
    else parts.push_back(equals(value));
  }
  if (!texts.items.empty()) {
    auto const bound = bind_(std::move(texts));
    parts.push_back(scalar_ + (bind_.postgres() ? " = any(cast(" + bound + " as text[]))" : " in (select value from json_each(" + bound + "))"));
  }
  if (!numbers.empty()) {
    if (bind_.postgres()) {
      db::TextArray items;
      for (auto const& number : numbers) items.items.push_back(json::serialize(number));
      parts.push_back(number_ + " = any(cast(" + bind_(std::move(items)) + " as numeric[]))");
    } else {
      parts.push_back(number_ + " in (select value from json_each(" + bind_(json::serialize(numbers)) + "))");
    }
  }
  std::string any = "(";
  for (auto const& part : parts) any += (any.size() > 1 ? " or " : "") + part;
  return any + ")";
}

std::string Operand::ordered(char const* sign, json::value const& value) const {
  if (kind_ == FieldKind::instant) return moment(sign, *instant_in(text_of(value)));
  auto const is = std::string(" ") + sign + " ";
  if (value.is_number()) return "(" + number_ + is + bind_.number(value) + ")";
  auto const wanted = text_of(value);
  auto const as_text = text_ + (bind_.postgres() ? " collate \"C\"" : "") + is + bind_.text(wanted);
  auto const number = number_in(wanted);
  if (!number) return "(" + as_text + ")";
  auto const as_number = bind_.number(json_of(*number));
  return "(case when " + number_ + " is not null then " + number_ + is + as_number + " else " + as_text + " end)";
}

std::string Operand::moment(char const* sign, Instant instant) const {
  bool const counted = kind_ == FieldKind::json && !bind_.postgres();
  auto const bound = counted ? bind_(instant.time_since_epoch().count()) : bind_.instant(instant);
  return "(" + moment_ + " " + sign + " " + bound + ")";
}

std::string Operand::within(Condition const& c, Instant now) const {
  auto const since = now - parse_duration(text_of(c.values[0])).value();
  return "(" + moment(">=", since) + " and " + moment("<=", now) + ")";
}

// A text contains a text, whatever the case of its letters; a list contains an element.
std::string Operand::contains(json::value const& value) const {
  auto const element = [&] {
    if (bind_.postgres()) return value_ + " @> cast(" + bind_(list_of(value)) + " as jsonb)";
    auto const in = "exists (select 1 from json_each(" + value_ + ") j where j.type ";
    if (value.is_number()) return in + "in ('integer', 'real') and j.value = " + bind_.number(value) + ")";
    return in + "= 'text' and j.value = " + bind_(text_of(value)) + ")";
  };
  if (value.is_number()) return "(case when " + type_ + " = 'array' then " + element() + " end)";
  auto const searched = bind_.text(fold(text_of(value)));
  auto const found = [&](std::string const& in) { return (bind_.postgres() ? "strpos(fold(" : "instr(fold(") + in + "), " + searched + ") > 0"; };
  if (kind_ == FieldKind::text) return "(" + found(scalar_) + ")";
  return "(case " + type_ + " when " + (bind_.postgres() ? "'string'" : "'text'") + " then " + found(scalar_) + " when 'array' then " + element() + " end)";
}

std::string Operand::begins(json::value const& value) const {
  auto const searched = bind_.text(fold(text_of(value)));
  if (bind_.postgres()) return "(starts_with(fold(" + text_ + "), " + searched + "))";
  return "(substr(fold(" + text_ + "), 1, length(" + searched + ")) = " + searched + ")";
}

std::string Operand::ends(json::value const& value) const {
  auto const searched = bind_.text(fold(text_of(value)));
  return (bind_.postgres() ? "(right(fold(" : "(substr(fold(") + text_ + "), " + (bind_.postgres() ? "" : "-") + "length(" + searched + ")) = " + searched + ")";
}

}  // namespace postrider::segments
