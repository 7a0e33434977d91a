#include "postrider/campaigns/recurrence.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace postrider::campaigns {

namespace {

using std::chrono::local_days;
using std::chrono::year_month;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> day_names{"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
constexpr int most_empty_periods = 2000;
constexpr int most_periods = 200'000;

std::optional<int> whole(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int value = 0;
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::vector<int>> numbers(std::string_view text, int lowest, int highest) {
  std::vector<int> all;
  while (true) {
    auto const comma = text.find(',');
    auto const value = whole(text.substr(0, comma));
    if (!value || *value < lowest || *value > highest || (lowest < 0 && *value == 0)) return std::nullopt;
    all.push_back(*value);
    if (comma == std::string_view::npos) return all;
    text.remove_prefix(comma + 1);
  }
}

std::optional<unsigned> day_named(std::string_view text) {
  auto const found = std::ranges::find(day_names, text);
  if (found == day_names.end()) return std::nullopt;
  return static_cast<unsigned>(found - day_names.begin());
}

// "20260701T090000", with or without Z, or a date alone, which means its whole day.
std::optional<LocalTime> basic_time(std::string_view text) {
  if (text.size() != 8 && (text.size() != 15 || text[8] != 'T')) return std::nullopt;
  std::string spelled = std::string(text.substr(0, 4)) + "-" + std::string(text.substr(4, 2)) + "-" + std::string(text.substr(6, 2)) + "T";
  if (text.size() == 8) spelled += "23:59:59";
  else spelled += std::string(text.substr(9, 2)) + ":" + std::string(text.substr(11, 2)) + ":" + std::string(text.substr(13, 2));
  return parse_local_time(spelled);
}

unsigned week_day_of(local_days day) { return std::chrono::weekday(day).c_encoding(); }
unsigned last_day(year_month month) { return static_cast<unsigned>((month / std::chrono::last).day()); }

}  // namespace

Result<RecurrenceRule> RecurrenceRule::parse(std::string_view text, std::string const& pointer) {
  RecurrenceRule rule;
  if (text.starts_with("RRULE:")) text.remove_prefix(6);
  auto wrong = [&pointer](std::string_view part, std::string_view why) {
    return invalid_field(pointer, "invalid_value", "in the rule, " + std::string(part) + " " + std::string(why));
  };
  bool has_frequency = false;
  std::vector<std::string> seen;
  while (!text.empty()) {
    auto const semicolon = text.find(';');
    auto const part = text.substr(0, semicolon);
    text = semicolon == std::string_view::npos ? std::string_view() : text.substr(semicolon + 1);
    auto const equals = part.find('=');
    if (equals == std::string_view::npos) return wrong(part, "needs the form NAME=VALUE");
    auto const name = part.substr(0, equals), value = part.substr(equals + 1);
    if (std::ranges::find(seen, name) != seen.end()) return wrong(name, "stands twice");
    seen.emplace_back(name);
    auto list = [&](std::vector<int>& into, int lowest, int highest) {
      auto found = numbers(value, lowest, highest);
      if (found) into = std::move(*found);
      return found.has_value();
    };
    if (name == "FREQ") {
      has_frequency = true;
      if (value == "DAILY") rule.frequency_ = Frequency::daily;
      else if (value == "WEEKLY") rule.frequency_ = Frequency::weekly;
      else if (value == "MONTHLY") rule.frequency_ = Frequency::monthly;
      else if (value == "YEARLY") rule.frequency_ = Frequency::yearly;
      else return wrong("FREQ", "must be DAILY, WEEKLY, MONTHLY or YEARLY");
    } else if (name == "INTERVAL") {
      auto const number = whole(value);
      if (!number || *number < 1 || *number > 1000) return wrong("INTERVAL", "must be from 1 to 1000");
      rule.interval_ = *number;
    } else if (name == "COUNT") {
      auto const number = whole(value);
      if (!number || *number < 1 || *number > 100'000) return wrong("COUNT", "must be from 1 to 100000");
      rule.count_ = *number;
    } else if (name == "UNTIL") {
      bool const utc = value.ends_with('Z');
      auto const moment = basic_time(utc ? value.substr(0, value.size() - 1) : value);
      if (!moment) return wrong("UNTIL", "must look like 20261231T235959Z, 20261231T235959 or 20261231");
      if (utc) rule.until_ = Instant(moment->time_since_epoch());
      else rule.until_local_ = *moment;
    } else if (name == "BYDAY") {
      for (auto rest = value; !rest.empty();) {
        auto const comma = rest.find(',');
        auto const one = rest.substr(0, comma);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        if (one.size() < 2) return wrong("BYDAY", "must list days like MO,WE or -1FR");
        auto const day = day_named(one.substr(one.size() - 2));
        auto const ordinal = one.size() == 2 ? std::optional<int>(0) : whole(one.substr(0, one.size() - 2));
        if (!day || !ordinal || *ordinal < -5 || *ordinal > 5 || (one.size() > 2 && *ordinal == 0)) return wrong("BYDAY", "must list days like MO,WE or -1FR");
        rule.days_.push_back(WeekDay{*ordinal, *day});
      }
      if (rule.days_.empty()) return wrong("BYDAY", "is empty");
    } else if (name == "BYMONTHDAY") {
      if (!list(rule.month_days_, -31, 31)) return wrong("BYMONTHDAY", "must be from 1 to 31, or -31 to -1 from the month's end");
    } else if (name == "BYMONTH") {
      if (!list(rule.months_, 1, 12)) return wrong("BYMONTH", "must be from 1 to 12");
    } else if (name == "BYHOUR") {
      if (!list(rule.hours_, 0, 23)) return wrong("BYHOUR", "must be from 0 to 23");
    } else if (name == "BYMINUTE") {
      if (!list(rule.minutes_, 0, 59)) return wrong("BYMINUTE", "must be from 0 to 59");
    } else if (name == "BYSETPOS") {
      if (!list(rule.positions_, -366, 366)) return wrong("BYSETPOS", "must be from 1 to 366, or negative from the end");
    } else if (name == "WKST") {
      auto const day = day_named(value);
      if (!day) return wrong("WKST", "must be a day like MO");
      rule.week_start_ = *day;
    } else {
      return wrong(name, "is not supported; supported are FREQ, INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYHOUR, BYMINUTE, BYSETPOS, WKST");
    }
  }
  if (!has_frequency) return wrong("FREQ", "is missing");
  if (rule.count_ && (rule.until_ || rule.until_local_)) return wrong("COUNT", "and UNTIL exclude each other");
  bool const ordinals = std::ranges::any_of(rule.days_, [](WeekDay const& day) { return day.ordinal != 0; });
  bool const monthly = rule.frequency_ == Frequency::monthly || rule.frequency_ == Frequency::yearly;
  if (ordinals && !monthly) return wrong("BYDAY", "takes numbers like -1FR only with FREQ=MONTHLY or YEARLY");
  if (rule.frequency_ == Frequency::yearly && !rule.days_.empty() && rule.months_.empty()) return wrong("BYDAY", "needs BYMONTH with FREQ=YEARLY");
  if (rule.frequency_ == Frequency::weekly && !rule.month_days_.empty()) return wrong("BYMONTHDAY", "does not go with FREQ=WEEKLY");
  return rule;
}

bool RecurrenceRule::fits(local_days day) const {
  year_month_day const date(day);
  auto const month = static_cast<int>(static_cast<unsigned>(date.month()));
  if (!months_.empty() && std::ranges::find(months_, month) == months_.end()) return false;
  if (!month_days_.empty()) {
    auto const number = static_cast<int>(static_cast<unsigned>(date.day()));
    auto const from_end = number - static_cast<int>(last_day(date.year() / date.month())) - 1;
    if (std::ranges::none_of(month_days_, [&](int wanted) { return wanted == number || wanted == from_end; })) return false;
  }
  if (days_.empty()) return true;
  return std::ranges::any_of(days_, [day](WeekDay const& wanted) { return wanted.day == week_day_of(day); });
}

void RecurrenceRule::add_month(std::vector<local_days>& days, LocalTime start, year_month month) const {
  if (!months_.empty() && std::ranges::find(months_, static_cast<int>(static_cast<unsigned>(month.month()))) == months_.end()) return;
  auto const length = last_day(month);
  auto const start_day = static_cast<unsigned>(year_month_day(std::chrono::floor<std::chrono::days>(start)).day());
  for (unsigned number = 1; number <= length; ++number) {
    local_days const day(month / std::chrono::day(number));
    if (month_days_.empty() && days_.empty()) {
      if (number == start_day) days.push_back(day);
      continue;
    }
    auto const from_end = static_cast<int>(number) - static_cast<int>(length) - 1;
    if (!month_days_.empty() && std::ranges::none_of(month_days_, [&](int wanted) { return wanted == static_cast<int>(number) || wanted == from_end; })) continue;
    auto const nth = static_cast<int>((number - 1) / 7 + 1);
    auto const nth_from_end = -static_cast<int>((length - number) / 7 + 1);
    auto matches = [&](WeekDay const& wanted) {
      return wanted.day == week_day_of(day) && (wanted.ordinal == 0 || wanted.ordinal == nth || wanted.ordinal == nth_from_end);
    };
    if (days_.empty() || std::ranges::any_of(days_, matches)) days.push_back(day);
  }
}

// The occurrences of the period that lies `number` intervals after the one with the start.
std::vector<LocalTime> RecurrenceRule::period(LocalTime start, int number) const {
  auto const first = std::chrono::floor<std::chrono::days>(start);
  year_month_day const date(first);
  auto const step = number * interval_;
  std::vector<local_days> days;
  switch (frequency_) {
    case Frequency::daily: {
      auto const day = first + std::chrono::days(step);
      if (fits(day)) days.push_back(day);
      break;
    }
    case Frequency::weekly: {
      auto const back = (week_day_of(first) + 7 - week_start_) % 7;
      auto const week = first - std::chrono::days(back) + std::chrono::days(7 * step);
      for (int i = 0; i < 7; ++i) {
        auto const day = week + std::chrono::days(i);
        if (days_.empty() ? week_day_of(day) == week_day_of(first) && fits(day) : fits(day)) days.push_back(day);
      }
      break;
    }
    case Frequency::monthly: add_month(days, start, date.year() / date.month() + std::chrono::months(step)); break;
    case Frequency::yearly: {
      auto const year = date.year() + std::chrono::years(step);
      if (months_.empty()) add_month(days, start, year / date.month());
      else
        for (unsigned month = 1; month <= 12; ++month) add_month(days, start, year / std::chrono::month(month));
      break;
    }
  }
  auto const of_day = start - first;
  std::vector<int> hours = hours_, minutes = minutes_;
  if (hours.empty()) hours.push_back(static_cast<int>(of_day / std::chrono::hours(1)));
  if (minutes.empty()) minutes.push_back(static_cast<int>(of_day / std::chrono::minutes(1)) % 60);
  auto const seconds = std::chrono::seconds(of_day.count() % 60);
  std::vector<LocalTime> all;
  for (auto const day : days)
    for (int const hour : hours)
      for (int const minute : minutes) all.push_back(day + std::chrono::hours(hour) + std::chrono::minutes(minute) + seconds);
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  if (positions_.empty()) return all;
  std::vector<LocalTime> chosen;
  auto const size = static_cast<int>(all.size());
  for (int i = 0; i < size; ++i)
    if (std::ranges::any_of(positions_, [&](int wanted) { return wanted == i + 1 || wanted == i - size; })) chosen.push_back(all[static_cast<std::size_t>(i)]);
  return chosen;
}

void RecurrenceRule::walk(LocalTime start, Occurs const& occurs) const {
  std::int64_t counted = 0;
  int empty = 0;
  for (int number = 0; number < most_periods && empty < most_empty_periods; ++number) {
    auto const times = period(start, number);
    empty = times.empty() ? empty + 1 : 0;
    for (auto const time : times) {
      if (time < start) continue;
      if (until_local_ && time > *until_local_) return;
      if (count_ && counted >= *count_) return;
      ++counted;
      if (!occurs(time)) return;
    }
  }
}

}  // namespace postrider::campaigns
