#include "postrider/base/local_time.h"

#include <date/tz.h>

#include <fmt/format.h>

namespace postrider {

namespace {

date::time_zone const* zone_named(std::string_view name) {
  if (name.empty() || name.size() > 64) return nullptr;
  // date's own look-up throws, and knows "localtime" and other files that are no zones.
  bool const plain = name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-") == std::string_view::npos;
  if (!plain || (name.find('/') == std::string_view::npos && name != "UTC" && name != "GMT")) return nullptr;
  try {
    return date::locate_zone(name);
  } catch (std::runtime_error const&) {
    return nullptr;
  }
}

date::time_zone const& must(std::string_view name) {
  auto const* const zone = zone_named(name);
  if (!zone) throw std::logic_error("there is no time zone " + std::string(name));
  return *zone;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  for (char const c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

bool is_time_zone(std::string_view zone) { return zone_named(zone) != nullptr; }

Instant resolve(LocalTime local, std::string_view zone) {
  auto const info = must(zone).get_info(date::local_seconds(local.time_since_epoch()));
  // `first` is the only offset, the one before a gap, or the earlier one of an overlap.
  return Instant(local.time_since_epoch() - info.first.offset);
}

LocalTime local_in(Instant instant, std::string_view zone) {
  auto const seconds = std::chrono::floor<std::chrono::seconds>(instant.time_since_epoch());
  auto const info = must(zone).get_info(date::sys_seconds(seconds));
  return LocalTime(seconds + info.offset);
}

std::optional<LocalTime> parse_local_time(std::string_view text) {
  if (text.size() != 16 && text.size() != 19) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') || text[13] != ':') return std::nullopt;
  if (text.size() == 19 && text[16] != ':') return std::nullopt;
  auto const year = number(text.substr(0, 4)), month = number(text.substr(5, 2)), day = number(text.substr(8, 2));
  auto const hour = number(text.substr(11, 2)), minute = number(text.substr(14, 2));
  auto const second = text.size() == 19 ? number(text.substr(17, 2)) : std::optional<int>(0);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  std::chrono::year_month_day const date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)), std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *year < 1970 || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return std::chrono::local_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

std::string to_text(LocalTime local) {
  auto const day = std::chrono::floor<std::chrono::days>(local);
  std::chrono::year_month_day const date(day);
  auto const seconds = static_cast<int>((local - day).count());
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                          seconds / 3600, seconds / 60 % 60);
  if (seconds % 60 != 0) text += fmt::format(":{:02}", seconds % 60);
  return text;
}

}  // namespace postrider
