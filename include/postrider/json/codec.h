// JSON in and out of plain structs with BOOST_DESCRIBE_STRUCT beside them; the schema in the OpenAPI document comes from the
// same description. Decoding is strict (missing, unknown and mistyped members are errors) and names every mistake by pointer.
//
//   struct CreateSegment {
//     std::string name;                                       // required
//     std::optional<std::string> description;                 // absent or null: nothing
//     json::Defaulted<bool> is_dynamic = true;                // absent: the default (field.h has the others)
//     static constexpr json::Rule json_rules[] = {json::length("name", 1, 200)};
//     static constexpr std::string_view json_read_only[] = {"id", "member_count"};   // named in the body: "read_only"
//   };
//   BOOST_DESCRIBE_STRUCT(CreateSegment, (), (name, description, is_dynamic))
//   void validate(CreateSegment const&, json::Problems&);     // optional, beside the struct; runs when its members are right
//
//   auto wanted = json::read<CreateSegment>(request.body);   if (!wanted) co_return wanted.error();
//
// Members may be: bool, integers, double, std::string, vector, map<string, T>, optional, Field/Given/Defaulted, described structs and
// enums, Id<Tag>, Uuid, Instant, Duration, Secret (in only), boost::json::value/object/array (passed through). For a type of
// your own specialise Codec (codecs.h shows how).
#pragma once

#include "postrider/base/error.h"
#include "postrider/json/composites.h"
#include "postrider/json/field.h"
#include "postrider/json/problems.h"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace postrider::json {

struct Limits {
  std::size_t depth = 32;
  std::size_t values = 500'000;   // in the whole document: a small body cannot become a large tree
  std::size_t members = 10'000;   // in one object
};

// Strict RFC 8259: no comments, no trailing commas, no duplicate keys, no NUL, no lone surrogates, no BOM, valid UTF-8, numbers
// that fit. Fails with `invalid`, telling line and column.
Result<boost::json::value> parse(std::string_view text, Limits const& limits = {});

// Fails with `invalid`; `fields` holds all mistakes (at most 100).
template <class T>
Result<T> decode(boost::json::value const& value) {
  T out{};
  Problems problems;
  Codec<T>::read(value, Pointer(), problems, out);
  if (!problems.empty()) return problems.error();
  return out;
}

// parse and decode.
template <class T>
Result<T> read(std::string_view text) {
  auto value = parse(text);
  if (!value) return value.error();
  return decode<T>(*value);
}

template <class T>
boost::json::value encode(T const& value) {
  return Codec<T>::write(value);
}

// encode and serialise.
std::string text(boost::json::value const& value);
// One member a line, indented, with a line's end: for files that people and `git diff` read.
std::string lines(boost::json::value const& value);
template <class T>
std::string write(T const& value) {
  return text(encode(value));
}

}  // namespace postrider::json
