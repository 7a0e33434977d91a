#include "content/liquid/moment.h"

#include "content/liquid/characters.h"

#include <date/tz.h>

#include <algorithm>
#include <array>

namespace postrider::content {

namespace {

date::time_zone const* find_zone(std::string_view name) {
  auto const& zones = date::get_tzdb().zones;
  auto found =
      std::lower_bound(zones.begin(), zones.end(), name, [](date::time_zone const& zone, std::string_view n) { return zone.name() < n; });
  return found != zones.end() && found->name() == name ? &*found : nullptr;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};

struct NamedZone {
  std::string_view name;
  int hours;
};
constexpr NamedZone kZones[] = {{"utc", 0},  {"gmt", 0},  {"z", 0},    {"est", -5}, {"edt", -4}, {"cst", -6},
                                {"cdt", -5}, {"mst", -7}, {"mdt", -6}, {"pst", -8}, {"pdt", -7}, {"cet", 1},
                                {"cest", 2}, {"bst", 1},  {"eet", 2},  {"eest", 3}, {"jst", 9}};

struct Fields {
  std::optional<std::int64_t> year;
  std::optional<int> month, day, hour, minute, second;
  std::int32_t nanoseconds = 0;
  std::optional<std::int32_t> offset;
  std::string zone;
};

// Reads over a text in lower case; takes what it understands and leaves the rest.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<Fields> read() {
    while (at_ < text_.size()) {
      if (is_digit(text_[at_])) {
        if (!number()) return std::nullopt;
      } else if (is_letter(text_[at_])) {
        word();
      } else {
        ++at_;
      }
    }
    if (!fields_.year && !fields_.month && !fields_.day && !fields_.hour) return std::nullopt;
    return fields_;
  }

 private:
  struct Digits {
    std::int64_t value = 0;
    std::size_t count = 0;
  };

  Digits digits() {
    Digits read;
    while (at_ < text_.size() && is_digit(text_[at_]) && read.count < 15) {
      read.value = read.value * 10 + (text_[at_++] - '0');
      ++read.count;
    }
    return read;
  }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void blanks() {
    while (peek() == ' ') ++at_;
  }

  bool number() {
    auto first = digits();
    if (first.count > 14 && is_digit(peek())) return false;
    char next = peek();
    if (next == ':' && is_digit(peek(1)) && first.count <= 2) return time_of_day(static_cast<int>(first.value));
    if ((next == '-' || next == '/' || next == '.') && is_digit(peek(1))) return numeric_date(first, next);
    if (next == '-' && is_letter(peek(1))) return day_or_year(first);
    blanks();
    if ((peek() == 'a' || peek() == 'p') && peek(1) == 'm' && !is_letter(peek(2)) && first.count <= 2) {
      fields_.hour = static_cast<int>(first.value);
      fields_.minute = 0;
      return half_of_day();
    }
    return day_or_year(first);
  }

  bool day_or_year(Digits const& number) {
    if (number.count == 8 && !fields_.year) {
      fields_.year = number.value / 10000;
      fields_.month = static_cast<int>(number.value / 100 % 100);
      fields_.day = static_cast<int>(number.value % 100);
      if (peek() == 't' && is_digit(peek(1))) {
        ++at_;
        auto time = digits();
        if (time.count == 6 || time.count == 4) {
          auto hhmmss = time.count == 4 ? time.value * 100 : time.value;
          fields_.hour = static_cast<int>(hhmmss / 10000);
          fields_.minute = static_cast<int>(hhmmss / 100 % 100);
          fields_.second = static_cast<int>(hhmmss % 100);
          offset();
        }
      }
      return true;
    }
    if (number.count >= 3) {
      if (number.count > 4) return false;
      fields_.year = number.value;
    } else if (!fields_.day) {
      fields_.day = static_cast<int>(number.value);
    } else if (!fields_.year) {
      fields_.year = two_digit_year(number.value);
    }
    if (is_letter(peek()) &&
        (text_.substr(at_, 2) == "st" || text_.substr(at_, 2) == "nd" || text_.substr(at_, 2) == "rd" || text_.substr(at_, 2) == "th"))
      at_ += 2;
    return true;
  }

  static std::int64_t two_digit_year(std::int64_t year) { return year >= 69 ? 1900 + year : 2000 + year; }

  // 2026-03-05, 2026/3/5, 5/3/2026 and 5.3.2026 (the day first), 3/5 (the month first)
  bool numeric_date(Digits const& first, char separator) {
    ++at_;
    auto second = digits();
    std::optional<Digits> third;
    if (peek() == separator && is_digit(peek(1))) {
      ++at_;
      third = digits();
    }
    if (first.count >= 3) {
      fields_.year = first.value;
      fields_.month = static_cast<int>(second.value);
      if (third) fields_.day = static_cast<int>(third->value);
    } else if (third) {
      bool year_last = third->count >= 3 || separator != '-';
      fields_.day = static_cast<int>(year_last ? first.value : third->value);
      fields_.month = static_cast<int>(second.value);
      auto year = year_last ? *third : first;
      fields_.year = year.count >= 3 ? year.value : two_digit_year(year.value);
    } else if (separator == '/') {
      fields_.month = static_cast<int>(first.value);
      fields_.day = static_cast<int>(second.value);
    } else {
      return false;
    }
    if (peek() == 't' && is_digit(peek(1))) ++at_;
    return true;
  }

