// What is read of those on the way, and ordered about them, over what the engine really wrote.
#include "postrider/journeys/executions.h"
#include "postrider/journeys/journeys.h"
#include "support/journey_world.h"
#include "support/results.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::journeys;
using namespace postrider::test;
using namespace std::chrono_literals;

namespace {

using Words = std::vector<std::string>;

std::string const flow = R"(
  {"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "pause"}},
  {"id": "pause", "kind": "wait", "settings": {"duration": "2d"}, "exits": {"next": "read"}},
  {"id": "read", "kind": "condition", "settings": {"condition": {"type": "event", "event": "email_opened", "within": "7d"}}, "exits": {"true": "mail", "false": "bye"}},
  {"id": "mail", "kind": "action", "settings": MAIL, "exits": {"next": "bye"}},
  {"id": "bought", "kind": "goal", "settings": {"event": "purchased"}},
  {"id": "bye", "kind": "exit", "settings": {"reason": "done"}})";

Words nodes(std::vector<ExecutionRecord> const& all) {
  Words told;
  for (auto const& e : all) told.push_back(e.node);
  return told;
}

NodeCounts at(Stats const& stats, std::string const& node) {
  for (auto const& each : stats.nodes)
    if (each.node == node) return each;
  return NodeCounts();
}

Task<std::vector<ExecutionRecord>> listed(Executions& executions, TenantId tenant, JourneyId journey, ExecutionFilter filter) {
  auto const found = co_await executions.list(tenant, journey, std::move(filter), std::nullopt, 100);
  if (!found) throw std::runtime_error(found.error().message);
  co_return *found;
}

}  // namespace

TEST_CASE("journeys: those on the way are listed newest first, by state, node, contact and whether they are held") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(4);
    Executions executions(*t.store, t.clock, t.ids);
    auto const id = co_await w.journey(flow);
    auto const other = co_await w.journey(flow);
    std::vector<ExecutionId> all;
    for (int i = 0; i < 4; ++i) {
      auto const one = co_await w.call(id, w.person(i));
      all.push_back(one);
      co_await w.work();
      co_await w.later(1min);
    }
    co_await w.call(other, w.person(0));
    co_await w.happens(w.person(1), "purchased");
    co_await w.work();
    auto const first = co_await executions.list(t.tenant, id, ExecutionFilter(), std::nullopt, 3);
    REQUIRE(first.has_value());
    REQUIRE(first->size() == 3);
    CHECK((*first)[0].id == all[3]);
    CHECK((*first)[0].email == "p3@example.net");
    CHECK((*first)[0].status == ExecutionStatus::waiting);
    CHECK((*first)[0].due_at == (*first)[0].entered_at + 48h);
    LastExecution const last((*first)[2].entered_at, (*first)[2].id);
    auto const rest = co_await executions.list(t.tenant, id, ExecutionFilter(), last, 3);
    REQUIRE(rest.has_value());
    REQUIRE(rest->size() == 1);
    CHECK((*rest)[0].id == all[0]);
    ExecutionFilter filter;
    filter.status = ExecutionStatus::completed;
    auto found = co_await listed(executions, t.tenant, id, filter);
    REQUIRE(found.size() == 1);
    CHECK(found[0].contact == w.person(1));
    CHECK(found[0].reason == "goal");
    filter = ExecutionFilter();
    filter.node = "pause";
    found = co_await listed(executions, t.tenant, id, filter);
    CHECK(nodes(found) == Words{"pause", "pause", "pause"});
    CHECK(found[0].id == all[3]);
    filter.version = 2;
    found = co_await listed(executions, t.tenant, id, filter);
    CHECK(found.empty());
    filter = ExecutionFilter();
    filter.contact = w.person(0);
    found = co_await listed(executions, t.tenant, id, filter);
    REQUIRE(found.size() == 1);
    CHECK(found[0].id == all[0]);
    filter = ExecutionFilter();
    filter.held = true;
    found = co_await listed(executions, t.tenant, id, filter);
    CHECK(found.empty());
    filter.held = false;
    found = co_await listed(executions, t.tenant, id, filter);
    CHECK(found.size() == 4);
    auto const of_contact = co_await executions.of_contact(t.tenant, w.person(0), std::nullopt, 10);
    REQUIRE(of_contact.has_value());
    REQUIRE(of_contact->size() == 2);
    CHECK((*of_contact)[0].journey == other);
    auto const unknown = co_await executions.of_contact(t.tenant, t.ids.make<ContactId>(), std::nullopt, 10);
    CHECK(unknown.error().code == Code::not_found);
    auto const stranger = co_await executions.list(t.ids.make<TenantId>(), id, ExecutionFilter(), std::nullopt, 10);
    CHECK(stranger.error().code == Code::not_found);
    auto const elsewhere = co_await executions.explain(t.tenant, other, all[0]);
    CHECK(elsewhere.error().code == Code::not_found);
  });
}

