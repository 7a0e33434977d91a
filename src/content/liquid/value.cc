#include "content/liquid/value.h"

#include "content/liquid/loop_state.h"

#include <boost/json/serialize.hpp>

#include <charconv>
#include <cmath>

namespace postrider::content {

Value Value::of(boost::json::value const& json) {
  switch (json.kind()) {
    case boost::json::kind::null: return {};
    case boost::json::kind::bool_: return of(json.get_bool());
    case boost::json::kind::int64: return of(static_cast<std::int64_t>(json.get_int64()));
    case boost::json::kind::uint64: return of(static_cast<double>(json.get_uint64()));
    case boost::json::kind::double_: return of(json.get_double());
    case boost::json::kind::string: {
      auto const& string = json.get_string();
      return of(std::string_view(string.data(), string.size()));
    }
    case boost::json::kind::array: {
      Value v;
      v.kind = Kind::json_array;
      v.json_array = &json.get_array();
      return v;
    }
    case boost::json::kind::object: {
      Value v;
      v.kind = Kind::json_object;
      v.json_object = &json.get_object();
      return v;
    }
  }
  return {};
}

std::size_t length(Value const& array) {
  if (array.kind == Kind::array) return array.size;
  if (array.kind == Kind::json_array) return array.json_array->size();
  return 0;
}

Value element(Value const& array, std::size_t index) {
  return array.kind == Kind::array ? array.items[index] : Value::of((*array.json_array)[index]);
}

Value member(Value const& object, std::string_view key) {
  if (object.kind == Kind::json_object) {
    auto found = object.json_object->find({key.data(), key.size()});
    if (found != object.json_object->end()) return Value::of(found->value());
  }
  return Value::of_kind(Kind::unset);
}

Value pair_of(Arena& arena, boost::json::key_value_pair const& entry) {
  auto* items = arena.make<Value>(2);
  if (!items) return Value::of_kind(Kind::unset);
  auto key = entry.key();
  items[0] = Value::of(std::string_view(key.data(), key.size()));
  items[1] = Value::of(entry.value());
  return Value::of(items, 2);
}

bool is_empty(Value const& value) {
  switch (value.kind) {
    case Kind::string:
    case Kind::array: return value.size == 0;
    case Kind::json_array: return value.json_array->empty();
    case Kind::json_object: return value.json_object->empty();
    default: return false;
  }
}

bool is_blank(Value const& value) {
  if (value.is_nil() || (value.kind == Kind::boolean && !value.boolean)) return true;
  if (value.kind == Kind::string) return value.str().find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
  return is_empty(value);
}

namespace {

bool equal_objects(boost::json::object const& left, boost::json::object const& right) {
  if (left.size() != right.size()) return false;
  for (auto const& entry : left) {
    auto other = right.find(entry.key());
    if (other == right.end() || !equal(Value::of(entry.value()), Value::of(other->value()))) return false;
  }
  return true;
}

}  // namespace

bool equal(Value const& left, Value const& right) {
  if (left.kind == Kind::empty || left.kind == Kind::blank || right.kind == Kind::empty || right.kind == Kind::blank) {
    auto const& literal = left.kind == Kind::empty || left.kind == Kind::blank ? left : right;
    auto const& other = &literal == &left ? right : left;
    return literal.kind == Kind::empty ? is_empty(other) : is_blank(other);
  }
  if (left.is_nil() || right.is_nil()) return left.is_nil() && right.is_nil();
  if (left.is_number() && right.is_number()) {
    if (left.kind == Kind::integer && right.kind == Kind::integer) return left.integer == right.integer;
    auto as_real = [](Value const& v) { return v.kind == Kind::real ? v.real : static_cast<double>(v.integer); };
    return as_real(left) == as_real(right);
  }
  if (left.is_array() && right.is_array()) {
    auto count = length(left);
    if (count != length(right)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (!equal(element(left, i), element(right, i))) return false;
    }
    return true;
  }
  if (left.kind != right.kind) return false;
  switch (left.kind) {
    case Kind::boolean: return left.boolean == right.boolean;
    case Kind::string: return left.str() == right.str();
    case Kind::json_object: return left.json_object == right.json_object || equal_objects(*left.json_object, *right.json_object);
    case Kind::range: return left.range->low == right.range->low && left.range->high == right.range->high;
    case Kind::loop: return left.loop == right.loop;
    default: return false;
  }
}

void append_integer(std::string& out, std::int64_t number) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

// As Ruby's Float#to_s: shortest digits that read back the same, ".0" kept, an exponent beyond 1e16 and below 1e-4.
void append_real(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "NaN";
    return;
  }
  if (std::isinf(number)) {
    out += number < 0 ? "-Infinity" : "Infinity";
    return;
  }
  char raw[32];
  auto end = std::to_chars(raw, raw + sizeof raw, number, std::chars_format::scientific).ptr;
  std::string_view text(raw, static_cast<std::size_t>(end - raw));
  if (text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  auto e = text.find('e');
  int exponent = 0;
  auto sign = text[e + 1];
  std::from_chars(text.data() + e + 2, text.data() + text.size(), exponent);
  if (sign == '-') exponent = -exponent;
  char digits[24];
  std::size_t count = 0;
  for (char c : text.substr(0, e)) {
    if (c != '.') digits[count++] = c;
  }
  std::string_view all(digits, count);
  if (exponent < -4 || exponent >= 16) {
    out += all[0];
    out += '.';
    out += count > 1 ? all.substr(1) : std::string_view("0");
    out += exponent < 0 ? "e-" : "e+";
    auto magnitude = std::abs(exponent);
    if (magnitude < 10) out += '0';
    append_integer(out, magnitude);
  } else if (exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-exponent - 1), '0');
    out += all;
  } else {
    auto whole = static_cast<std::size_t>(exponent) + 1;
    out += all.substr(0, std::min(whole, count));
    if (whole > count) out.append(whole - count, '0');
    out += '.';
    out += whole < count ? all.substr(whole) : std::string_view("0");
  }
}

