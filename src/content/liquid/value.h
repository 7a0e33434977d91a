// What Liquid computes with: sixteen bytes, trivially copyable, never owning. Strings and arrays live in the program, in the
// context's JSON, or in the arena of the render; all three outlive every Value of that render.
#pragma once

#include "content/liquid/arena.h"

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::content {

struct LoopState;
struct Value;

struct Range {
  std::int64_t low = 0;
  std::int64_t high = -1;
};

enum class Kind : std::uint8_t {
  unset,  // a local that was never assigned; never leaves the machine's tables
  nil,
  boolean,
  integer,
  real,
  string,
  array,        // of Value, in the arena
  json_array,   // view into the context
  json_object,  // view into the context
  range,
  loop,   // forloop, tablerowloop
  empty,  // the literals `empty` and `blank`: they match, print as nothing, and are no data
  blank,
};

struct Value {
  static constexpr std::uint8_t safe_html = 1;  // auto-escape leaves it alone
  static constexpr std::uint8_t undefined = 2;  // a nil that stands for an unknown variable

  Kind kind = Kind::nil;
  std::uint8_t flags = 0;
  std::uint32_t size = 0;  // of string and array
  union {
    std::int64_t integer = 0;
    bool boolean;
    double real;
    char const* text;
    Value const* items;
    boost::json::array const* json_array;
    boost::json::object const* json_object;
    Range const* range;
    LoopState const* loop;
  };

  static Value of(std::int64_t number) {
    Value v;
    v.kind = Kind::integer;
    v.integer = number;
    return v;
  }
  static Value of(bool truth) {
    Value v;
    v.kind = Kind::boolean;
    v.integer = 0;
    v.boolean = truth;
    return v;
  }
  static Value of(double number) {
    Value v;
    v.kind = Kind::real;
    v.real = number;
    return v;
  }
  static Value of(std::string_view characters) {
    Value v;
    v.kind = Kind::string;
    v.size = static_cast<std::uint32_t>(characters.size());
    v.text = characters.data();
    return v;
  }
  static Value of(char const* characters) { return of(std::string_view(characters)); }
  static Value of(Value const* elements, std::size_t count) {
    Value v;
    v.kind = Kind::array;
    v.size = static_cast<std::uint32_t>(count);
    v.items = elements;
    return v;
  }
  static Value of(boost::json::value const& json);
  static Value of_kind(Kind kind) {
    Value v;
    v.kind = kind;
    return v;
  }
  static Value missing() {
    Value v;
    v.flags = undefined;
    return v;
  }
  Value safe() const {
    Value v = *this;
    v.flags |= safe_html;
    return v;
  }

  std::string_view str() const { return {text, size}; }
  bool is(Kind k) const { return kind == k; }
  bool is_nil() const { return kind == Kind::nil || kind == Kind::unset; }
  bool is_array() const { return kind == Kind::array || kind == Kind::json_array; }
  bool is_number() const { return kind == Kind::integer || kind == Kind::real; }
  bool truthy() const { return !is_nil() && !(kind == Kind::boolean && !boolean); }
};
static_assert(sizeof(Value) == 16);

// Number of elements of an array; 0 for anything else.
std::size_t length(Value const& array);
Value element(Value const& array, std::size_t index);
// The value of a key, or unset when the object has none (or is none).
Value member(Value const& object, std::string_view key);
// [key, value] of an object's n-th member, as the loops see it. Unset if the arena is exhausted.
Value pair_of(Arena& arena, boost::json::key_value_pair const& entry);

bool is_empty(Value const& value);  // "", [], {}
bool is_blank(Value const& value);  // the same, nil, false and white space
bool equal(Value const& left, Value const& right);

// How `{{ }}` prints it: nil as nothing, arrays run together.
void append_text(std::string& out, Value const& value);
// How Ruby's inspect shows it (objects print like that).
void append_inspected(std::string& out, Value const& value);
void append_json(std::string& out, Value const& value);
void append_integer(std::string& out, std::int64_t number);
void append_real(std::string& out, double number);

}  // namespace postrider::content
