// When a campaign goes out, as people say it: at an instant, at a local time of a zone, at a local time of each contact's own zone,
// or again and again by a rule (RFC 5545) or a cron line. What is kept is the intent; instants are computed from it, never stored for good.
//
//   {"at": "2026-07-01T07:00:00Z"}
//   {"local": "2026-07-01T09:00", "time_zone": "Europe/Rome"}
//   {"local": "2026-07-01T09:00", "time_zone": "contact", "fallback_time_zone": "Europe/Rome"}
//   {"rrule": "FREQ=WEEKLY;BYDAY=MO", "start": "2026-07-06T09:00", "time_zone": "Europe/Rome", "end": "2026-12-31T23:59"}
//   {"cron": "0 9 * * 1-5", "time_zone": "America/New_York"}
#pragma once

#include "postrider/base/error.h"
#include "postrider/base/local_time.h"
#include "postrider/campaigns/recurrence.h"

#include <boost/json/object.hpp>

#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace postrider::campaigns {

// One time to send. For a contact's own zone `start` is when the day's first zone (UTC+14) gets there, and `latest` the last one.
struct Occurrence {
  LocalTime local;
  Instant start;
  Instant latest;
  bool operator==(Occurrence const&) const = default;
};

class Schedule {
 public:
  // An empty object is no schedule. Fails with invalid; pointers start with `base`.
  static Result<Schedule> parse(boost::json::object const& json, std::string const& base = "/schedule");

  bool empty() const { return std::holds_alternative<std::monostate>(when_); }
  bool recurring() const { return std::holds_alternative<RecurrenceRule>(when_) || std::holds_alternative<CronLine>(when_); }
  bool per_contact() const { return time_zone_ == "contact"; }
  // The zone of whoever has none of their own.
  std::string const& fallback() const { return fallback_; }

  // The first occurrence that starts after `after`; nothing when it is over. The single ones know only their own.
  std::optional<Occurrence> next(Instant after) const;
  // The last occurrence that starts from `from` to `until`, and how many before it do.
  struct Latest {
    LocalTime local;
    Instant start;
    int earlier = 0;
  };
  std::optional<Latest> latest(Instant from, Instant until) const;
  // The one that starts at `start`, as `next` gave it.
  LocalTime local_of(Instant start) const;

 private:
  Occurrence at_local(LocalTime local) const;
  // Occurrences of a rule or a cron line around `after` and later, until false.
  void walk(Instant after, std::function<bool(Occurrence const&)> const& each) const;

  std::variant<std::monostate, Instant, LocalTime, RecurrenceRule, CronLine> when_;
  std::string time_zone_ = "UTC";
  std::string fallback_ = "UTC";
  std::optional<LocalTime> start_, end_;
  std::optional<std::int64_t> count_;  // of cron lines
};

}  // namespace postrider::campaigns
