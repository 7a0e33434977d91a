#include "postrider/base/fail_point.h"
#include "postrider/json/names.h"
#include "support/campaign_world.h"
#include "support/results.h"

#include <boost/json/parse.hpp>

#include <catch2/catch.hpp>

#include <set>

using namespace postrider;
using namespace postrider::test;
using campaigns::Status;

namespace {

using Actions = std::vector<std::string>;

std::set<std::string> pointers(Error const& error) {
  std::set<std::string> all;
  for (auto const& field : error.fields) all.insert(field.pointer);
  return all;
}

}  // namespace

TEST_CASE("campaigns: a broadcast goes from draft to completed, and every step is on record") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(30);
    auto const c = co_await world.draft();
    CHECK(c.status == Status::draft);
    auto const launched = co_await world.campaigns.launch(world.context, c.id);
    REQUIRE(launched);
    CHECK(launched->status == Status::active);
    CHECK(launched->audience == 30);
    CHECK(launched->run_number == 1);
    CHECK_FALSE(launched->undo_until);
    CHECK(co_await world.states(c.id) == "audience=30 queued=30");
    co_await world.campaigns.tick();
    CHECK((co_await world.again(c.id)).status == Status::active);
    CHECK(co_await world.work() == 1);
    CHECK(co_await world.count("messages where status = 'queued' and visit = '1'") == 30);
    CHECK(co_await world.count("campaign_audience") == 0);
    CHECK(co_await world.states(c.id) == "audience=30 queued=30");
    // The ids are UUIDs of version 7, in the order of the audience.
    auto const ids = co_await t.query("select id, contact_id from messages order by id");
    for (std::size_t i = 0; i < ids.size(); ++i) {
      CHECK(ids[i][0][14] == '7');
      CHECK(ids[i][1] == world.person(static_cast<int>(i)).str());
    }
    co_await world.deliver(c.id, "sent");
    t.clock.advance(std::chrono::seconds(5));
    co_await world.campaigns.tick();
    auto const done = co_await world.again(c.id);
    CHECK(done.status == Status::completed);
    CHECK(done.completed_at == t.clock.now());
    CHECK(co_await world.states(c.id) == "audience=30 sent=30");
    auto const actions = co_await world.actions(c.id);
    CHECK(actions == Actions{"created", "launched", "completed"});
    auto const changes = co_await t.query("select changes from audit_logs where action = 'completed'");
    CHECK(boost::json::parse(changes.at(0).at(0)).at("status") == boost::json::parse(R"({"old":"active","new":"completed"})"));
    auto const events = co_await t.query("select payload from marketing_events where event_type = 'campaign_launched'");
    REQUIRE(events.size() == 1);
    auto const payload = boost::json::parse(events[0][0]);
    CHECK(payload.at("audience").to_number<int>() == 30);
    CHECK(payload.at("run_number").to_number<int>() == 1);
    CHECK(payload.at("campaign_name").as_string() == "A broadcast");
  });
}

TEST_CASE("campaigns: somebody in several segments gets it once, and whoever is excluded not at all") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(10);
    std::vector<int> const first{1, 2, 3}, second{2, 3, 4, 5}, third{3, 5, 9};
    auto const some = co_await world.static_segment("some", first);
    auto const others = co_await world.static_segment("others", second);
    auto const without = co_await world.static_segment("without", third);
    std::vector<SegmentId> const all{some, others, world.everybody};
    auto const c = co_await world.draft("broadcast", "{}", all);
    campaigns::Change change;
    change.exclude_segment_ids = std::vector<SegmentId>(1, without);
    REQUIRE(co_await world.campaigns.change(world.context, c.id, change, std::nullopt));
    auto const launched = co_await world.campaigns.launch(world.context, c.id);
    REQUIRE(launched);
    CHECK(launched->audience == 7);
    // The audience was fixed: who joins or leaves now changes nothing.
    co_await t.query("delete from segment_memberships");
    co_await world.work();
    CHECK(co_await world.count("messages") == 7);
    CHECK(co_await world.count("messages where contact_id = '" + world.person(3).str() + "'") == 0);
  });
}

