#include "support/campaign_world.h"
#include "support/results.h"

#include <boost/json/parse.hpp>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <map>

using namespace postrider;
using namespace postrider::test;
using campaigns::Status;

namespace {

// The test's clock begins on Monday 2026-03-02 at 10:00 UTC.
Instant at(char const* text) { return *parse_instant(text); }

Task<std::map<std::string, std::string>> due_by_zone(TestStore& t) {
  std::map<std::string, std::string> due;
  auto const rows = co_await t.query("select coalesce(c.time_zone, ''), m.due_at from messages m join contacts c on c.id = m.contact_id");
  for (auto const& row : rows) due[row[0]] = to_rfc3339(*parse_instant(row[1]));
  co_return due;
}

}  // namespace

TEST_CASE("campaigns: a scheduled broadcast starts at its time, in its zone") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(3);
    auto const c = co_await world.draft("broadcast", R"({"local":"2026-03-02T12:00","time_zone":"Europe/Rome"})");
    auto const scheduled = co_await world.campaigns.schedule(world.context, c.id, std::nullopt);
    REQUIRE(scheduled);
    CHECK(scheduled->status == Status::scheduled);
    CHECK(scheduled->next_run_at == at("2026-03-02T11:00:00Z"));
    co_await world.campaigns.tick();
    CHECK((co_await world.again(c.id)).status == Status::scheduled);
    t.clock.set(at("2026-03-02T11:00:00Z"));
    co_await world.campaigns.tick();
    auto const started = co_await world.again(c.id);
    CHECK(started.status == Status::active);
    CHECK_FALSE(started.next_run_at);
    CHECK(started.audience == 3);
    co_await world.campaigns.tick();  // once
    CHECK(co_await world.count("campaign_runs") == 1);
    auto const audit = co_await t.query("select actor_kind from audit_logs where action = 'started'");
    REQUIRE(audit.size() == 1);
    CHECK(audit[0][0] == "system");
  });
}

TEST_CASE("campaigns: a time that has passed is refused, and a new schedule replaces the old") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(3);
    auto const c = co_await world.draft();
    auto const past = boost::json::parse(R"({"at":"2026-03-02T09:59:59Z"})").as_object();
    auto const refused = co_await world.campaigns.schedule(world.context, c.id, past);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::invalid);
    CHECK_FALSE(co_await world.campaigns.schedule(world.context, c.id, std::nullopt));  // it has none
    for (auto const* const when : {"2026-03-03T09:00:00Z", "2026-03-04T09:00:00Z"}) {
      boost::json::object schedule;
      schedule["at"] = when;
      auto const scheduled = co_await world.campaigns.schedule(world.context, c.id, schedule);
      REQUIRE(scheduled);
      CHECK(scheduled->next_run_at == at(when));
      CHECK(scheduled->schedule == schedule);
    }
    auto const undone = co_await world.campaigns.undo(world.context, c.id);
    REQUIRE(undone);
    CHECK(undone->status == Status::draft);
    t.clock.set(at("2026-03-05T00:00:00Z"));
    co_await world.campaigns.tick();
    CHECK((co_await world.again(c.id)).status == Status::draft);
  });
}

TEST_CASE("campaigns: a start that is more than six hours late is held until somebody approves it") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(3);
    auto const on_time = co_await world.draft("broadcast", R"({"at":"2026-03-02T12:00:00Z"})");
    auto const late = co_await world.draft("broadcast", R"({"at":"2026-03-02T11:00:00Z"})");
    REQUIRE(co_await world.campaigns.schedule(world.context, on_time.id, std::nullopt));
    REQUIRE(co_await world.campaigns.schedule(world.context, late.id, std::nullopt));
    CHECK_FALSE(co_await world.campaigns.approve(world.context, late.id));
    t.clock.set(at("2026-03-02T17:30:00Z"));
    co_await world.campaigns.tick();
    CHECK((co_await world.again(on_time.id)).status == Status::active);
    auto const held = co_await world.again(late.id);
    CHECK(held.status == Status::scheduled);
    REQUIRE(held.hold_reason);
    CHECK(held.held_for == at("2026-03-02T11:00:00Z"));
    co_await world.campaigns.tick();
    CHECK((co_await world.again(late.id)).updated_at == held.updated_at);
    auto const progress = co_await world.reports.progress(world.context.tenant, late.id);
    REQUIRE(progress);
    CHECK(progress->hold_reason == held.hold_reason);
    auto const approved = co_await world.campaigns.approve(world.context, late.id);
    REQUIRE(approved);
    CHECK(approved->status == Status::active);
    CHECK_FALSE(approved->hold_reason);
    CHECK_FALSE(approved->next_run_at);
    CHECK(co_await world.work() == 2);
    CHECK(co_await world.count("messages") == 6);
  });
}