TEST_CASE("journeys: one way is told visit by visit with its reasons, its messages and what it waits for") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(1);
    Executions executions(*t.store, t.clock, t.ids);
    auto const id = co_await w.journey(flow);
    auto const way = co_await w.call(id, w.person(0));
    co_await w.work();
    auto told = co_await executions.explain(t.tenant, id, way);
    REQUIRE(told.has_value());
    CHECK(told->execution.node == "pause");
    CHECK(told->waits_for == Words{"purchased"});
    REQUIRE(told->steps.size() == 1);
    CHECK(told->steps[0].node == "start");
    co_await w.happens(w.person(0), "email_opened");
    co_await w.later(48h);
    told = co_await executions.explain(t.tenant, id, way);
    REQUIRE(told.has_value());
    CHECK(told->execution.status == ExecutionStatus::completed);
    CHECK(told->execution.reason == "done");
    CHECK(told->waits_for.empty());
    REQUIRE(told->steps.size() == 5);
    CHECK(told->steps[2].node == "read");
    CHECK(told->steps[2].exit == "true");
    CHECK(told->steps[2].trace.at("holds") == true);
    CHECK(told->steps[4].node == "bye");
    CHECK_FALSE(told->steps[4].exit);
    CHECK_FALSE(told->more_steps);
    REQUIRE(told->messages.size() == 1);
    CHECK(told->messages[0].visit == told->steps[3].visit);
    CHECK(told->messages[0].status == "queued");
  });
}

TEST_CASE("journeys: the counts say where people are, which ways they left, and how many reached a goal") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(5);
    Executions executions(*t.store, t.clock, t.ids);
    auto const id = co_await w.journey(flow);
    auto const nobody = co_await executions.stats(t.tenant, id, std::nullopt);
    REQUIRE(nobody.has_value());
    CHECK(nobody->entered == 0);
    CHECK_FALSE(nobody->goal_rate());
    CHECK(nobody->nodes.size() == 6);
    for (int i = 0; i < 4; ++i) co_await w.call(id, w.person(i));
    co_await w.work();
    co_await w.happens(w.person(0), "purchased");
    co_await w.happens(w.person(1), "email_opened");
    co_await w.later(48h);
    co_await w.publish(id, 2, flow);
    co_await w.call(id, w.person(4));
    co_await w.work();
    auto const stats = co_await executions.stats(t.tenant, id, std::nullopt);
    REQUIRE(stats.has_value());
    CHECK(stats->entered == 5);
    CHECK(stats->in_flight == 1);
    CHECK(stats->completed == 4);
    CHECK(stats->completed_by == std::map<std::string, std::int64_t>{{"done", 3}, {"goal", 1}});
    CHECK(stats->exited == 0);
    CHECK(stats->reached_goal == 1);
    CHECK(stats->goal_rate() == Approx(0.2));
    CHECK(stats->nodes[0].node == "start");
    auto const pause = at(*stats, "pause");
    CHECK(pause.entered == 5);
    CHECK(pause.here == 1);
    CHECK(pause.left == std::map<std::string, std::int64_t>{{"goal", 1}, {"next", 3}});
    auto const read = at(*stats, "read");
    CHECK(read.left == std::map<std::string, std::int64_t>{{"false", 2}, {"true", 1}});
    CHECK(at(*stats, "bye").left == std::map<std::string, std::int64_t>{{"", 3}});
    // Everybody who came into a node left it or is there.
    for (auto const& node : stats->nodes) {
      std::int64_t sum = node.here;
      for (auto const& [exit, count] : node.left) sum += count;
      CHECK(sum == node.entered);
    }
    auto const second = co_await executions.stats(t.tenant, id, 2);
    REQUIRE(second.has_value());
    CHECK(second->entered == 1);
    CHECK(second->in_flight == 1);
    auto const third = co_await executions.stats(t.tenant, id, 3);
    CHECK(third.error().code == Code::not_found);
  });
}