TEST_CASE("campaigns: an expansion that dies between chunks goes on where it was, and nobody gets it twice") {
  on_each_store([](TestStore& t) -> Task<void> {
    campaigns::Settings settings;
    settings.chunk = 10;
    CampaignWorld world(t, settings);
    co_await world.prepare(45);
    auto const c = co_await world.draft();
    REQUIRE(co_await world.campaigns.launch(world.context, c.id));
    for (auto const* const point : {"campaigns.chunk_written=error:2", "campaigns.chunk_expanded=error:1"}) {
      fail_point::arm(point);
      bool failed = false;
      try {
        co_await world.work();
      } catch (std::runtime_error const&) {
        failed = true;
      }
      fail_point::disarm_all();
      CHECK(failed);
    }
    CHECK(co_await world.count("messages") == 20);
    CHECK(co_await world.states(c.id) == "audience=45 queued=45");
    // Two workers at once: each chunk is one's alone.
    struct Both {
      static Task<void> run(CampaignWorld& world) { co_await world.work(); }
    };
    TaskGroup group(t.executor());
    group.spawn("one", Both::run(world));
    group.spawn("two", Both::run(world));
    co_await group.join();
    CHECK(co_await world.count("messages") == 45);
    CHECK(co_await world.count("(select distinct contact_id from messages) as people") == 45);
    CHECK(co_await world.states(c.id) == "audience=45 queued=45");
  });
}

TEST_CASE("campaigns: pause closes the lane at once, resume goes on, cancel ends what has not left") {
  on_each_store([](TestStore& t) -> Task<void> {
    campaigns::Settings settings;
    settings.chunk = 10;
    CampaignWorld world(t, settings);
    co_await world.prepare(25);
    auto const c = co_await world.draft();
    REQUIRE(co_await world.campaigns.launch(world.context, c.id));
    co_await world.work();
    CHECK(co_await world.count("send_lanes where is_open") == 1);
    auto const paused = co_await world.campaigns.pause(world.context, c.id);
    REQUIRE(paused);
    CHECK(paused->status == Status::paused);
    CHECK(co_await world.count("send_lanes where is_open") == 0);
    CHECK_FALSE(co_await world.campaigns.pause(world.context, c.id));
    CHECK_FALSE(co_await world.campaigns.launch(world.context, c.id));
    t.clock.advance(std::chrono::hours(1));
    REQUIRE(co_await world.campaigns.resume(world.context, c.id));
    CHECK(co_await world.count("send_lanes where is_open and next_due_at <= '" + to_text(t.clock.now()) + "'") == 1);
    co_await t.query("update messages set status = 'sent', sent_at = created_at where contact_id = '" + world.person(0).str() + "'");
    co_await t.query("update messages set status = 'sending', fence = 1 where contact_id = '" + world.person(1).str() + "'");
    auto const canceled = co_await world.campaigns.cancel(world.context, c.id);
    REQUIRE(canceled);
    CHECK(canceled->status == Status::canceled);
    CHECK(co_await world.states(c.id) == "audience=25 sending=1 sent=1 canceled=23");
    // What was in flight came back: it is canceled too, and then the run is settled.
    co_await t.query("update messages set status = 'queued' where status = 'sending'");
    co_await world.work();
    t.clock.advance(std::chrono::seconds(30));
    co_await world.campaigns.tick();
    CHECK(co_await world.states(c.id) == "audience=25 sent=1 canceled=24");
    CHECK(co_await world.count("campaign_runs where settled") == 1);
    CHECK_FALSE(co_await world.campaigns.resume(world.context, c.id));
    auto const actions = co_await world.actions(c.id);
    CHECK(actions == Actions{"created", "launched", "paused", "resumed", "canceled"});
  });
}

TEST_CASE("campaigns: canceled while it expands, the rest never becomes messages but is counted") {
  on_each_store([](TestStore& t) -> Task<void> {
    campaigns::Settings settings;
    settings.chunk = 10;
    CampaignWorld world(t, settings);
    co_await world.prepare(35);
    auto const c = co_await world.draft();
    REQUIRE(co_await world.campaigns.launch(world.context, c.id));
    fail_point::arm("campaigns.chunk_expanded=error:1");
    try {
      co_await world.work();
    } catch (std::runtime_error const&) {
    }
    fail_point::disarm_all();
    CHECK(co_await world.count("messages") == 10);
    REQUIRE(co_await world.campaigns.cancel(world.context, c.id));
    co_await world.work();
    CHECK(co_await world.count("messages") == 10);
    CHECK(co_await world.count("campaign_audience") == 0);
    CHECK(co_await world.states(c.id) == "audience=35 canceled=35");
  });
}

