#include "postrider/base/reading.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cwctype>
#include <locale.h>

namespace postrider {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

::locale_t letters() {
  static ::locale_t const locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

char32_t lower(char32_t c) {
  if (c < 0x80) return c >= U'A' && c <= U'Z' ? c + 32 : c;
  if (c == 0x130) return U'i';
  if (!letters()) return c;
  return static_cast<char32_t>(::towlower_l(static_cast<std::wint_t>(c), letters()));
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

// The code point at `at` and its length; length 0 when the bytes there are none.
std::pair<char32_t, std::size_t> code_point(std::string_view text, std::size_t at) {
  auto const first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {first, 1};
  std::size_t const length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first >= 0xf5 || at + length > text.size()) return {0, 0};
  char32_t c = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    auto const next = static_cast<unsigned char>(text[at + i]);
    if ((next & 0xc0) != 0x80) return {0, 0};
    c = c << 6 | (next & 0x3fU);
  }
  return {c, length};
}

std::partial_ordering compare_mixed(std::int64_t left, double right) {
  if (std::isnan(right)) return std::partial_ordering::unordered;
  if (right >= 9223372036854775808.0) return std::partial_ordering::less;
  if (right < -9223372036854775808.0) return std::partial_ordering::greater;
  auto const whole = static_cast<std::int64_t>(right);
  if (left != whole) return left <=> whole;
  return 0.0 <=> right - static_cast<double>(whole);
}

}  // namespace

std::string fold(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    auto const [c, length] = code_point(text, at);
    if (length == 0) {
      out += text[at++];
      continue;
    }
    append_utf8(out, lower(c));
    at += length;
  }
  return out;
}

std::partial_ordering compare(Number const& left, Number const& right) {
  auto const* const a = std::get_if<std::int64_t>(&left);
  auto const* const b = std::get_if<std::int64_t>(&right);
  if (a && b) return *a <=> *b;
  if (a) return compare_mixed(*a, std::get<double>(right));
  if (b) return 0 <=> compare_mixed(*b, std::get<double>(left));
  return std::get<double>(left) <=> std::get<double>(right);
}

std::optional<Number> number_in(std::string_view text) {
  if (text.empty() || text.size() > 16) return std::nullopt;
  auto digits = text;
  if (digits.front() == '-') digits.remove_prefix(1);
  auto const dot = digits.find('.');
  auto const before = digits.substr(0, dot);
  if (before.empty() || !std::ranges::all_of(before, is_digit)) return std::nullopt;
  auto const* const end = text.data() + text.size();
  if (dot == std::string_view::npos) {
    std::int64_t whole = 0;
    std::from_chars(text.data(), end, whole);
    return whole;
  }
  auto const after = digits.substr(dot + 1);
  if (after.empty() || !std::ranges::all_of(after, is_digit)) return std::nullopt;
  double real = 0;
  std::from_chars(text.data(), end, real);
  return real;
}

std::optional<Instant> instant_in(std::string_view text) {
  if (text.size() < 10 || text.size() > 35 || text[0] < '1' || text[0] > '9') return std::nullopt;
  if (text.size() == 10) return parse_instant(std::string(text) + "T00:00:00Z");
  if (text.size() < 20 || text.substr(17, 2) == "60") return std::nullopt;
  // An offset has its minutes.
  if (text.back() != 'Z' && text.back() != 'z') {
    auto const sign = text.find_last_of("+-");
    auto const offset = sign < 19 || sign == std::string_view::npos ? 0 : text.size() - sign;
    if (offset != 5 && (offset != 6 || text[sign + 3] != ':')) return std::nullopt;
  }
  return parse_instant(text);
}

}  // namespace postrider