  bool time_of_day(int hour) {
    fields_.hour = hour;
    ++at_;
    fields_.minute = static_cast<int>(digits().value);
    if (peek() == ':' && is_digit(peek(1))) {
      ++at_;
      fields_.second = static_cast<int>(digits().value);
      if ((peek() == '.' || peek() == ',') && is_digit(peek(1))) {
        ++at_;
        std::int32_t scale = 100'000'000;
        while (is_digit(peek())) {
          fields_.nanoseconds += scale * (text_[at_++] - '0');
          scale /= 10;
        }
      }
    }
    blanks();
    if ((peek() == 'a' || peek() == 'p') && peek(1) == 'm') {
      if (!half_of_day()) return false;
      blanks();
    }
    offset();
    return true;
  }

  bool half_of_day() {
    bool afternoon = peek() == 'p';
    at_ += 2;
    if (*fields_.hour < 1 || *fields_.hour > 12) return false;
    fields_.hour = *fields_.hour % 12 + (afternoon ? 12 : 0);
    return true;
  }

  void offset() {
    if ((peek() == '+' || peek() == '-') && is_digit(peek(1))) {
      int sign = peek() == '-' ? -1 : 1;
      ++at_;
      auto hours = digits();
      int minutes = 0;
      if (hours.count == 4) {
        minutes = static_cast<int>(hours.value % 100);
        hours.value /= 100;
      } else if (peek() == ':' && is_digit(peek(1))) {
        ++at_;
        minutes = static_cast<int>(digits().value);
      }
      fields_.offset = static_cast<std::int32_t>(sign * (hours.value * 3600 + minutes * 60));
    }
  }

  void word() {
    auto begin = at_;
    while (is_letter(peek())) ++at_;
    auto word = text_.substr(begin, at_ - begin);
    for (std::size_t i = 0; i < kMonths.size() && word.size() >= 3; ++i) {
      if (word.starts_with(kMonths[i]) && !fields_.month) {
        static constexpr std::string_view kFull[] = {"january", "february", "march",     "april",   "may",      "june",
                                                     "july",    "august",   "september", "october", "november", "december"};
        if (word.size() == 3 || kFull[i].starts_with(word)) fields_.month = static_cast<int>(i) + 1;
      }
    }
    for (auto const& zone : kZones) {
      if (word != zone.name || !fields_.hour) continue;
      fields_.offset = zone.hours * 3600;
      if (zone.hours == 0) fields_.zone = "UTC";
      offset();
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Fields fields_;
};

int days_in_month(std::int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0); }

}  // namespace

Civil civil_from_days(std::int64_t days) {
  days += 719468;
  auto era = floor_div(days, 146097);
  auto day_of_era = days - era * 146097;
  auto year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  auto shifted = (5 * day_of_year + 2) / 153;
  int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2), month, static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1)};
}

std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2;
  auto era = floor_div(year, 400);
  auto year_of_era = year - era * 400;
  auto day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

std::int64_t Moment::local_days() const { return floor_div(local_seconds(), 86400); }

bool is_time_zone(std::string_view zone) { return zone == "UTC" || find_zone(zone) != nullptr; }

Moment in_zone(Moment moment, std::string_view name) {
  // The usual case needs no zone database, and works where none is installed.
  if (name == "UTC") {
    moment.offset = 0;
    moment.zone = "UTC";
    return moment;
  }
  if (auto const* zone = find_zone(name)) {
    auto told = zone->get_info(date::sys_seconds(std::chrono::seconds(moment.seconds)));
    moment.offset = static_cast<std::int32_t>(told.offset.count());
    moment.zone = told.abbrev;
  }
  return moment;
}

Moment moment_of(Instant instant, std::string_view zone) {
  auto whole = std::chrono::floor<std::chrono::seconds>(instant);
  Moment moment{.seconds = whole.time_since_epoch().count(), .nanoseconds = static_cast<std::int32_t>((instant - whole).count() * 1000)};
  return in_zone(std::move(moment), zone);
}

std::optional<Moment> parse_moment(std::string_view text, Instant now, std::string_view zone) {
  if (text.empty() || text.size() > 128) return std::nullopt;
  auto lowered = lower(text);
  if (lowered == "now" || lowered == "today") return moment_of(now, zone);
  auto read = Reader(lowered).read();
  if (!read) return std::nullopt;
  auto today = civil_from_days(moment_of(now, zone).local_days());
  bool dated = read->year || read->month || read->day;
  auto year = read->year.value_or(today.year);
  auto month = read->month.value_or(dated && read->year ? 1 : today.month);
  auto day = read->day.value_or(dated ? 1 : today.day);
  auto hour = read->hour.value_or(0), minute = read->minute.value_or(0), second = read->second.value_or(0);
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return std::nullopt;
  if (hour > 24 || minute > 59 || second > 60 || (hour == 24 && (minute || second))) return std::nullopt;
  auto local = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  Moment moment{.nanoseconds = read->nanoseconds};
  if (read->offset) {
    moment.offset = *read->offset;
    moment.seconds = local - moment.offset;
    moment.zone = read->zone;
    return moment;
  }
  auto const* known = zone == "UTC" ? nullptr : find_zone(zone);
  moment.seconds = local;
  if (!known) return moment;
  auto told = known->get_info(date::local_seconds(std::chrono::seconds(local)));
  moment.offset = static_cast<std::int32_t>(told.first.offset.count());
  moment.seconds = local - moment.offset;
  moment.zone = told.first.abbrev;
  return moment;
}

}  // namespace postrider::content
