#include "postrider/campaigns/schedule.h"
#include "support/results.h"

#include <catch2/catch.hpp>

#include <boost/json/parse.hpp>

using namespace postrider;
using namespace postrider::campaigns;

namespace {

Result<Schedule> read(std::string const& text) { return Schedule::parse(boost::json::parse(text).as_object()); }

// The first instants after `after`, as the reference prints them.
std::vector<std::string> instants(std::string const& text, std::string const& after, int most) {
  auto const schedule = read(text);
  REQUIRE(schedule);
  std::vector<std::string> all;
  auto last = *parse_instant(after);
  while (static_cast<int>(all.size()) < most) {
    auto const next = schedule->next(last);
    if (!next) break;
    CHECK(next->start > last);
    last = next->start;
    all.push_back(to_rfc3339(last));
  }
  return all;
}

std::vector<std::string> days_of(std::string const& rule, std::string const& start, int most) {
  std::vector<std::string> days;
  for (auto const& instant : instants(R"({"rrule":")" + rule + R"(","start":")" + start + R"(","time_zone":"UTC"})", "2000-01-01T00:00:00Z", most))
    days.push_back(instant.substr(0, 10));
  return days;
}

using Days = std::vector<std::string>;

}  // namespace

TEST_CASE("schedule: an instant, a local time, and nothing") {
  auto const empty = read("{}");
  REQUIRE(empty);
  CHECK(empty->empty());
  CHECK_FALSE(empty->next(Instant()));
  CHECK(instants(R"({"at":"2026-07-01T09:00:00+02:00"})", "2026-01-01T00:00:00Z", 5) == Days{"2026-07-01T07:00:00Z"});
  CHECK(instants(R"({"local":"2026-07-01T09:00","time_zone":"Europe/Rome"})", "2026-01-01T00:00:00Z", 5) == Days{"2026-07-01T07:00:00Z"});
  CHECK(instants(R"({"local":"2026-07-01T09:00","time_zone":"Europe/Rome"})", "2026-07-01T07:00:00Z", 5).empty());
  // In a gap it moves ahead with the clock, in an overlap it is the first.
  CHECK(instants(R"({"local":"2026-03-29T02:30","time_zone":"Europe/Rome"})", "2026-01-01T00:00:00Z", 5) == Days{"2026-03-29T01:30:00Z"});
  CHECK(instants(R"({"local":"2026-10-25T02:30","time_zone":"Europe/Rome"})", "2026-01-01T00:00:00Z", 5) == Days{"2026-10-25T00:30:00Z"});
}

TEST_CASE("schedule: each contact's own zone starts with the earliest and ends with the last") {
  auto const schedule = read(R"({"local":"2026-07-01T09:00","time_zone":"contact","fallback_time_zone":"Europe/Rome"})");
  REQUIRE(schedule);
  CHECK(schedule->per_contact());
  CHECK(schedule->fallback() == "Europe/Rome");
  auto const next = schedule->next(*parse_instant("2026-01-01T00:00:00Z"));
  REQUIRE(next);
  CHECK(to_rfc3339(next->start) == "2026-06-30T19:00:00Z");
  CHECK(to_rfc3339(next->latest) == "2026-07-01T21:00:00Z");
  CHECK(schedule->local_of(next->start) == *parse_local_time("2026-07-01T09:00"));
  CHECK(resolve(next->local, "Pacific/Kiritimati") == next->start);
}

