// Numbers as the math filters see them: exact decimals up to 38 digits (0.1 + 0.2 is 0.3), doubles beyond.
// Ruby's conversions: a string counts as the number it starts with, anything else that is no number as 0.
#pragma once

#include "content/liquid/value.h"

#include <optional>

namespace postrider::content {

// Both compilers have it, but not in the standard.
__extension__ typedef __int128 WideInteger;

class Decimal {
 public:
  static Decimal of(Value const& value);
  static Decimal of(std::int64_t number) { return Decimal(number, 0, false); }

  bool is_zero() const { return wide_ ? approximate_ == 0 : mantissa_ == 0; }
  bool is_real() const { return real_; }
  bool less_than(Decimal const& other) const;
  std::int64_t clamped() const;  // towards zero, kept within int64

  Decimal plus(Decimal const& other) const;
  Decimal minus(Decimal const& other) const;
  Decimal times(Decimal const& other) const;
  Decimal divided_by(Decimal const& other) const;  // integers divide downwards; `other` must not be zero
  Decimal modulo(Decimal const& other) const;      // has the divisor's sign; `other` must not be zero
  Decimal abs() const;
  Decimal floor() const;
  Decimal ceil() const;
  Decimal round(std::int64_t digits) const;  // half away from zero

  // Integers beyond int64 come out as a string of digits, which every math filter takes back.
  Value value(Arena& arena) const;
  // With exactly `digits` decimals: "1234.50".
  std::string fixed(int digits) const;

 private:
  using Wide = WideInteger;
  Decimal(Wide mantissa, int scale, bool real) : mantissa_(mantissa), scale_(scale), real_(real) {}
  explicit Decimal(double number) : wide_(true), real_(true), approximate_(number) {}
  static std::optional<Decimal> read(std::string_view digits, bool real);
  double as_double() const;
  bool align(Decimal const& other, Wide& mine, Wide& theirs, int& scale) const;

  Wide mantissa_ = 0;  // value = mantissa / 10^scale
  int scale_ = 0;
  bool wide_ = false;
  bool real_ = false;
  double approximate_ = 0;
};

}  // namespace postrider::content
