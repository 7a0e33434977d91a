// How stored texts are read where people compare them: letters without case, numbers and instants written as text. One reading for the
// whole program: SQLite calls these very functions, PostgreSQL has the same in its schema (fold, number_in, instant_in), and a test
// holds the three together.
#pragma once

#include "postrider/base/clock.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace postrider {

// Lower case letter by letter, in any script (no context: Σ is σ everywhere, İ is i). Bytes that are no UTF-8 stay as they are.
std::string fold(std::string_view text);

// A whole number when it fits, else floating point. The two compare by value, exactly.
using Number = std::variant<std::int64_t, double>;
std::partial_ordering compare(Number const& left, Number const& right);

// "42", "-7", "3.50": at most sixteen characters, so that no digit is lost. No sign +, no exponent, no spaces, no grouping.
std::optional<Number> number_in(std::string_view text);

// RFC 3339 with seconds and any offset, or a plain date, which is its midnight in UTC; years 1000 to 9999. Digits beyond microseconds
// are cut off.
std::optional<Instant> instant_in(std::string_view text);

}  // namespace postrider
