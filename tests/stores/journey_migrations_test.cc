// From one version of a journey to another, with people on the way; and back.
#include "postrider/journeys/executions.h"
#include "postrider/journeys/journeys.h"
#include "postrider/journeys/migrations.h"
#include "support/journey_world.h"
#include "support/results.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::journeys;
using namespace postrider::test;
using namespace std::chrono_literals;

namespace {

using Words = std::vector<std::string>;
using Map = std::map<std::string, std::string>;

std::string const first = R"(
  {"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "way"}},
  {"id": "way", "kind": "condition", "settings": {"field": "attributes.plan", "values": ["pro", "free"]}, "exits": {"pro": "long", "free": "short", "other": "hope"}},
  {"id": "long", "kind": "wait", "settings": {"duration": "4d"}, "exits": {"next": "bye"}},
  {"id": "short", "kind": "wait", "settings": {"duration": "1d"}, "exits": {"next": "bye"}},
  {"id": "hope", "kind": "wait", "settings": {"event": "paid", "at_most": "9d"}, "exits": {"next": "bye", "timeout": "bye"}},
  {"id": "bye", "kind": "exit", "settings": {"reason": "done"}})";

// `long` lasts two days only, `short` is gone, who hopes waits for another event, and there is a goal.
std::string const second = R"(
  {"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "long"}},
  {"id": "long", "kind": "wait", "settings": {"duration": "2d"}, "exits": {"next": "mail"}},
  {"id": "mail", "kind": "action", "settings": MAIL, "exits": {"next": "rest"}},
  {"id": "rest", "kind": "wait", "settings": {"duration": "1d"}, "exits": {"next": "hope"}},
  {"id": "hope", "kind": "wait", "settings": {"event": "signed", "at_most": "9d"}, "exits": {"next": "bye", "timeout": "bye"}},
  {"id": "bought", "kind": "goal", "settings": {"event": "purchased"}},
  {"id": "bye", "kind": "exit", "settings": {"reason": "done"}})";

struct Stage : JourneyWorld {
  explicit Stage(TestStore& store_test, int chunk = 2)
      : JourneyWorld(store_test),
        journeys(*store_test.store, store_test.clock, store_test.ids),
        executions(*store_test.store, store_test.clock, store_test.ids),
        migrations(*store_test.store, store_test.clock, store_test.ids, engine, Migrations::Settings{chunk}) {}

  // Six people: two at each wait of the first version.
  Task<void> begin() {
    co_await prepare(6);
    id = co_await journey(first);
    for (int i = 0; i < 6; ++i) {
      auto const plan = i < 2 ? "pro" : i < 4 ? "free" : "none";
      co_await t.query("update contacts set attributes = '{\"plan\": \"" + std::string(plan) + "\"}' where id = '" + person(i).str() + "'");
      auto const way = co_await call(id, person(i));
      ways.push_back(way);
    }
    co_await work();
    co_await publish(id, 2, second);
  }

  // Runs the job of a migration once.
  Task<jobs::Answer> run(Migration m) {
    auto handlers = migrations.job_handlers();
    jobs::Job job;
    job.tenant = t.tenant;
    job.payload["journey_id"] = id.str();
    job.payload["migration_id"] = m.id.str();
    co_return co_await handlers.at("journey:migrate")(job);
  }

  Task<std::string> at(int number) {
    co_return co_await value("select version || ' ' || node_id || ' ' || status from journey_executions where id = '" + ways.at(static_cast<std::size_t>(number)).str() + "'");
  }
  Task<std::string> waits(int number) {
    std::string all;
    auto const rows = co_await t.query("select event_type from journey_event_waits where execution_id = '" + ways.at(static_cast<std::size_t>(number)).str() + "' order by event_type");
    for (auto const& row : rows) all += (all.empty() ? "" : " ") + row[0];
    co_return all;
  }
  Task<std::string> due(int number) {
    co_return co_await value("select case when due_at = '" + to_text(t.clock.now()) + "' then 'now' else 'later' end from journey_executions where id = '" +
                             ways.at(static_cast<std::size_t>(number)).str() + "'");
  }

  Journeys journeys;
  Executions executions;
  Migrations migrations;
  JourneyId id;
  std::vector<ExecutionId> ways;
};

Map mapped(std::string const& fate_of_short) {
  Map map;
  map["short"] = fate_of_short;
  return map;
}

}  // namespace

