#include "postrider/campaigns/schedule.h"

#include <boost/json/value.hpp>

#include <algorithm>
#include <array>

namespace postrider::campaigns {

namespace {

constexpr auto first_zone = std::chrono::hours(14);   // Pacific/Kiritimati
constexpr auto last_zone = std::chrono::hours(-12);   // Etc/GMT+12
constexpr std::array<std::string_view, 9> known{"at", "local", "rrule", "cron", "start", "end", "count", "time_zone", "fallback_time_zone"};

// Reads members of the right type and keeps the first mistake of each.
class Reader {
 public:
  Reader(boost::json::object const& json, std::string const& base) : json_(json), base_(base) {}
  std::vector<FieldError> mistakes;

  void wrong(std::string_view name, char const* code, std::string message) { mistakes.push_back(FieldError{base_ + "/" + std::string(name), code, std::move(message)}); }
  bool has(std::string_view name) const {
    auto const* const value = json_.if_contains(name);
    return value && !value->is_null();
  }
  std::optional<std::string> text(std::string_view name) {
    if (!has(name)) return std::nullopt;
    auto const& value = json_.at(name);
    if (value.is_string()) return std::string(value.as_string());
    wrong(name, "wrong_type", "must be a text");
    return std::nullopt;
  }
  std::optional<LocalTime> local(std::string_view name) {
    auto const told = text(name);
    if (!told) return std::nullopt;
    auto const time = parse_local_time(*told);
    if (!time) wrong(name, "wrong_type", "must be a local time like 2026-07-01T09:00, without an offset");
    return time;
  }
  std::optional<std::string> zone(std::string_view name, bool contact_too) {
    auto const told = text(name);
    if (!told || (contact_too && *told == "contact") || is_time_zone(*told)) return told;
    wrong(name, "invalid_value", "there is no time zone '" + *told + "'; use a name like Europe/Rome" + (contact_too ? " or contact" : ""));
    return std::nullopt;
  }

