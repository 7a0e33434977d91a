#include "content/liquid/moment.h"

#include <algorithm>
#include <cstdlib>

namespace postrider::content {

namespace {

constexpr std::string_view kWeekdays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};

struct Directive {
  bool upper = false;
  bool swap = false;
  char pad = 0;  // '-', '_', '0' or the letter's own
  int colons = 0;
  std::size_t width = 0;
};

class Formatter {
 public:
  explicit Formatter(Moment const& moment) : moment_(moment), date_(civil_from_days(moment.local_days())) {
    auto in_day = moment.local_seconds() - moment.local_days() * 86400;
    hour_ = static_cast<int>(in_day / 3600);
    minute_ = static_cast<int>(in_day / 60 % 60);
    second_ = static_cast<int>(in_day % 60);
    weekday_ = static_cast<int>(((moment.local_days() + 4) % 7 + 7) % 7);
    day_of_year_ = static_cast<int>(moment.local_days() - days_from_civil(date_.year, 1, 1));
  }

  std::optional<std::string> format(std::string_view pattern) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != '%') {
        out_ += pattern[i];
        continue;
      }
      auto begin = i++;
      Directive how;
      for (; i < pattern.size(); ++i) {
        char c = pattern[i];
        if (c == '^') {
          how.upper = true;
        } else if (c == '#') {
          how.swap = true;
        } else if (c == '-' || c == '_' || (c == '0' && how.width == 0)) {
          how.pad = c;
        } else if (c == ':') {
          ++how.colons;
        } else if (c >= '0' && c <= '9') {
          how.width = how.width * 10 + static_cast<std::size_t>(c - '0');
          if (how.width > 1024) return std::nullopt;
        } else {
          break;
        }
      }
      if (i >= pattern.size() || !letter(pattern[i], how)) out_ += pattern.substr(begin, i - begin + 1);
      if (out_.size() > 64 * 1024) return std::nullopt;
    }
    return std::move(out_);
  }

 private:
  bool letter(char c, Directive const& how) {
    auto hour12 = hour_ % 12 == 0 ? 12 : hour_ % 12;
    switch (c) {
      case 'Y': return number(date_.year, date_.year < 0 ? 5 : 4, '0', how);
      case 'C': return number(date_.year / 100, 2, '0', how);
      case 'y': return number(((date_.year % 100) + 100) % 100, 2, '0', how);
      case 'm': return number(date_.month, 2, '0', how);
      case 'd': return number(date_.day, 2, '0', how);
      case 'e': return number(date_.day, 2, ' ', how);
      case 'j': return number(day_of_year_ + 1, 3, '0', how);
      case 'H': return number(hour_, 2, '0', how);
      case 'k': return number(hour_, 2, ' ', how);
      case 'I': return number(hour12, 2, '0', how);
      case 'l': return number(hour12, 2, ' ', how);
      case 'M': return number(minute_, 2, '0', how);
      case 'S': return number(second_, 2, '0', how);
      case 's': return number(moment_.seconds, 1, '0', how);
      case 'u': return number(weekday_ == 0 ? 7 : weekday_, 1, '0', how);
      case 'w': return number(weekday_, 1, '0', how);
      case 'U': return number((day_of_year_ + 7 - weekday_) / 7, 2, '0', how);
      case 'W': return number((day_of_year_ + 7 - (weekday_ + 6) % 7) / 7, 2, '0', how);
      case 'V': return number(iso_week().second, 2, '0', how);
      case 'G': return number(iso_week().first, 4, '0', how);
      case 'g': return number(iso_week().first % 100, 2, '0', how);
      case 'L': return fraction(how.width ? how.width : 3);
      case 'N': return fraction(how.width ? how.width : 9);
      case 'A': return word(kWeekdays[weekday_], how);
      case 'a': return word(kWeekdays[weekday_].substr(0, 3), how);
      case 'B': return word(kMonths[date_.month - 1], how);
      case 'b':
      case 'h': return word(kMonths[date_.month - 1].substr(0, 3), how);
      case 'p': return word(hour_ < 12 ? (how.swap ? "am" : "AM") : (how.swap ? "pm" : "PM"), how, false);
      case 'P': return word(hour_ < 12 ? "am" : "pm", how);
      case 'Z': return word(moment_.zone, how);
      case 'z': return offset(how);
      case 'n': return word("\n", how);
      case 't': return word("\t", how);
      case '%': return word("%", how);
      case 'c': return composed("%a %b %e %H:%M:%S %Y", how);
      case 'D':
      case 'x': return composed("%m/%d/%y", how);
      case 'F': return composed("%Y-%m-%d", how);
      case 'T':
      case 'X': return composed("%H:%M:%S", how);
      case 'R': return composed("%H:%M", how);
      case 'r': return composed("%I:%M:%S %p", how);
      case 'v': return composed("%e-%^b-%Y", how);
      case '+': return composed("%a %b %e %H:%M:%S %Z %Y", how);
      default: return false;
    }
  }

  bool number(std::int64_t value, std::size_t width, char pad, Directive const& how) {
    auto digits = std::to_string(std::llabs(value));
    if (how.pad == '_') pad = ' ';
    if (how.pad == '0') pad = '0';
    if (how.width) width = how.width;
    if (how.pad == '-') width = 0;
    bool negative = value < 0;
    auto length = digits.size() + negative;
    auto fill = std::string(width > length ? width - length : 0, pad);
    out_ += pad == '0' ? (negative ? "-" : "") + fill + digits : fill + (negative ? "-" : "") + digits;
    return true;
  }

  bool word(std::string_view text, Directive const& how, bool swap_raises = true) {
    auto fill = how.width > text.size() && how.pad != '-' ? how.width - text.size() : 0;
    out_.append(fill, how.pad == '0' ? '0' : ' ');
    for (char c : text) out_ += (how.upper || (how.swap && swap_raises)) && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return true;
  }

  bool composed(std::string_view pattern, Directive const& how) {
    auto text = Formatter(moment_).format(pattern);
    return word(*text, how);
  }

  bool fraction(std::size_t digits) {
    auto text = std::to_string(1'000'000'000 + static_cast<std::int64_t>(moment_.nanoseconds)).substr(1);
    text.resize(digits, '0');
    out_ += text;
    return true;
  }

  bool offset(Directive const& how) {
    auto seconds = std::abs(moment_.offset);
    auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    auto text = std::string(moment_.offset < 0 ? "-" : "+") + two(seconds / 3600);
    text += how.colons > 0 ? ":" : "";
    text += two(seconds / 60 % 60);
    if (how.colons > 1) text += ":" + two(seconds % 60);
    out_ += text;
    return true;
  }

  // Year and number of the ISO week: the one that holds the week's Thursday.
  std::pair<std::int64_t, int> iso_week() const {
    auto thursday = moment_.local_days() - (weekday_ + 6) % 7 + 3;
    auto year = civil_from_days(thursday).year;
    return {year, static_cast<int>((thursday - days_from_civil(year, 1, 1)) / 7) + 1};
  }

  Moment const& moment_;
  Civil date_;
  int hour_ = 0, minute_ = 0, second_ = 0, weekday_ = 0, day_of_year_ = 0;
  std::string out_;
};

}  // namespace

std::optional<std::string> format_moment(Moment const& moment, std::string_view format) { return Formatter(moment).format(format); }

}  // namespace postrider::content