TEST_CASE("campaigns: what cannot start at its time is held with the reason, and can be mended") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(3);
    auto const c = co_await world.draft("broadcast", R"({"at":"2026-03-02T12:00:00Z"})");
    REQUIRE(co_await world.campaigns.schedule(world.context, c.id, std::nullopt));
    co_await t.query("update sender_identities set verified = false");
    t.clock.set(at("2026-03-02T12:00:01Z"));
    co_await world.campaigns.tick();
    auto const held = co_await world.again(c.id);
    REQUIRE(held.hold_reason);
    CHECK(held.hold_reason->find("not verified") != std::string::npos);
    CHECK_FALSE(co_await world.campaigns.approve(world.context, c.id));
    co_await t.query("update sender_identities set verified = true");
    auto const approved = co_await world.campaigns.approve(world.context, c.id);
    REQUIRE(approved);
    CHECK(approved->status == Status::active);
  });
}

TEST_CASE("campaigns: each contact gets it at the local time of its own zone") {
  on_each_store([](TestStore& t) -> Task<void> {
    campaigns::Settings settings;
    settings.chunk = 3;
    CampaignWorld world(t, settings);
    co_await world.prepare(8);
    char const* const zones[] = {"Pacific/Kiritimati", "Asia/Kathmandu", "Europe/Rome", "America/New_York", "Pacific/Honolulu", "Mars/Base", "Asia/Calcutta"};
    for (int i = 0; i < 7; ++i) co_await t.query(fmt::format("update contacts set time_zone = '{}' where id = '{}'", zones[i], world.person(i).str()));
    // The morning on which Rome's clocks jump from 2 to 3.
    auto const c = co_await world.draft("broadcast", R"({"local":"2026-03-29T02:30","time_zone":"contact","fallback_time_zone":"Europe/London"})");
    auto const scheduled = co_await world.campaigns.schedule(world.context, c.id, std::nullopt);
    REQUIRE(scheduled);
    CHECK(scheduled->next_run_at == at("2026-03-28T12:30:00Z"));
    t.clock.set(at("2026-03-28T12:30:01Z"));
    co_await world.campaigns.tick();
    co_await world.work();
    auto const due = co_await due_by_zone(t);
    CHECK(due.at("Pacific/Kiritimati") == "2026-03-28T12:30:01Z");  // now: the run began a second after
    CHECK(due.at("Asia/Kathmandu") == "2026-03-28T20:45:00Z");
    CHECK(due.at("Asia/Calcutta") == "2026-03-28T21:00:00Z");
    CHECK(due.at("Europe/Rome") == "2026-03-29T01:30:00Z");       // in the gap: moved ahead with the clock
    CHECK(due.at("") == "2026-03-29T01:30:00Z");                  // London, the fallback
    CHECK(due.at("Mars/Base") == "2026-03-29T01:30:00Z");
    CHECK(due.at("America/New_York") == "2026-03-29T06:30:00Z");
    CHECK(due.at("Pacific/Honolulu") == "2026-03-29T12:30:00Z");
    CHECK(co_await world.count("messages") == 8);
    auto const lane = co_await t.query("select next_due_at from send_lanes");
    CHECK(*parse_instant(lane.at(0).at(0)) == at("2026-03-28T12:30:01Z"));
    auto const progress = co_await world.reports.progress(world.context.tenant, c.id);
    REQUIRE(progress);
    CHECK(progress->finishes_at == at("2026-03-29T12:30:00Z"));
  });
}

TEST_CASE("campaigns: a local time that has passed in some zones is sent there at once, and one passed everywhere is refused") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(2);
    co_await t.query("update contacts set time_zone = 'Asia/Tokyo' where id = '" + world.person(0).str() + "'");
    co_await t.query("update contacts set time_zone = 'America/New_York' where id = '" + world.person(1).str() + "'");
    auto const c = co_await world.draft("broadcast", R"({"local":"2026-03-02T09:00","time_zone":"contact"})");
    auto const launched = co_await world.campaigns.launch(world.context, c.id);
    REQUIRE(launched);
    co_await world.work();
    auto const due = co_await due_by_zone(t);
    CHECK(due.at("Asia/Tokyo") == "2026-03-02T10:00:00Z");
    CHECK(due.at("America/New_York") == "2026-03-02T14:00:00Z");
    auto const over = co_await world.draft("broadcast", R"({"local":"2026-03-01T09:00","time_zone":"contact"})");
    CHECK_FALSE(co_await world.campaigns.launch(world.context, over.id));
    CHECK_FALSE(co_await world.campaigns.schedule(world.context, over.id, std::nullopt));
    auto const scheduled = co_await world.draft("broadcast", R"({"local":"2026-03-02T09:00","time_zone":"contact"})");
    REQUIRE(co_await world.campaigns.schedule(world.context, scheduled.id, std::nullopt));
    co_await world.campaigns.tick();
    CHECK((co_await world.again(scheduled.id)).status == Status::active);
  });
}

