// When waiting ends: dates, times of day and quiet hours on the contact's own clock.
#include "postrider/base/local_time.h"
#include "postrider/journeys/machine.h"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace postrider::journeys {

namespace {

using std::chrono::days;

// What a contact's field holds, read by the one who answers conditions, so that both mean the same.
boost::json::value field_value(segments::Facts const& facts, std::string const& field, Instant now) {
  segments::Condition question;
  question.kind = segments::Condition::Kind::attribute;
  question.op = segments::Operator::exists;
  if (auto const own = segments::own_field(field)) {
    question.field_kind = *own;
    question.field = field;
  } else {
    question.field = field.starts_with("attributes.") ? field.substr(11) : field;
  }
  return segments::evaluate(question, facts, now).read;
}

// An instant as it is; a day or a local time on the wall where the contact lives.
std::optional<Instant> moment_in(std::string const& text, std::string const& time_zone) {
  if (auto const instant = parse_instant(text)) return instant;
  if (auto const day = parse_local_time(text.size() == 10 ? text + "T00:00" : text)) return resolve(*day, time_zone);
  return std::nullopt;
}

}  // namespace

std::string zone_of(segments::Facts const& facts, std::string const& fallback) {
  auto const& own = facts.contact.time_zone;
  return own && is_time_zone(*own) ? *own : fallback;
}

std::string field_text(segments::Facts const& facts, std::string const& field, Instant now) {
  auto const value = field_value(facts, field, now);
  if (value.is_null()) return "";
  return value.is_string() ? std::string(value.as_string()) : boost::json::serialize(value);
}

std::optional<Instant> wait_end(Wait const& wait, segments::Facts const& facts, std::string const& time_zone, Instant arrived) {
  switch (wait.what) {
    case Wait::For::duration: return arrived + wait.duration;
    case Wait::For::instant: return wait.until;
    case Wait::For::event: return arrived + wait.at_most;
    case Wait::For::date: {
      auto const date = moment_in(field_text(facts, wait.field, arrived), zone_of(facts, time_zone));
      if (!date) return std::nullopt;
      return *date + wait.duration;
    }
    case Wait::For::time_of_day: break;
  }
  auto const zone = wait.time_zone == "contact" ? zone_of(facts, time_zone) : wait.time_zone;
  auto day = std::chrono::floor<days>(local_in(arrived, zone));
  // Strictly later, so that a round with this wait in it always lasts; nine days hold every weekday, and one that a change of the clock has eaten.
  for (int ahead = 0; ahead < 9; ++ahead, day += days(1)) {
    auto const weekday = static_cast<int>(std::chrono::weekday(day).iso_encoding());
    if (!wait.weekdays.empty() && std::ranges::find(wait.weekdays, weekday) == wait.weekdays.end()) continue;
    if (auto const at = resolve(day + wait.time_of_day, zone); at > arrived) return at;
  }
  return arrived + days(7);
}

std::optional<Instant> quiet_until(Rules const& rules, std::string const& time_zone, Instant now) {
  if (!rules.quiet_hours) return std::nullopt;
  auto const [from, to] = *rules.quiet_hours;
  auto const local = local_in(now, time_zone);
  auto const day = std::chrono::floor<days>(local);
  auto const since_midnight = local - day;
  bool const over_midnight = from > to;
  bool const quiet = over_midnight ? since_midnight >= from || since_midnight < to : since_midnight >= from && since_midnight < to;
  if (!quiet) return std::nullopt;
  auto const end_day = over_midnight && since_midnight >= from ? day + days(1) : day;
  auto const end = resolve(end_day + to, time_zone);
  // Where the clock is set back over the end, the first time it shows it may have passed.
  return std::max(end, now + std::chrono::minutes(1));
}

}  // namespace postrider::journeys
