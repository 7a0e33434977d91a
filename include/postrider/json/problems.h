// What is wrong with an input, all of it: decoding goes on after the first mistake, so that a caller sees every one at once.
// Codes in use: malformed_json, required, unknown_field, read_only, wrong_type, out_of_range, too_long, too_short,
// invalid_value, duplicate, too_many_errors. Rules at a struct are checked here and appear in its schema.
#pragma once

#include "postrider/base/error.h"

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::json {

// A place in a document, as a chain of steps on the stack; becomes text only when something is wrong there.
class Pointer {
 public:
  Pointer() = default;
  Pointer operator/(std::string_view key) const { return Pointer(this, key, 0, false); }
  Pointer operator/(std::size_t index) const { return Pointer(this, {}, index, true); }
  // RFC 6901: "" for the whole document, "/items/3/email".
  std::string str() const;

 private:
  Pointer(Pointer const* parent, std::string_view key, std::size_t index, bool is_index)
      : parent_(parent), key_(key), index_(index), is_index_(is_index) {}
  Pointer const* parent_ = nullptr;
  std::string_view key_;
  std::size_t index_ = 0;
  bool is_index_ = false;
};

class Problems {
 public:
  // For `void validate(T const&, json::Problems&)`, found beside T: `member` belongs to the struct being validated; "" is the struct.
  void add(std::string_view member, std::string_view code, std::string message);
  void add(Pointer const& at, std::string_view code, std::string message);
  bool empty() const { return found_.empty(); }
  std::size_t size() const { return found_.size(); }
  std::vector<FieldError> const& found() const { return found_; }
  // One Error with all of them. Only when not empty.
  Error error() const;

  // The struct that `add(member, …)` speaks of, while its validate runs.
  Pointer const* standing_at(Pointer const* here) { return std::exchange(here_, here); }

 private:
  std::vector<FieldError> found_;
  Pointer const* here_ = nullptr;
};

// A limit on one member, written at the struct: `static constexpr json::Rule json_rules[] = {json::length("name", 1, 200)};`.
struct Rule {
  std::string_view member;
  std::optional<std::uint64_t> min_length = {}, max_length = {};  // characters of a string
  std::optional<double> minimum = {}, maximum = {};               // of a number
  std::optional<std::uint64_t> min_items = {}, max_items = {};    // of a list or map
  std::string_view format = {};                                   // for the schema only
};
constexpr Rule length(std::string_view member, std::uint64_t min, std::uint64_t max) {
  return Rule{.member = member, .min_length = min, .max_length = max};
}
constexpr Rule range(std::string_view member, double min, double max) { return Rule{.member = member, .minimum = min, .maximum = max}; }
constexpr Rule items(std::string_view member, std::uint64_t min, std::uint64_t max) {
  return Rule{.member = member, .min_items = min, .max_items = max};
}
constexpr Rule format(std::string_view member, std::string_view format) { return Rule{.member = member, .format = format}; }
// Adds to `problems` what the member's value breaks. Null and values of other types are left to the decoder.
void check(Rule const& rule, boost::json::value const& value, Pointer const& at, Problems& problems);

}  // namespace postrider::json