TEST_CASE("journeys: a migration is planned node by node, and says what it cannot do") {
  on_each_store([](TestStore& t) -> Task<void> {
    Stage s(t);
    co_await s.begin();
    auto const lost = co_await s.migrations.plan(t.tenant, s.id, 1, 2, Map());
    REQUIRE_FALSE(lost.has_value());
    REQUIRE(lost.error().fields.size() == 1);
    CHECK(lost.error().fields[0].pointer == "/map/short");
    CHECK(lost.error().fields[0].code == "required");
    auto const plan = co_await s.migrations.plan(t.tenant, s.id, 1, 2, mapped("rest"));
    REQUIRE(plan.has_value());
    REQUIRE(plan->nodes.size() == 3);
    CHECK(plan->nodes[0].node == "long");
    CHECK(plan->nodes[0].fate == "keep");
    CHECK(plan->nodes[0].here == 2);
    CHECK(plan->nodes[1].fate == "move");
    CHECK(plan->nodes[1].to_node == "rest");
    CHECK(plan->nodes[2].fate == "keep");
    for (auto const* const wrong : {"nowhere", "start", "keep"}) {
      INFO(wrong);
      auto const refused = co_await s.migrations.plan(t.tenant, s.id, 1, 2, mapped(wrong));
      REQUIRE_FALSE(refused.has_value());
      CHECK(refused.error().fields[0].pointer == "/map/short");
    }
    auto unknown = mapped("exit");
    unknown["nowhere"] = "bye";
    auto const nobody = co_await s.migrations.plan(t.tenant, s.id, 1, 2, unknown);
    REQUIRE_FALSE(nobody.has_value());
    CHECK(nobody.error().fields[0].pointer == "/map/nowhere");
    CHECK((co_await s.migrations.plan(t.tenant, s.id, 1, 3, Map())).error().fields[0].pointer == "/to");
    CHECK((co_await s.migrations.plan(t.tenant, s.id, 7, 2, Map())).error().fields[0].pointer == "/from");
    CHECK((co_await s.migrations.plan(t.tenant, s.id, 2, 2, Map())).error().fields[0].pointer == "/to");
    CHECK((co_await s.migrations.plan(t.ids.make<TenantId>(), s.id, 1, 2, Map())).error().code == Code::not_found);
    // People come in by the newest: that can only be migrated to.
    Map back;
    back["mail"] = "exit";
    back["rest"] = "exit";
    auto const endless = co_await s.migrations.start(t.context(), s.id, 2, 1, back);
    REQUIRE_FALSE(endless.has_value());
    CHECK(endless.error().code == Code::conflict);
    CHECK(co_await s.value("select count(*) from journey_migrations") == "0");
    CHECK(co_await s.value("select count(*) from jobs") == "0");
  });
}

TEST_CASE("journeys: a migration keeps, moves and lets go in chunks; waits go on by the new settings, and events are exchanged") {
  on_each_store([](TestStore& t) -> Task<void> {
    Stage s(t, 1);
    co_await s.begin();
    CHECK(co_await s.waits(4) == "paid");
    t.clock.advance(12h);
    auto const started = co_await s.migrations.start(t.context(), s.id, 1, 2, mapped("exit"));
    REQUIRE(started.has_value());
    CHECK(started->map == Map{{"hope", "keep"}, {"long", "keep"}, {"short", "exit"}});
    auto const twice = co_await s.migrations.start(t.context(), s.id, 1, 2, mapped("exit"));
    REQUIRE_FALSE(twice.has_value());
    CHECK(twice.error().code == Code::conflict);
    CHECK(co_await s.value("select count(*) from jobs where kind = 'journey:migrate' and queue = 'journeys'") == "1");
    // Those who leave are the engine's: until it has looked, the job waits for them.
    CHECK(std::holds_alternative<jobs::Snooze>(co_await s.run(*started)));
    CHECK(co_await s.at(0) == "2 long waiting");
    CHECK(co_await s.at(4) == "2 hope waiting");
    CHECK(co_await s.waits(0) == "purchased");
    CHECK(co_await s.waits(4) == "purchased signed");
    co_await s.work();
    CHECK(co_await s.at(2) == "1 short exited");
    CHECK(std::holds_alternative<jobs::Done>(co_await s.run(*started)));
    auto const done = co_await s.migrations.find(t.tenant, s.id, started->id);
    REQUIRE(done.has_value());
    CHECK(done->status == "completed");
    CHECK(done->moved == 4);
    CHECK(done->exited == 2);
    // The old event wakes nobody, the new one does; two days in all, not two more.
    co_await s.happens(s.person(4), "paid");
    co_await s.work();
    CHECK(co_await s.at(4) == "2 hope waiting");
    co_await s.happens(s.person(4), "signed");
    co_await s.work();
    CHECK(co_await s.at(4) == "2 bye completed");
    co_await s.happens(s.person(5), "purchased");
    co_await s.work();
    CHECK(co_await s.at(5) == "2 bought completed");
    co_await s.later(35h);
    CHECK(co_await s.at(0) == "2 long waiting");
    co_await s.later(1h);
    CHECK(co_await s.at(0) == "2 rest waiting");
    CHECK(co_await s.path(s.ways[0]) == "start next, way pro, long migrated, long next, mail next");
    CHECK(co_await s.value("select count(*) from messages") == "2");
    CHECK(co_await s.value("select reason from journey_executions where id = '" + s.ways[2].str() + "'") == "migrated");
  });
}

