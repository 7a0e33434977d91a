#include "postrider/base/clock.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace postrider {

using namespace std::chrono;

namespace {

// Reads exactly `width` digits at `at` and moves on.
bool digits(std::string_view text, std::size_t& at, int width, int& value) {
  if (at + static_cast<std::size_t>(width) > text.size()) return false;
  value = 0;
  for (int i = 0; i < width; ++i, ++at) {
    if (text[at] < '0' || text[at] > '9') return false;
    value = value * 10 + (text[at] - '0');
  }
  return true;
}

bool expect(std::string_view text, std::size_t& at, std::string_view one_of) {
  if (at >= text.size() || one_of.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

struct Unit {
  std::string_view suffix;
  Duration length;
};
constexpr std::array units{Unit{"ms", milliseconds(1)}, Unit{"s", seconds(1)}, Unit{"m", minutes(1)},
                           Unit{"h", hours(1)},         Unit{"d", hours(24)},  Unit{"w", hours(24 * 7)}};

}  // namespace

Instant SystemClock::now() const { return time_point_cast<microseconds>(system_clock::now()); }

steady_clock::time_point SystemClock::steady() const { return steady_clock::now(); }

std::string to_text(Instant instant) {
  auto const day = floor<days>(instant);
  year_month_day const date(day);
  hh_mm_ss const time(instant - day);
  char buffer[40];
  auto const length = std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
                                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                    static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                                    static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return std::string(buffer, static_cast<std::size_t>(length));
}

std::string to_rfc3339(Instant instant) {
  auto text = to_text(instant);
  auto const micros = instant.time_since_epoch().count() % 1'000'000;
  if (micros == 0) return text.erase(19, 7);
  if (micros % 1000 == 0) return text.erase(23, 3);
  return text;
}

std::optional<Instant> parse_instant(std::string_view text) {
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  std::size_t at = 0;
  if (!digits(text, at, 4, y) || !expect(text, at, "-") || !digits(text, at, 2, mo) || !expect(text, at, "-") ||
      !digits(text, at, 2, d) || !expect(text, at, "Tt ") || !digits(text, at, 2, h) || !expect(text, at, ":") ||
      !digits(text, at, 2, mi) || !expect(text, at, ":") || !digits(text, at, 2, s))
    return std::nullopt;
  std::int64_t micros = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    int count = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++count)
      if (count < 6) micros = micros * 10 + (text[at] - '0');
    if (count == 0 || count > 9) return std::nullopt;
    for (; count < 6; ++count) micros *= 10;
  }
  int offset_minutes = 0;
  if (at >= text.size()) return std::nullopt;
  char const sign = text[at];
  if (sign == 'Z' || sign == 'z') {
    ++at;
  } else if (sign == '+' || sign == '-') {
    ++at;
    int oh = 0, om = 0;
    if (!digits(text, at, 2, oh)) return std::nullopt;
    if (at < text.size()) {
      if (text[at] == ':') ++at;
      if (!digits(text, at, 2, om)) return std::nullopt;
    }
    if (oh > 23 || om > 59) return std::nullopt;
    offset_minutes = (sign == '-' ? -1 : 1) * (oh * 60 + om);
  } else {
    return std::nullopt;
  }
  if (at != text.size()) return std::nullopt;
  year_month_day const date(year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d)));
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  return Instant(sys_days(date).time_since_epoch() + hours(h) + minutes(mi) + seconds(s) + microseconds(micros) -
                 minutes(offset_minutes));
}

std::optional<Duration> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  auto const* const end = text.data() + text.size();
  auto const [stop, failure] = std::from_chars(text.data(), end, count);
  if (failure != std::errc() || count < 0 || stop == text.data()) return std::nullopt;
  std::string_view const suffix(stop, static_cast<std::size_t>(end - stop));
  for (auto const& unit : units) {
    if (unit.suffix != suffix) continue;
    constexpr Duration limit = hours(24) * 365 * 100;
    if (count > limit / unit.length) return std::nullopt;
    return unit.length * count;
  }
  return std::nullopt;
}

std::string to_text(Duration duration) {
  std::string_view suffix = "ms";
  Duration length = milliseconds(1);
  for (auto const& unit : units) {
    if (unit.suffix == "w" || duration.count() == 0 || duration % unit.length != Duration::zero()) continue;
    suffix = unit.suffix;
    length = unit.length;
  }
  return std::to_string(duration / length) + std::string(suffix);
}

}  // namespace postrider