 private:
  boost::json::object const& json_;
  std::string const& base_;
};

}  // namespace

Result<Schedule> Schedule::parse(boost::json::object const& json, std::string const& base) {
  Schedule schedule;
  Reader in(json, base);
  for (auto const& member : json)
    if (std::ranges::find(known, std::string_view(member.key())) == known.end())
      in.wrong(member.key(), "unknown_field", "a schedule has no such member; it has at, local, rrule, cron, start, end, count, time_zone, fallback_time_zone");
  int kinds = 0;
  for (auto const* const kind : {"at", "local", "rrule", "cron"}) kinds += in.has(kind) ? 1 : 0;
  if (kinds > 1) in.wrong("at", "invalid_value", "choose one of at, local, rrule and cron");
  auto const zone = in.zone("time_zone", true);
  auto const fallback = in.zone("fallback_time_zone", false);
  if (zone) schedule.time_zone_ = *zone;
  if (fallback) schedule.fallback_ = *fallback;
  if (fallback && zone && *zone != "contact") in.wrong("fallback_time_zone", "invalid_value", "is for time_zone contact only");
  auto const start = in.local("start"), end = in.local("end");
  schedule.start_ = start;
  schedule.end_ = end;
  if (in.has("count")) {
    auto const& count = json.at("count");
    if (!count.is_int64() || count.as_int64() < 1 || count.as_int64() > 100'000) in.wrong("count", "out_of_range", "must be a whole number from 1 to 100000");
    else schedule.count_ = count.as_int64();
  }
  auto append = [&in](Error const& error) { in.mistakes.insert(in.mistakes.end(), error.fields.begin(), error.fields.end()); };
  if (in.has("at")) {
    auto const told = in.text("at");
    auto const instant = told ? parse_instant(*told) : std::nullopt;
    if (told && !instant) in.wrong("at", "wrong_type", "must be a time like 2026-07-01T09:00:00Z; for a local time use local and time_zone");
    if (zone) in.wrong("time_zone", "invalid_value", "an instant needs no zone; for a local time use local");
    if (instant) schedule.when_ = *instant;
  } else if (in.has("local")) {
    if (auto const local = in.local("local")) schedule.when_ = *local;
    if (!in.has("time_zone")) in.wrong("time_zone", "required", "say in which zone, or contact for each contact's own");
  } else if (auto const rule = in.text("rrule")) {
    auto parsed = RecurrenceRule::parse(*rule, base + "/rrule");
    if (parsed) schedule.when_ = std::move(*parsed);
    else append(parsed.error());
    if (!in.has("start")) in.wrong("start", "required", "a rule needs its first local time, like 2026-07-01T09:00");
    if (schedule.count_) in.wrong("count", "invalid_value", "of a rule belongs into it: COUNT=");
  } else if (auto const line = in.text("cron")) {
    auto parsed = CronLine::parse(*line, base + "/cron");
    if (parsed) schedule.when_ = std::move(*parsed);
    else append(parsed.error());
    if (schedule.count_ && !in.has("start")) in.wrong("start", "required", "count needs a start to count from");
  }
  bool const repeats = in.has("rrule") || in.has("cron");
  if (!repeats) {
    for (auto const* const name : {"start", "end", "count"})
      if (in.has(name)) in.wrong(name, "invalid_value", "is for rrule and cron only");
    if (kinds == 0 && (zone || fallback)) in.wrong("time_zone", "invalid_value", "says nothing without local, rrule or cron");
  } else if (start && end && *end < *start) {
    in.wrong("end", "out_of_range", "lies before the start");
  }
  if (!in.mistakes.empty()) {
    auto first = in.mistakes.front();
    return invalid("the schedule is not right: " + first.message, std::move(in.mistakes));
  }
  return schedule;
}

Occurrence Schedule::at_local(LocalTime local) const {
  if (per_contact()) return Occurrence{local, Instant(local.time_since_epoch() - first_zone), Instant(local.time_since_epoch() - last_zone)};
  auto const instant = resolve(local, time_zone_);
  return Occurrence{local, instant, instant};
}

std::optional<Occurrence> Schedule::next(Instant after) const {
  std::optional<Occurrence> found;
  if (auto const* const instant = std::get_if<Instant>(&when_)) {
    if (*instant > after) found = Occurrence{LocalTime(std::chrono::floor<std::chrono::seconds>(instant->time_since_epoch())), *instant, *instant};
    return found;
  }
  if (auto const* const local = std::get_if<LocalTime>(&when_)) {
    auto const occurrence = at_local(*local);
    if (occurrence.start > after) found = occurrence;
    return found;
  }
  walk(after, [&](Occurrence const& occurrence) {
    if (occurrence.start <= after) return true;
    found = occurrence;
    return false;
  });
  return found;
}

void Schedule::walk(Instant after, std::function<bool(Occurrence const&)> const& each) const {
  if (auto const* const rule = std::get_if<RecurrenceRule>(&when_)) {
    rule->walk(*start_, [&](LocalTime local) {
      auto const occurrence = at_local(local);
      if ((end_ && local > *end_) || (rule->until() && occurrence.start > *rule->until())) return false;
      return each(occurrence);
    });
  }
  if (auto const* const line = std::get_if<CronLine>(&when_)) {
    // Two days before covers every zone and every gap.
    auto from = LocalTime(std::chrono::floor<std::chrono::seconds>(after.time_since_epoch())) - std::chrono::hours(48);
    if (start_ && (count_ || *start_ > from)) from = *start_;
    std::int64_t counted = 0;
    line->walk(from, [&](LocalTime local) {
      if ((end_ && local > *end_) || (count_ && counted >= *count_)) return false;
      ++counted;
      return each(at_local(local));
    });
  }
}

std::optional<Schedule::Latest> Schedule::latest(Instant from, Instant until) const {
  std::optional<Latest> found;
  walk(from, [&](Occurrence const& occurrence) {
    if (occurrence.start > until) return false;
    if (occurrence.start >= from) found = Latest{occurrence.local, occurrence.start, found ? found->earlier + 1 : 0};
    return true;
  });
  return found;
}

LocalTime Schedule::local_of(Instant start) const {
  auto const seconds = std::chrono::floor<std::chrono::seconds>(start.time_since_epoch());
  if (per_contact()) return LocalTime(seconds + first_zone);
  if (auto const* const local = std::get_if<LocalTime>(&when_)) return *local;
  return local_in(start, time_zone_);
}

}  // namespace postrider::campaigns