TEST_CASE("campaigns: a person may undo a launch until something was handed over") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(5);
    world.context.actor.kind = ActorKind::user;
    auto const c = co_await world.draft();
    auto const launched = co_await world.campaigns.launch(world.context, c.id);
    REQUIRE(launched);
    CHECK(launched->undo_until == t.clock.now() + std::chrono::seconds(20));
    CHECK(co_await world.work() == 0);  // nothing is due before
    CHECK(co_await world.count("send_lanes where next_due_at > '" + to_text(t.clock.now()) + "'") == 1);
    co_await world.campaigns.tick();
    auto const undone = co_await world.campaigns.undo(world.context, c.id);
    REQUIRE(undone);
    CHECK(undone->status == Status::draft);
    CHECK(co_await world.count("campaign_runs") == 0);
    CHECK(co_await world.count("send_lanes") == 0);
    CHECK(co_await world.count("campaign_audience") == 0);
    CHECK(co_await world.count("jobs where queue = 'campaigns'") == 0);
    CHECK_FALSE(co_await world.campaigns.undo(world.context, c.id));
    // Launched again it is a run of its own; expanded but not claimed it can still be undone; claimed it cannot.
    REQUIRE(co_await world.campaigns.launch(world.context, c.id));
    t.clock.advance(std::chrono::seconds(21));
    co_await world.work();
    CHECK(co_await world.count("messages where visit = '2'") == 5);
    REQUIRE(co_await world.campaigns.undo(world.context, c.id));
    CHECK(co_await world.count("messages") == 0);
    REQUIRE(co_await world.campaigns.launch(world.context, c.id, Duration(0)));
    co_await world.work();
    CHECK(co_await world.count("messages where visit = '3'") == 5);
    co_await t.query("update messages set status = 'sending', fence = 1 where contact_id = '" + world.person(1).str() + "'");
    auto const refused = co_await world.campaigns.undo(world.context, c.id);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::conflict);
    CHECK((co_await world.again(c.id)).status == Status::active);
    CHECK(co_await world.count("messages") == 5);
    CHECK(co_await world.states(c.id) == "audience=5 queued=4 sending=1");
  });
}

TEST_CASE("campaigns: what is not ready is not launched, and all that is missing is named at once") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(3);
    campaigns::Change bare;
    bare.name = "Bare";
    auto const c = co_await world.campaigns.create(world.context, "broadcast", bare);
    REQUIRE(c);
    auto const refused = co_await world.campaigns.launch(world.context, c->id);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::invalid);
    CHECK(pointers(refused.error()) == std::set<std::string>{"/segment_ids", "/template_id", "/sender_id"});
    CHECK((co_await world.again(c->id)).status == Status::draft);
    for (auto const* const type : {"journey", "outreach", "letter"}) {
      auto const made = co_await world.campaigns.create(world.context, type, bare);
      REQUIRE_FALSE(made);
      CHECK(pointers(made.error()) == std::set<std::string>{"/type"});
    }
    co_await t.query("update sender_identities set verified = false");
    co_await t.query("update providers set check_status = 'failed', check_detail = 'no route'");
    auto const ready = co_await world.draft();
    auto const unverified = co_await world.campaigns.launch(world.context, ready.id);
    REQUIRE_FALSE(unverified);
    CHECK(pointers(unverified.error()) == std::set<std::string>{"/sender_id"});
    std::set<std::string> codes;
    for (auto const& finding : co_await world.campaigns.findings(world.context.tenant, ready)) codes.insert(finding.code);
    CHECK(codes.contains("sender_unverified"));
    CHECK(codes.contains("provider_failing"));
    CHECK_FALSE(codes.contains("template_missing_unsubscribe"));
  });
}