void append_text(std::string& out, Value const& value) {
  switch (value.kind) {
    case Kind::string: out.append(value.text, value.size); return;
    case Kind::integer: append_integer(out, value.integer); return;
    case Kind::real: append_real(out, value.real); return;
    case Kind::boolean: out += value.boolean ? "true" : "false"; return;
    case Kind::array:
    case Kind::json_array:
      for (std::size_t i = 0, n = length(value); i < n; ++i) append_text(out, element(value, i));
      return;
    case Kind::json_object: append_inspected(out, value); return;
    case Kind::range:
      append_integer(out, value.range->low);
      out += "..";
      append_integer(out, value.range->high);
      return;
    case Kind::loop: out += value.loop->is_table ? "TablerowloopDrop" : "ForloopDrop"; return;
    case Kind::unset:
    case Kind::nil:
    case Kind::empty:
    case Kind::blank: return;
  }
}

void append_inspected(std::string& out, Value const& value) {
  switch (value.kind) {
    case Kind::unset:
    case Kind::nil: out += "nil"; return;
    case Kind::string: {
      out += '"';
      for (char c : value.str()) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') {
          out += "\\n";
        } else {
          out += c;
        }
      }
      out += '"';
      return;
    }
    case Kind::array:
    case Kind::json_array:
      out += '[';
      for (std::size_t i = 0, n = length(value); i < n; ++i) {
        if (i) out += ", ";
        append_inspected(out, element(value, i));
      }
      out += ']';
      return;
    case Kind::json_object: {
      out += '{';
      bool first = true;
      for (auto const& entry : *value.json_object) {
        if (!first) out += ", ";
        first = false;
        append_inspected(out, Value::of(std::string_view(entry.key().data(), entry.key().size())));
        out += "=>";
        append_inspected(out, Value::of(entry.value()));
      }
      out += '}';
      return;
    }
    default: append_text(out, value); return;
  }
}

void append_json(std::string& out, Value const& value) {
  switch (value.kind) {
    case Kind::string: out += boost::json::serialize(boost::json::string_view(value.text, value.size)); return;
    case Kind::json_array: out += boost::json::serialize(*value.json_array); return;
    case Kind::json_object: out += boost::json::serialize(*value.json_object); return;
    case Kind::array:
      out += '[';
      for (std::size_t i = 0; i < value.size; ++i) {
        if (i) out += ',';
        append_json(out, value.items[i]);
      }
      out += ']';
      return;
    case Kind::range:
      out += '[';
      append_integer(out, value.range->low);
      out += ',';
      append_integer(out, value.range->high);
      out += ']';
      return;
    case Kind::boolean:
    case Kind::integer: append_text(out, value); return;
    case Kind::real:
      if (std::isfinite(value.real)) {
        append_real(out, value.real);
      } else {
        out += "null";
      }
      return;
    default: out += "null"; return;
  }
}

}  // namespace postrider::content
