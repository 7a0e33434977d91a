#include "postrider/campaigns/recurrence.h"

#include <array>
#include <charconv>

namespace postrider::campaigns {

namespace {

using std::chrono::local_days;

constexpr std::array<std::string_view, 12> month_names{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> day_names{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};
constexpr int farthest_days = 366 * 9;  // beyond the next 29 February, also over a year 2100

struct Field {
  std::string_view name;
  int lowest, highest;
};
constexpr std::array<Field, 5> fields{Field{"minute", 0, 59}, Field{"hour", 0, 23}, Field{"day of month", 1, 31}, Field{"month", 1, 12}, Field{"day of week", 0, 7}};

std::optional<int> value_of(std::string_view text, Field const& field) {
  std::string upper;
  for (char const c : text) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (field.name == "month")
    for (std::size_t i = 0; i < month_names.size(); ++i)
      if (month_names[i] == upper) return static_cast<int>(i) + 1;
  if (field.name == "day of week")
    for (std::size_t i = 0; i < day_names.size(); ++i)
      if (day_names[i] == upper) return static_cast<int>(i);
  int value = 0;
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value < field.lowest || value > field.highest) return std::nullopt;
  return value;
}

// One bit a value. Nothing when malformed.
std::optional<std::uint64_t> bits(std::string_view text, Field const& field) {
  std::uint64_t set = 0;
  while (true) {
    auto const comma = text.find(',');
    auto part = text.substr(0, comma);
    int step = 1;
    bool stepped = false;
    if (auto const slash = part.find('/'); slash != std::string_view::npos) {
      auto const number = part.substr(slash + 1);
      auto const [end, failure] = std::from_chars(number.data(), number.data() + number.size(), step);
      if (failure != std::errc() || end != number.data() + number.size() || step < 1) return std::nullopt;
      part = part.substr(0, slash);
      stepped = true;
    }
    int from = field.lowest, to = field.name == "day of week" ? 6 : field.highest;
    if (part != "*") {
      auto const dash = part.find('-');
      auto const first = value_of(part.substr(0, dash), field);
      if (!first) return std::nullopt;
      from = *first;
      if (dash != std::string_view::npos) {
        auto const last = value_of(part.substr(dash + 1), field);
        if (!last || *last < from) return std::nullopt;
        to = *last;
      } else if (!stepped) {
        to = from;
      }
    }
    for (int value = from; value <= to; value += step) set |= std::uint64_t{1} << value;
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (field.name == "day of week" && (set & (std::uint64_t{1} << 7)) != 0) set = (set | 1) & ~(std::uint64_t{1} << 7);
  return set;
}

bool has(std::uint64_t set, unsigned value) { return (set >> value & 1) != 0; }

}  // namespace

Result<CronLine> CronLine::parse(std::string_view text, std::string const& pointer) {
  if (text == "@hourly") text = "0 * * * *";
  else if (text == "@daily" || text == "@midnight") text = "0 0 * * *";
  else if (text == "@weekly") text = "0 0 * * 0";
  else if (text == "@monthly") text = "0 0 1 * *";
  else if (text == "@yearly" || text == "@annually") text = "0 0 1 1 *";
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < text.size();) {
    auto const begin = text.find_first_not_of(" \t", at);
    if (begin == std::string_view::npos) break;
    auto const end = std::min(text.find_first_of(" \t", begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    at = end;
  }
  if (words.size() != fields.size())
    return invalid_field(pointer, "invalid_value", "a cron line has five fields: minute, hour, day of month, month, day of week");
  CronLine line;
  std::array<std::uint64_t*, 5> const into{&line.minutes_, &line.hours_, &line.days_, &line.months_, &line.week_days_};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    auto const set = bits(words[i], fields[i]);
    if (!set)
      return invalid_field(pointer, "invalid_value",
                           "the " + std::string(fields[i].name) + " '" + std::string(words[i]) + "' of the cron line must be *, numbers from " +
                               std::to_string(fields[i].lowest) + " to " + std::to_string(fields[i].highest) + ", lists, ranges or steps of them");
    *into[i] = *set;
  }
  line.any_day_ = words[2].starts_with('*');
  line.any_week_day_ = words[4].starts_with('*');
  return line;
}

bool CronLine::fits(local_days day) const {
  std::chrono::year_month_day const date(day);
  if (!has(months_, static_cast<unsigned>(date.month()))) return false;
  bool const by_day = has(days_, static_cast<unsigned>(date.day()));
  bool const by_week_day = has(week_days_, std::chrono::weekday(day).c_encoding());
  return any_day_ || any_week_day_ ? by_day && by_week_day : by_day || by_week_day;
}

void CronLine::walk(LocalTime from, Occurs const& occurs) const {
  auto day = std::chrono::floor<std::chrono::days>(from);
  for (int empty = 0; empty < farthest_days; ++empty, day += std::chrono::days(1)) {
    if (!fits(day)) continue;
    empty = 0;
    for (unsigned hour = 0; hour < 24; ++hour) {
      if (!has(hours_, hour)) continue;
      for (unsigned minute = 0; minute < 60; ++minute) {
        if (!has(minutes_, minute)) continue;
        LocalTime const time = day + std::chrono::hours(hour) + std::chrono::minutes(minute);
        if (time >= from && !occurs(time)) return;
      }
    }
  }
}

}  // namespace postrider::campaigns