TEST_CASE("campaigns: what may be edited depends on the state, and If-Match on the version") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(3);
    auto const c = co_await world.draft();
    campaigns::Change rename;
    rename.name = "New name";
    auto const renamed = co_await world.campaigns.change(world.context, c.id, rename, c.updated_at);
    REQUIRE(renamed);
    CHECK(renamed->updated_at > c.updated_at);
    auto const stale = co_await world.campaigns.change(world.context, c.id, rename, c.updated_at);
    REQUIRE_FALSE(stale);
    CHECK(stale.error().code == Code::precondition);
    REQUIRE(co_await world.campaigns.launch(world.context, c.id));
    campaigns::Change deep;
    deep.name = "Newer name";
    deep.priority = 2;
    deep.segment_ids = std::vector<SegmentId>();
    deep.template_id = world.letter;  // as it is: no change
    auto const refused = co_await world.campaigns.change(world.context, c.id, deep, std::nullopt);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::conflict);
    CHECK(pointers(refused.error()) == std::set<std::string>{"/priority", "/segment_ids"});
    campaigns::Change light;
    light.metadata = boost::json::parse(R"({"notes":"went well","tags":["x"]})").as_object();
    light.throttle_per_minute = std::optional<std::int64_t>(60);
    REQUIRE(co_await world.campaigns.change(world.context, c.id, light, std::nullopt));
    CHECK(co_await world.count("send_lanes where throttle_per_minute = 60") == 1);
    CHECK_FALSE(co_await world.campaigns.remove(world.context, c.id));
  });
}

TEST_CASE("campaigns: only what failed for a passing reason is retried") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(4);
    auto const c = co_await world.draft();
    REQUIRE(co_await world.campaigns.launch(world.context, c.id));
    co_await world.work();
    co_await world.deliver(c.id, "failed");
    auto const tenant = world.context.tenant.str();
    auto const now = to_text(t.clock.now());
    int number = 0;
    for (auto const& row : co_await t.query("select id from messages order by id")) {
      auto const* const outcome = number == 0 ? "permanent" : "temporary";
      co_await t.query("insert into message_attempts (tenant_id, message_id, attempt, fence, started_at, outcome, trace) values ('" + tenant + "','" + row[0] +
                       "',1,1,'" + now + "','" + outcome + "','[]')");
      if (++number == 2) co_await t.query("update messages set bounced_at = '" + now + "' where id = '" + row[0] + "'");
    }
    co_await world.campaigns.tick();
    CHECK((co_await world.again(c.id)).status == Status::completed);
    t.clock.advance(std::chrono::minutes(1));
    auto const retried = co_await world.campaigns.retry_failed(world.context, c.id);
    REQUIRE(retried);
    CHECK(*retried == 2);
    CHECK((co_await world.again(c.id)).status == Status::active);
    CHECK(co_await world.states(c.id) == "audience=4 queued=2 failed=2");
    CHECK(co_await world.count("send_lanes where is_open and next_due_at <= '" + to_text(t.clock.now()) + "'") == 1);
    co_await world.deliver(c.id, "sent");
    t.clock.advance(std::chrono::seconds(10));
    co_await world.campaigns.tick();
    CHECK((co_await world.again(c.id)).status == Status::completed);
    auto const none = co_await world.campaigns.retry_failed(world.context, c.id);
    REQUIRE(none);
    CHECK(*none == 0);
    CHECK((co_await world.again(c.id)).status == Status::completed);
  });
}

TEST_CASE("campaigns: another tenant's campaign is not there") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(3);
    auto const c = co_await world.draft();
    auto stranger = world.context;
    stranger.tenant = t.ids.make<TenantId>();
    auto missing = [](auto const& result) { return !result && result.error().code == Code::not_found; };
    CHECK(missing(co_await world.campaigns.find(stranger.tenant, c.id)));
    CHECK(missing(co_await world.campaigns.launch(stranger, c.id)));
    CHECK(missing(co_await world.campaigns.cancel(stranger, c.id)));
    CHECK(missing(co_await world.campaigns.undo(stranger, c.id)));
    CHECK(missing(co_await world.campaigns.forecast(stranger.tenant, c.id)));
    CHECK(missing(co_await world.campaigns.retry_failed(stranger, c.id)));
    CHECK(missing(co_await world.reports.report(stranger.tenant, c.id)));
    CHECK(missing(co_await world.reports.progress(stranger.tenant, c.id)));
    CHECK(missing(co_await world.reports.runs(stranger.tenant, c.id, 100, 10)));
    CHECK((co_await world.campaigns.list(stranger.tenant, campaigns::Filter(), std::nullopt, 10)).empty());
    // Segments, templates and senders of others do not exist either.
    campaigns::Change wanted;
    wanted.name = "Foreign";
    wanted.template_id = world.letter;
    wanted.sender_id = world.sender;
    auto const foreign = co_await world.campaigns.create(stranger, "broadcast", wanted);
    REQUIRE_FALSE(foreign);
    CHECK(pointers(foreign.error()) == std::set<std::string>{"/template_id", "/sender_id"});
  });
}