TEST_CASE("campaigns: a series has a run each time, with an audience, a lane and a report of its own, and ends") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(3);
    auto const c = co_await world.draft("recurring", R"({"rrule":"FREQ=DAILY;COUNT=3","start":"2026-03-02T12:00","time_zone":"Europe/Rome"})");
    auto const launched = co_await world.campaigns.launch(world.context, c.id);
    REQUIRE(launched);
    CHECK(launched->status == Status::active);
    CHECK(launched->next_run_at == at("2026-03-02T11:00:00Z"));
    CHECK_FALSE(launched->audience);
    int run = 0;
    for (auto const* const day : {"2026-03-02T11:00:01Z", "2026-03-03T11:00:01Z", "2026-03-04T11:00:01Z"}) {
      t.clock.set(at(day));
      co_await world.campaigns.tick();
      CHECK(co_await world.work() == 1);
      CHECK((co_await world.again(c.id)).run_number == ++run);
      CHECK(co_await world.count("messages where visit = '" + std::to_string(run) + "'") == 3);
      co_await world.deliver(c.id, run == 2 ? "skipped" : "sent", run);
      t.clock.advance(std::chrono::seconds(5));
      co_await world.campaigns.tick();
      CHECK((co_await world.again(c.id)).status == (run == 3 ? Status::completed : Status::active));
    }
    CHECK(co_await world.states(c.id) == "audience=9 sent=6 skipped=3");
    CHECK(co_await world.states(c.id, "2") == "audience=3 skipped=3");
    CHECK_FALSE(co_await world.reports.report(world.context.tenant, c.id, "4"));
    auto const runs = co_await world.reports.runs(world.context.tenant, c.id, 1000, 10);
    REQUIRE(runs);
    REQUIRE(runs->size() == 3);
    CHECK(runs->front().run.number == 3);
    CHECK(runs->front().run.scheduled_for == at("2026-03-04T11:00:00Z"));
    CHECK(runs->front().states.sent == 3);
    CHECK(co_await world.count("(select distinct lane_id from messages) l") == 3);
    CHECK(co_await world.count("marketing_events where event_type = 'campaign_launched'") == 3);
  });
}

TEST_CASE("campaigns: after an outage a series makes up for the last run at most, and none when it is long past") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(2);
    auto const c = co_await world.draft("recurring", R"({"cron":"0 * * * *"})");
    REQUIRE(co_await world.campaigns.schedule(world.context, c.id, std::nullopt));
    t.clock.set(at("2026-03-02T15:20:00Z"));
    co_await world.campaigns.tick();
    auto runs = co_await world.reports.runs(world.context.tenant, c.id, 1000, 10);
    REQUIRE(runs);
    REQUIRE(runs->size() == 1);
    CHECK(runs->front().run.scheduled_for == at("2026-03-02T15:00:00Z"));
    CHECK(runs->front().run.missed == 4);
    CHECK((co_await world.again(c.id)).next_run_at == at("2026-03-02T16:00:00Z"));
    // A daily one, missed for two days: the last one is seven hours old and waits for approval, the next one comes by itself.
    auto const daily = co_await world.draft("recurring", R"({"cron":"0 9 * * *"})");
    REQUIRE(co_await world.campaigns.launch(world.context, daily.id));
    REQUIRE(co_await world.campaigns.pause(world.context, c.id));
    t.clock.set(at("2026-03-04T16:00:00Z"));
    co_await world.campaigns.tick();
    auto const held = co_await world.again(daily.id);
    CHECK(held.status == Status::active);
    REQUIRE(held.hold_reason);
    CHECK(held.held_for == at("2026-03-04T09:00:00Z"));
    CHECK(held.next_run_at == at("2026-03-05T09:00:00Z"));
    CHECK(held.run_number == 0);
    t.clock.set(at("2026-03-05T09:00:00Z"));
    co_await world.campaigns.tick();
    auto const went_on = co_await world.again(daily.id);
    CHECK(went_on.run_number == 1);
    CHECK_FALSE(went_on.hold_reason);
    // What fell into a pause is not made up for.
    auto const resumed = co_await world.campaigns.resume(world.context, c.id);
    REQUIRE(resumed);
    CHECK(resumed->next_run_at == at("2026-03-05T10:00:00Z"));
    co_await world.campaigns.tick();
    CHECK((co_await world.again(c.id)).run_number == 1);
  });
}

TEST_CASE("campaigns: a broadcast takes no rule, and a series needs one") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(1);
    auto refused = [](Result<campaigns::Campaign> const& result) { return !result && result.error().fields.front().pointer.starts_with("/schedule"); };
    campaigns::Change wanted;
    wanted.name = "x";
    wanted.schedule = boost::json::parse(R"({"cron":"0 9 * * *"})").as_object();
    CHECK(refused(co_await world.campaigns.create(world.context, "broadcast", wanted)));
    wanted.schedule = boost::json::parse(R"({"at":"2026-07-01T09:00:00Z"})").as_object();
    CHECK(refused(co_await world.campaigns.create(world.context, "recurring", wanted)));
    auto const bare = co_await world.draft("recurring");
    CHECK(refused(co_await world.campaigns.launch(world.context, bare.id)));
    auto const over = co_await world.draft("recurring", R"({"rrule":"FREQ=DAILY;UNTIL=20260101","start":"2025-12-01T09:00","time_zone":"UTC"})");
    CHECK(refused(co_await world.campaigns.launch(world.context, over.id)));
  });
}