TEST_CASE("schedule: rules of RFC 5545, as the reference works them out") {
  CHECK(days_of("FREQ=MONTHLY;COUNT=4", "2026-01-31T09:00", 9) == Days{"2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31"});
  CHECK(days_of("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", "2026-01-01T09:00", 9) == Days{"2026-01-31", "2026-02-28", "2026-03-31"});
  CHECK(days_of("FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4", "2026-01-01T09:00", 9) == Days{"2026-01-05", "2026-01-07", "2026-01-12", "2026-01-14"});
  CHECK(days_of("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "2026-01-01T09:00", 9) == Days{"2026-01-30", "2026-02-27", "2026-03-27"});
  CHECK(days_of("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3", "2026-01-01T09:00", 9) == Days{"2026-01-30", "2026-02-27", "2026-03-31"});
  CHECK(days_of("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;COUNT=4;WKST=MO", "2026-01-05T09:00", 9) == Days{"2026-01-05", "2026-01-11", "2026-01-19", "2026-01-25"});
  CHECK(days_of("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;COUNT=4;WKST=SU", "2026-01-05T09:00", 9) == Days{"2026-01-05", "2026-01-18", "2026-01-19", "2026-02-01"});
  CHECK(days_of("FREQ=YEARLY;COUNT=3", "2024-02-29T09:00", 9) == Days{"2024-02-29", "2028-02-29", "2032-02-29"});
  CHECK(days_of("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", "2026-01-01T09:00", 3) == Days{"2026-02-13", "2026-03-13", "2026-11-13"});
  CHECK(days_of("FREQ=DAILY;INTERVAL=10;UNTIL=20260131", "2026-01-01T09:00", 9) == Days{"2026-01-01", "2026-01-11", "2026-01-21", "2026-01-31"});
  CHECK(days_of("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2", "2026-01-01T09:00", 3).empty());
  auto const daily = R"({"rrule":"FREQ=DAILY;COUNT=4","start":"2026-03-06T09:00","time_zone":"America/New_York"})";
  CHECK(instants(daily, "2026-01-01T00:00:00Z", 9) == Days{"2026-03-06T14:00:00Z", "2026-03-07T14:00:00Z", "2026-03-08T13:00:00Z", "2026-03-09T13:00:00Z"});
  auto const twice = R"({"rrule":"FREQ=DAILY;BYHOUR=9,17;BYMINUTE=30","start":"2026-03-06T09:00","time_zone":"UTC","end":"2026-03-07T12:00"})";
  CHECK(instants(twice, "2026-01-01T00:00:00Z", 9) == Days{"2026-03-06T09:30:00Z", "2026-03-06T17:30:00Z", "2026-03-07T09:30:00Z"});
}

TEST_CASE("schedule: cron lines, as the reference works them out") {
  CHECK(instants(R"({"cron":"0 0 1 * 1"})", "2025-12-31T23:59:59Z", 6) ==
        Days{"2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z", "2026-01-19T00:00:00Z", "2026-01-26T00:00:00Z", "2026-02-01T00:00:00Z"});
  CHECK(instants(R"({"cron":"0 0 31 * *"})", "2026-01-31T00:00:00Z", 2) == Days{"2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"});
  auto const rome = R"({"cron":"30 2 * * *","time_zone":"Europe/Rome"})";
  CHECK(instants(rome, "2026-03-28T00:00:00Z", 3) == Days{"2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"});
  CHECK(instants(rome, "2026-10-24T00:00:00Z", 3) == Days{"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"});
  auto const york = R"({"cron":"*/15 1-3 * * *","time_zone":"America/New_York"})";
  CHECK(instants(york, "2026-11-01T04:30:00Z", 5) ==
        Days{"2026-11-01T05:00:00Z", "2026-11-01T05:15:00Z", "2026-11-01T05:30:00Z", "2026-11-01T05:45:00Z", "2026-11-01T07:00:00Z"});
  CHECK(instants(R"({"cron":"0 9 * * mon-fri","time_zone":"America/New_York"})", "2026-03-06T00:00:00Z", 2) == Days{"2026-03-06T14:00:00Z", "2026-03-09T13:00:00Z"});
  CHECK(instants(R"({"cron":"@daily","start":"2026-03-01T00:00","count":2})", "2026-01-01T00:00:00Z", 9) == Days{"2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"});
  CHECK(instants(R"({"cron":"0 0 30 2 *"})", "2026-01-01T00:00:00Z", 1).empty());
}

TEST_CASE("schedule: mistakes are named where they stand") {
  struct Wrong {
    char const* json;
    char const* pointer;
  };
  for (auto const& wrong : {Wrong{R"({"when":"now"})", "/schedule/when"}, Wrong{R"({"at":"2026-07-01T09:00"})", "/schedule/at"}, Wrong{R"({"at":5})", "/schedule/at"},
                            Wrong{R"({"local":"2026-07-01T09:00"})", "/schedule/time_zone"}, Wrong{R"({"local":"2026-07-01T09:00Z","time_zone":"UTC"})", "/schedule/local"},
                            Wrong{R"({"local":"2026-07-01T09:00","time_zone":"CEST"})", "/schedule/time_zone"},
                            Wrong{R"({"at":"2026-07-01T09:00:00Z","cron":"* * * * *"})", "/schedule/at"}, Wrong{R"({"cron":"61 * * * *"})", "/schedule/cron"},
                            Wrong{R"({"cron":"* * * *"})", "/schedule/cron"}, Wrong{R"({"rrule":"FREQ=DAILY"})", "/schedule/start"},
                            Wrong{R"({"rrule":"FREQ=HOURLY","start":"2026-07-01T09:00"})", "/schedule/rrule"},
                            Wrong{R"({"rrule":"FREQ=DAILY;BYDAY=1MO","start":"2026-07-01T09:00"})", "/schedule/rrule"},
                            Wrong{R"({"rrule":"FREQ=DAILY;COUNT=1;UNTIL=20260101","start":"2026-07-01T09:00"})", "/schedule/rrule"},
                            Wrong{R"({"cron":"* * * * *","count":3})", "/schedule/start"}, Wrong{R"({"time_zone":"UTC"})", "/schedule/time_zone"}}) {
    INFO(wrong.json);
    auto const schedule = read(wrong.json);
    REQUIRE_FALSE(schedule);
    REQUIRE_FALSE(schedule.error().fields.empty());
    CHECK(schedule.error().fields.front().pointer == wrong.pointer);
  }
}
