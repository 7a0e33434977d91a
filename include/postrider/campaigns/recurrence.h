// When something happens again: a subset of RFC 5545's rules (DAILY, WEEKLY, MONTHLY, YEARLY) and five-field cron. Pure: wall-clock
// times in, wall-clock times out; zones are resolved by the schedule, each time anew.
#pragma once

#include "postrider/base/error.h"
#include "postrider/base/local_time.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::campaigns {

// Called with each occurrence in the order of the wall clock; false ends the walk.
using Occurs = std::function<bool(LocalTime)>;

// A line like "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10".
class RecurrenceRule {
 public:
  // Fails with invalid at `pointer`, naming the part that is wrong or not supported.
  static Result<RecurrenceRule> parse(std::string_view text, std::string const& pointer);

  // From the start on, which counts only when it fits the rule. COUNT ends the walk here; UNTIL when it is a local time. Gives up after
  // many empty periods, since some rules never match.
  void walk(LocalTime start, Occurs const& occurs) const;
  // UNTIL in UTC: the schedule compares instants.
  std::optional<Instant> until() const { return until_; }

 private:
  enum class Frequency { daily, weekly, monthly, yearly };
  struct WeekDay {
    int ordinal = 0;  // 0: every one
    unsigned day = 0;  // 0 Sunday
  };
  std::vector<LocalTime> period(LocalTime start, int number) const;
  void add_month(std::vector<std::chrono::local_days>& days, LocalTime start, std::chrono::year_month month) const;
  bool fits(std::chrono::local_days day) const;

  Frequency frequency_ = Frequency::daily;
  int interval_ = 1;
  std::optional<std::int64_t> count_;
  std::optional<Instant> until_;
  std::optional<LocalTime> until_local_;
  std::vector<WeekDay> days_;
  std::vector<int> month_days_, months_, hours_, minutes_, positions_;
  unsigned week_start_ = 1;
};

// "0 9 * * 1-5", names of days and months, steps, and @daily and its like. When both day fields are restricted, either will do.
class CronLine {
 public:
  static Result<CronLine> parse(std::string_view text, std::string const& pointer);
  void walk(LocalTime from, Occurs const& occurs) const;

 private:
  bool fits(std::chrono::local_days day) const;

  std::uint64_t minutes_ = 0, hours_ = 0, days_ = 0, months_ = 0, week_days_ = 0;
  bool any_day_ = true, any_week_day_ = true;
};

}  // namespace postrider::campaigns