TEST_CASE("journeys: an order takes somebody out or moves them at the engine's next look, also while the journey rests") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(3);
    Executions executions(*t.store, t.clock, t.ids);
    Journeys journeys(*t.store, t.clock, t.ids);
    auto const id = co_await w.journey(flow);
    auto const out = co_await w.call(id, w.person(0));
    auto const moved = co_await w.call(id, w.person(1));
    auto const resting = co_await w.call(id, w.person(2));
    co_await w.work();
    auto const unknown = co_await executions.move(t.context(), id, moved, "nowhere");
    REQUIRE_FALSE(unknown.has_value());
    CHECK(unknown.error().fields.at(0).pointer == "/node_id");
    auto const backwards = co_await executions.move(t.context(), id, moved, "start");
    REQUIRE_FALSE(backwards.has_value());
    CHECK(backwards.error().code == Code::invalid);
    auto const ordered = co_await executions.leave(t.context(), id, out, "asked_to");
    REQUIRE(ordered.has_value());
    CHECK(ordered->order);
    CHECK(ordered->due_at == t.clock.now());
    CHECK((co_await executions.move(t.context(), id, moved, "mail")).has_value());
    co_await w.work();
    CHECK(co_await w.path(out) == "start next, pause");
    CHECK(co_await w.path(moved) == "start next, pause, mail next, bye");
    CHECK(co_await w.value("select status || ' ' || reason from journey_executions where id = '" + out.str() + "'") == "exited asked_to");
    auto const late = co_await executions.leave(t.context(), id, out, "again");
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().code == Code::conflict);
    CHECK((co_await executions.move(t.context(), id, moved, "mail")).error().code == Code::conflict);
    CHECK((co_await executions.retry(t.context(), id, moved)).error().code == Code::conflict);
    auto const nothing_failed = co_await executions.retry(t.context(), id, resting);
    CHECK(nothing_failed.error().code == Code::conflict);
    CHECK((co_await journeys.pause(t.context(), id)).has_value());
    co_await w.later(72h);
    CHECK(co_await w.value("select node_id from journey_executions where id = '" + resting.str() + "'") == "pause");
    CHECK((co_await executions.leave(t.context(), id, resting, "while_paused")).has_value());
    co_await w.work();
    CHECK(co_await w.value("select reason from journey_executions where id = '" + resting.str() + "'") == "while_paused");
    CHECK(co_await w.value("select count(*) from audit_logs where entity_type = 'journey_execution'") == "3");
  });
}

TEST_CASE("journeys: what an outage made too late is held, listed, and goes on when it is let go") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(3);
    Executions executions(*t.store, t.clock, t.ids);
    auto const id = co_await w.journey(flow, R"(, "rules": {"overdue": "1h"})");
    std::vector<ExecutionId> all;
    for (int i = 0; i < 3; ++i) {
      auto const one = co_await w.call(id, w.person(i));
      all.push_back(one);
    }
    co_await w.work();
    t.clock.advance(60h);
    co_await w.work();
    ExecutionFilter filter;
    filter.held = true;
    auto const held = co_await listed(executions, t.tenant, id, filter);
    REQUIRE(held.size() == 3);
    CHECK(held[0].error == "overdue");
    CHECK_FALSE(held[0].due_at);
    filter.status = ExecutionStatus::completed;
    auto const none = co_await listed(executions, t.tenant, id, filter);
    CHECK(none.empty());
    auto const stats = co_await executions.stats(t.tenant, id, std::nullopt);
    REQUIRE(stats.has_value());
    CHECK(stats->held == 3);
    CHECK(at(*stats, "pause").held == 3);
    CHECK((co_await executions.retry(t.context(), id, all[0])).has_value());
    co_await w.work();
    CHECK(co_await w.path(all[0]) == "start next, pause next, read false, bye");
    auto const released = co_await executions.release(t.context(), id);
    REQUIRE(released.has_value());
    CHECK(*released == 2);
    auto const again = co_await executions.release(t.context(), id);
    REQUIRE(again.has_value());
    CHECK(*again == 0);
    co_await w.work();
    CHECK(co_await w.value("select count(*) from journey_executions where status = 'completed'") == "3");
    CHECK(co_await w.value("select count(*) from audit_logs where entity_type = 'journey' and action = 'released'") == "1");
    auto const stranger = co_await executions.release(t.context(), t.ids.make<JourneyId>());
    CHECK(stranger.error().code == Code::not_found);
  });
}

TEST_CASE("journeys: what failed is tried again at once when somebody says so") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(1);
    Executions executions(*t.store, t.clock, t.ids);
    auto const id = co_await w.journey(R"({"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "mail"}},
      {"id": "mail", "kind": "action", "settings": MAIL, "exits": {"next": "bye"}}, {"id": "bye", "kind": "exit"})");
    co_await t.query("update sender_identities set verified = false");
    auto const way = co_await w.call(id, w.person(0));
    co_await w.work();
    auto const failed = co_await executions.explain(t.tenant, id, way);
    REQUIRE(failed.has_value());
    CHECK(failed->execution.failures == 1);
    CHECK(failed->execution.due_at > t.clock.now());
    co_await t.query("update sender_identities set verified = true");
    CHECK(co_await w.work() == 0);
    CHECK((co_await executions.retry(t.context(), id, way)).has_value());
    co_await w.work();
    CHECK(co_await w.path(way) == "start next, mail next, bye");
    CHECK(co_await w.value("select count(*) from messages") == "1");
  });
}