TEST_CASE("journeys: a wait that is over by the new settings ends at once, and is not taken for overdue") {
  on_each_store([](TestStore& t) -> Task<void> {
    Stage s(t);
    co_await s.begin();
    t.clock.advance(80h);
    auto const started = co_await s.migrations.start(t.context(), s.id, 1, 2, mapped("rest"));
    REQUIRE(started.has_value());
    CHECK(std::holds_alternative<jobs::Done>(co_await s.run(*started)));
    CHECK(co_await s.due(0) == "now");
    CHECK(co_await s.due(2) == "later");
    co_await s.work();
    CHECK(co_await s.at(0) == "2 rest waiting");
    CHECK(co_await s.at(2) == "2 rest waiting");
    CHECK(co_await s.value("select count(*) from journey_executions where held_at is not null") == "0");
  });
}

TEST_CASE("journeys: a paused journey stays silent while it is migrated") {
  on_each_store([](TestStore& t) -> Task<void> {
    Stage s(t);
    co_await s.begin();
    CHECK((co_await s.journeys.pause(t.context(), s.id)).has_value());
    auto const started = co_await s.migrations.start(t.context(), s.id, 1, 2, mapped("mail"));
    REQUIRE(started.has_value());
    CHECK(std::holds_alternative<jobs::Done>(co_await s.run(*started)));
    co_await s.work();
    CHECK(co_await s.at(2) == "2 mail active");
    CHECK(co_await s.value("select count(*) from messages") == "0");
    co_await t.query("update journeys set status = 'active'");
    co_await s.work();
    CHECK(co_await s.at(2) == "2 rest waiting");
    CHECK(co_await s.value("select count(*) from messages") == "2");
  });
}

TEST_CASE("journeys: a migration is rolled back for whoever still stands where it put them, with the time they had waited") {
  on_each_store([](TestStore& t) -> Task<void> {
    Stage s(t);
    co_await s.begin();
    t.clock.advance(6h);
    auto const started = co_await s.migrations.start(t.context(), s.id, 1, 2, mapped("rest"));
    REQUIRE(started.has_value());
    CHECK(std::holds_alternative<jobs::Done>(co_await s.run(*started)));
    // One of them goes on before anybody thinks better of it.
    co_await s.happens(s.person(4), "signed");
    co_await s.work();
    auto const back = co_await s.migrations.roll_back(t.context(), s.id, started->id);
    REQUIRE(back.has_value());
    CHECK(back->status == "rolling_back");
    CHECK(std::holds_alternative<jobs::Done>(co_await s.run(*back)));
    auto const done = co_await s.migrations.find(t.tenant, s.id, started->id);
    REQUIRE(done.has_value());
    CHECK(done->status == "rolled_back");
    CHECK(done->moved == 6);
    CHECK(done->returned == 5);
    CHECK(co_await s.at(0) == "1 long waiting");
    CHECK(co_await s.at(2) == "1 short waiting");
    CHECK(co_await s.at(4) == "2 bye completed");
    CHECK(co_await s.at(5) == "1 hope waiting");
    CHECK(co_await s.waits(5) == "paid");
    CHECK(co_await s.waits(0) == "");
    // They came to their place six hours ago, and not now.
    co_await s.later(17h);
    CHECK(co_await s.at(2) == "1 short waiting");
    co_await s.later(1h);
    CHECK(co_await s.at(2) == "1 bye completed");
    CHECK(co_await s.path(s.ways[2]) == "start next, way free, short migrated, rest rolled_back, short next, bye");
    auto const again = co_await s.migrations.roll_back(t.context(), s.id, started->id);
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().code == Code::conflict);
    auto const listed = co_await s.migrations.list(t.tenant, s.id, std::nullopt, 10);
    REQUIRE(listed.has_value());
    CHECK(listed->size() == 1);
    auto const stranger = co_await s.migrations.roll_back(t.context(), t.ids.make<JourneyId>(), started->id);
    CHECK(stranger.error().code == Code::not_found);
    CHECK(co_await s.value("select count(*) from audit_logs where action in ('migration_started', 'migration_rolled_back')") == "2");
  });
}

TEST_CASE("journeys: who is held stays held through a migration, and whose webhook is being called is waited for") {
  on_each_store([](TestStore& t) -> Task<void> {
    Stage s(t);
    co_await s.begin();
    co_await t.query("update journey_executions set held_at = '" + to_text(t.clock.now()) + "', due_at = null where id = '" + s.ways[0].str() + "'");
    co_await t.query("update journey_executions set calling = true where id = '" + s.ways[1].str() + "'");
    auto const started = co_await s.migrations.start(t.context(), s.id, 1, 2, mapped("rest"));
    REQUIRE(started.has_value());
    CHECK(std::holds_alternative<jobs::Snooze>(co_await s.run(*started)));
    CHECK(co_await s.at(1) == "1 long waiting");
    CHECK(co_await s.value("select version || ' ' || node_id from journey_executions where held_at is not null and due_at is null") == "2 long");
    co_await t.query("update journey_executions set calling = false");
    CHECK(std::holds_alternative<jobs::Done>(co_await s.run(*started)));
    CHECK(co_await s.at(1) == "2 long waiting");
  });
}
