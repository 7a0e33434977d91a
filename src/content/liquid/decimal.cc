#include "content/liquid/decimal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace postrider::content {

namespace {

using Wide = WideInteger;

bool scale_up(Wide& number, int by) {
  for (; by > 0; --by) {
    if (__builtin_mul_overflow(number, Wide{10}, &number)) return false;
  }
  return true;
}

Wide floor_div(Wide a, Wide b) {
  auto q = a / b;
  return (a % b != 0 && ((a < 0) != (b < 0))) ? q - 1 : q;
}

std::string digits_of(Wide number) {
  if (number == 0) return "0";
  std::string reversed;
  bool negative = number < 0;
  while (number != 0) {
    auto digit = static_cast<int>(number % 10);
    reversed += static_cast<char>('0' + (digit < 0 ? -digit : digit));
    number /= 10;
  }
  if (negative) reversed += '-';
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  auto begin = text.find_first_not_of(" \t\r\n\v\f");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n\v\f") - begin + 1);
}

}  // namespace

std::optional<Decimal> Decimal::read(std::string_view text, bool real) {
  bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  Wide mantissa = 0;
  int scale = 0;
  bool after_point = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '.') {
      after_point = true;
      continue;
    }
    if (!is_digit(text[i])) break;
    if (__builtin_mul_overflow(mantissa, Wide{10}, &mantissa) || __builtin_add_overflow(mantissa, Wide{text[i] - '0'}, &mantissa))
      return std::nullopt;
    if (after_point) ++scale;
  }
  if (i < text.size() && text[i] == 'e') {
    int exponent = 0;
    auto rest = text.substr(i + 1);
    if (!rest.empty() && rest.front() == '+') rest.remove_prefix(1);
    std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
    scale -= exponent;
  }
  if (scale < 0) {
    if (scale < -38 || !scale_up(mantissa, -scale)) return std::nullopt;
    scale = 0;
  }
  if (scale > 60) return std::nullopt;
  return Decimal(negative ? -mantissa : mantissa, scale, real);
}

Decimal Decimal::of(Value const& value) {
  switch (value.kind) {
    case Kind::integer: return of(value.integer);
    case Kind::real: {
      if (!std::isfinite(value.real)) return Decimal(value.real);
      char text[32];
      auto end = std::to_chars(text, text + sizeof text, value.real, std::chars_format::scientific).ptr;
      auto exact = read({text, static_cast<std::size_t>(end - text)}, true);
      return exact ? *exact : Decimal(value.real);
    }
    case Kind::string: {
      auto text = trimmed(value.str());
      auto digits = text;
      if (!digits.empty() && digits.front() == '-') digits.remove_prefix(1);
      auto point = digits.find('.');
      auto all_digits = [](std::string_view part) { return !part.empty() && std::all_of(part.begin(), part.end(), is_digit); };
      bool real = point != std::string_view::npos && all_digits(digits.substr(0, point)) && all_digits(digits.substr(point + 1));
      if (!real) {
        if (!text.empty() && text.front() == '+') text.remove_prefix(1);
        std::size_t end = !text.empty() && text.front() == '-' ? 1 : 0;
        while (end < text.size() && is_digit(text[end])) ++end;
        text = text.substr(0, end);
      }
      if (auto exact = read(text, real)) return *exact;
      double number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      return Decimal(number);
    }
    default: return of(std::int64_t{0});
  }
}

double Decimal::as_double() const {
  if (wide_) return approximate_;
  auto text = digits_of(mantissa_);
  text += "e-";
  text += std::to_string(scale_);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool Decimal::align(Decimal const& other, Wide& mine, Wide& theirs, int& scale) const {
  if (wide_ || other.wide_) return false;
  scale = std::max(scale_, other.scale_);
  mine = mantissa_;
  theirs = other.mantissa_;
  return scale_up(mine, scale - scale_) && scale_up(theirs, scale - other.scale_);
}

bool Decimal::less_than(Decimal const& other) const {
  Wide a = 0, b = 0;
  int scale = 0;
  return align(other, a, b, scale) ? a < b : as_double() < other.as_double();
}

std::int64_t Decimal::clamped() const {
  constexpr auto low = std::numeric_limits<std::int64_t>::min();
  constexpr auto high = std::numeric_limits<std::int64_t>::max();
  if (wide_) {
    if (std::isnan(approximate_)) return 0;
    return approximate_ <= static_cast<double>(low)    ? low
           : approximate_ >= static_cast<double>(high) ? high
                                                       : static_cast<std::int64_t>(approximate_);
  }
  auto whole = mantissa_;
  for (int i = 0; i < scale_ && whole != 0; ++i) whole /= 10;
  return whole < low ? low : whole > high ? high : static_cast<std::int64_t>(whole);
}

Decimal Decimal::plus(Decimal const& other) const {
  Wide a = 0, b = 0, sum = 0;
  int scale = 0;
  if (!align(other, a, b, scale) || __builtin_add_overflow(a, b, &sum)) return Decimal(as_double() + other.as_double());
  return Decimal(sum, scale, real_ || other.real_);
}

Decimal Decimal::minus(Decimal const& other) const {
  auto negative = other;
  negative.mantissa_ = -negative.mantissa_;
  negative.approximate_ = -negative.approximate_;
  return plus(negative);
}

Decimal Decimal::times(Decimal const& other) const {
  Wide product = 0;
  if (wide_ || other.wide_ || scale_ + other.scale_ > 60 || __builtin_mul_overflow(mantissa_, other.mantissa_, &product)) {
    return Decimal(as_double() * other.as_double());
  }
  return Decimal(product, scale_ + other.scale_, real_ || other.real_);
}

Decimal Decimal::divided_by(Decimal const& other) const {
  Wide a = 0, b = 0;
  int scale = 0;
  if (!align(other, a, b, scale)) return Decimal(as_double() / other.as_double());
  if (!real_ && !other.real_) return Decimal(floor_div(a, b), 0, false);
  // Long division until more digits than a double can tell apart.
  bool negative = (a < 0) != (b < 0);
  if (a < 0) a = -a;
  if (b < 0) b = -b;
  auto quotient = a / b;
  auto rest = a % b;
  int digits = 0;
  while (rest != 0 && digits < 60 && quotient < Wide{1'000'000'000'000'000'000} * 1'000'000'000) {
    if (__builtin_mul_overflow(rest, Wide{10}, &rest)) return Decimal(as_double() / other.as_double());
    quotient = quotient * 10 + rest / b;
    rest %= b;
    ++digits;
  }
  return Decimal(negative ? -quotient : quotient, digits, true);
}

Decimal Decimal::modulo(Decimal const& other) const {
  Wide a = 0, b = 0;
  int scale = 0;
  if (!align(other, a, b, scale)) {
    auto x = as_double(), y = other.as_double();
    return Decimal(x - y * std::floor(x / y));
  }
  return Decimal(a - floor_div(a, b) * b, scale, real_ || other.real_);
}

Decimal Decimal::abs() const {
  auto positive = *this;
  if (positive.mantissa_ < 0) positive.mantissa_ = -positive.mantissa_;
  positive.approximate_ = std::fabs(approximate_);
  return positive;
}

Decimal Decimal::floor() const {
  if (wide_) return Decimal(std::floor(approximate_));
  Wide power = 1;
  if (!scale_up(power, scale_)) return Decimal(mantissa_ < 0 ? -1 : 0, 0, false);
  return Decimal(floor_div(mantissa_, power), 0, false);
}

Decimal Decimal::ceil() const {
  if (wide_) return Decimal(std::ceil(approximate_));
  auto negative = *this;
  negative.mantissa_ = -negative.mantissa_;
  auto down = negative.floor();
  return Decimal(-down.mantissa_, 0, false);
}

Decimal Decimal::round(std::int64_t digits) const {
  if (wide_) return *this;
  if (!real_ && digits >= 0) return *this;
  if (digits >= scale_) return Decimal(mantissa_, scale_, digits > 0);
  if (digits < -38) return Decimal(0, 0, false);
  Wide power = 1;
  if (!scale_up(power, scale_ - static_cast<int>(digits))) return Decimal(0, std::max(0, static_cast<int>(digits)), digits > 0);
  auto magnitude = mantissa_ < 0 ? -mantissa_ : mantissa_;
  auto kept = magnitude / power;
  if (magnitude % power >= power / 2) ++kept;
  if (mantissa_ < 0) kept = -kept;
  if (digits > 0) return Decimal(kept, static_cast<int>(digits), true);
  scale_up(kept, static_cast<int>(-digits));
  return Decimal(kept, 0, false);
}

Value Decimal::value(Arena& arena) const {
  if (wide_ && real_) return Value::of(approximate_);
  if (real_) return Value::of(as_double());
  if (mantissa_ >= std::numeric_limits<std::int64_t>::min() && mantissa_ <= std::numeric_limits<std::int64_t>::max()) {
    return Value::of(static_cast<std::int64_t>(mantissa_));
  }
  return Value::of(arena.copy(digits_of(mantissa_)));
}

std::string Decimal::fixed(int digits) const {
  if (wide_) {
    std::string text;
    append_real(text, approximate_);
    return text;
  }
  auto rounded = real_ ? round(digits) : *this;
  auto mantissa = rounded.mantissa_;
  if (!scale_up(mantissa, digits - rounded.scale_)) return digits_of(rounded.mantissa_);
  bool negative = mantissa < 0;
  auto text = digits_of(negative ? -mantissa : mantissa);
  auto places = static_cast<std::size_t>(digits);
  if (text.size() <= places) text.insert(0, places + 1 - text.size(), '0');
  if (places) text.insert(text.size() - places, ".");
  return negative ? "-" + text : text;
}

}  // namespace postrider::content
