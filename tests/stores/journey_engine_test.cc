// Journeys on real stores: who comes in, what is written, what is woken, and what happens once only.
#include "support/journey_world.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::test;
using namespace std::chrono_literals;

namespace {

std::string const documented = R"(
  {"id": "start", "kind": "trigger", "settings": {"on": "event", "event": "signed_up"}, "exits": {"next": "hello"}},
  {"id": "hello", "kind": "action", "settings": MAIL, "exits": {"next": "pause"}},
  {"id": "pause", "kind": "wait", "settings": {"duration": "2d"}, "exits": {"next": "read"}},
  {"id": "read", "kind": "condition", "settings": {"condition": {"type": "event", "event": "email_opened", "within": "24h"}}, "exits": {"true": "tag", "false": "bye"}},
  {"id": "tag", "kind": "action", "settings": {"act": "add_tag", "tag": "reader"}, "exits": {"next": "bye"}},
  {"id": "bye", "kind": "exit", "settings": {"reason": "done"}})";

std::string const called = R"({"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "FIRST"}},)";

std::string from_call(std::string first, std::string nodes) {
  auto text = called;
  text.replace(text.find("FIRST"), 5, first);
  return text + nodes + R"(, {"id": "bye", "kind": "exit", "settings": {"reason": "done"}})";
}

}  // namespace

TEST_CASE("journeys: the documented flow sends a message, waits two days, and tags whoever has read it") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(3);
    co_await w.journey(documented);
    co_await w.happens(w.person(0), "signed_up");
    co_await w.happens(w.person(1), "signed_up");
    co_await w.happens(w.person(2), "something_else");
    co_await w.work();
    CHECK(co_await w.value("select count(*) from journey_executions") == "2");
    CHECK(co_await w.value("select count(*) from messages where status = 'queued' and purpose = 'marketing' and visit = '2'") == "2");
    CHECK(co_await w.value("select count(*) from journey_executions where status = 'waiting' and node_id = 'pause'") == "2");
    CHECK(co_await w.value("select count(*) from journey_entrants") == "2");
    co_await w.later(30h);
    co_await w.happens(w.person(0), "email_opened");
    co_await w.later(17h);
    CHECK(co_await w.value("select count(*) from journey_executions where status = 'waiting'") == "2");
    co_await w.later(1h);
    CHECK(co_await w.path(w.person(0)) == "start next, hello next, pause next, read true, tag next, bye");
    CHECK(co_await w.path(w.person(1)) == "start next, hello next, pause next, read false, bye");
    CHECK(co_await w.value("select status || ' ' || reason from journey_executions where contact_id = '" + w.person(0).str() + "'") == "completed done");
    CHECK(co_await w.value("select tags from contacts where id = '" + w.person(0).str() + "'") == "[\"reader\"]");
    CHECK(co_await w.value("select tags from contacts where id = '" + w.person(1).str() + "'") == "[]");
    CHECK(co_await w.value("select count(*) from marketing_events where event_type = 'journey_entered'") == "2");
    CHECK(co_await w.value("select count(*) from marketing_events where event_type = 'journey_step_completed'") == "11");
    CHECK(co_await w.value("select count(*) from marketing_events where event_type = 'journey_exited'") == "2");
    CHECK(co_await w.value("select count(*) from journey_event_waits") == "0");
    // Whoever was there does not come again; nothing is done twice when nothing is due.
    co_await w.happens(w.person(0), "signed_up");
    CHECK(co_await w.work() == 0);
    CHECK(co_await w.value("select count(*) from messages") == "2");
  });
}

TEST_CASE("journeys: an event wakes exactly those who wait for it; a time-out leaves by itself") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(3);
    auto const id = co_await w.journey(
        from_call("hope", R"({"id": "hope", "kind": "wait", "settings": {"event": "paid", "where": [{"type": "attribute", "field": "total", "operator": "greater_than", "value": 10}], "at_most": "1d"}, "exits": {"next": "bye", "timeout": "late"}},
                            {"id": "late", "kind": "exit", "settings": {"reason": "late"}})"));
    for (int i = 0; i < 3; ++i) co_await w.call(id, w.person(i));
    co_await w.work();
    CHECK(co_await w.value("select count(*) from journey_event_waits where event_type = 'paid'") == "3");
    t.clock.advance(1h);
    co_await w.happens(w.person(0), "paid", R"({"total": 50})");
    co_await w.happens(w.person(1), "paid", R"({"total": 5})");
    CHECK(co_await w.work() == 2);  // the third is not even looked at
    CHECK(co_await w.path(w.person(0)) == "start next, hope next, bye");
    CHECK(co_await w.value("select count(*) from journey_executions where status = 'waiting'") == "2");
    co_await w.later(24h);
    CHECK(co_await w.path(w.person(1)) == "start next, hope timeout, late");
    CHECK(co_await w.path(w.person(2)) == "start next, hope timeout, late");
    CHECK(co_await w.value("select count(*) from journey_event_waits") == "0");
  });
}

TEST_CASE("journeys: entry rules let in once, after a time, or always; conditions keep out") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(2);
    std::string const nodes = R"({"id": "start", "kind": "trigger", "settings": {"on": "event", "event": "bought"}, "exits": {"next": "bye"}}, {"id": "bye", "kind": "exit"})";
    auto const once = co_await w.journey(nodes);
    auto const monthly = co_await w.journey(nodes, R"(, "entry": {"again": "after", "every": "30d"})");
    auto const always = co_await w.journey(nodes, R"(, "entry": {"again": "always"})");
    auto const dear = co_await w.journey(nodes, R"(, "entry": {"again": "always", "where": {"type": "attribute", "field": "event.total", "operator": "greater_than", "value": 100}})");
    auto count = [&w](JourneyId journey) { return w.value("select count(*) from journey_executions where journey_id = '" + journey.str() + "'"); };
    // Two in one batch, and one more a day later.
    co_await w.happens(w.person(0), "bought", R"({"total": 500})");
    co_await w.happens(w.person(0), "bought", R"({"total": 5})");
    co_await w.work();
    t.clock.advance(24h);
    co_await w.happens(w.person(0), "bought", R"({"total": 5})");
    co_await w.work();
    CHECK(co_await count(once) == "1");
    CHECK(co_await count(monthly) == "1");
    CHECK(co_await count(always) == "3");
    CHECK(co_await count(dear) == "1");
    t.clock.advance(24h * 30);
    co_await w.happens(w.person(0), "bought");
    co_await w.work();
    CHECK(co_await count(once) == "1");
    CHECK(co_await count(monthly) == "2");
  });
}

TEST_CASE("journeys: actions change people, lists, other journeys and the event log, in one transaction") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(2);
    std::vector<int> const nobody;
    auto const list = co_await w.world.static_segment("VIPs", nobody);
    auto const other = co_await w.journey(from_call("rest", R"({"id": "rest", "kind": "wait", "settings": {"duration": "9d"}, "exits": {"next": "bye"}})"));
    auto const nodes = R"({"id": "tag", "kind": "action", "settings": {"act": "add_tag", "tag": "vip"}, "exits": {"next": "stage"}},
      {"id": "stage", "kind": "action", "settings": {"act": "set_attribute", "field": "attributes.stage", "value": "won"}, "exits": {"next": "list"}},
      {"id": "list", "kind": "action", "settings": {"act": "add_to_segment", "segment_id": ")" + list.str() + R"("}, "exits": {"next": "tell"}},
      {"id": "tell", "kind": "action", "settings": {"act": "record_event", "event": "was_won", "properties": {"how": "journey"}}, "exits": {"next": "go"}},
      {"id": "go", "kind": "action", "settings": {"act": "start_journey", "journey_id": ")" + other.str() + R"("}, "exits": {"next": "wait"}},
      {"id": "wait", "kind": "wait", "settings": {"duration": "1d"}, "exits": {"next": "halt"}},
      {"id": "halt", "kind": "action", "settings": {"act": "end_journey", "journey_id": ")" + other.str() + R"("}, "exits": {"next": "untag"}},
      {"id": "untag", "kind": "action", "settings": {"act": "remove_tag", "tag": "vip"}, "exits": {"next": "bye"}})";
    auto const id = co_await w.journey(from_call("tag", nodes));
    for (int i = 0; i < 2; ++i) co_await w.call(id, w.person(i));
    co_await w.work();
    CHECK(co_await w.value("select count(*) from segment_memberships where segment_id = '" + list.str() + "'") == "2");
    CHECK(co_await w.value("select member_count from marketing_segments where id = '" + list.str() + "'") == "2");
    CHECK(co_await w.value("select attributes ->> 'stage' from contacts where id = '" + w.person(1).str() + "'") == "won");
    CHECK(co_await w.value("select count(*) from marketing_events where event_type = 'was_won'") == "2");
    CHECK(co_await w.value("select count(*) from marketing_events where event_type = 'segment_membership_changed' and contact_id = '" + w.person(1).str() + "'") != "0");
    CHECK(co_await w.value("select count(*) from journey_executions where status = 'waiting' and journey_id = '" + other.str() + "'") == "2");
    CHECK(co_await w.value("select count(*) from audit_logs where entity_type = 'contact' and action = 'updated'") == "2");
    co_await w.later(24h);
    CHECK(co_await w.value("select count(*) from journey_executions where status = 'exited' and reason = 'ended by another journey'") == "2");
    CHECK(co_await w.value("select tags from contacts where id = '" + w.person(0).str() + "'") == "[]");
    CHECK(co_await w.value("select count(*) from journey_executions where status = 'completed' and journey_id = '" + id.str() + "'") == "2");
  });
}

TEST_CASE("journeys: paused they freeze; what is overdue after an outage is held, not fired") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(1);
    auto const id = co_await w.journey(from_call("pause", R"({"id": "pause", "kind": "wait", "settings": {"duration": "1h"}, "exits": {"next": "mail"}}, {"id": "mail", "kind": "action", "settings": MAIL, "exits": {"next": "bye"}})"),
                                       R"(, "rules": {"overdue": "6h"})");
    co_await w.call(id, w.person(0));
    co_await w.work();
    co_await t.query("update journeys set status = 'paused'");
    CHECK(co_await w.later(2h) == 0);
    co_await t.query("update journeys set status = 'active'");
    co_await t.query("update journeys set status = 'paused'");
    CHECK(co_await w.later(24h) == 0);
    co_await t.query("update journeys set status = 'active'");
    co_await w.work();
    CHECK(co_await w.value("select count(*) from messages") == "0");
    CHECK(co_await w.value("select count(*) from journey_executions where held_at is not null and due_at is null and error = 'overdue'") == "1");
    // Somebody looked, and lets them go on.
    co_await t.query("update journey_executions set held_at = null, error = null, due_at = '" + to_text(t.clock.now()) + "'");
    co_await w.work();
    CHECK(co_await w.value("select count(*) from messages") == "1");
    CHECK(co_await w.path(w.person(0)) == "start next, pause next, mail next, bye");
  });
}

TEST_CASE("journeys: those in flight stay on their version, and orders of people are obeyed") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(3);
    auto const pause = R"({"id": "pause", "kind": "wait", "settings": {"duration": "1d"}, "exits": {"next": "WHERE"}})";
    auto with = [pause](std::string where) {
      std::string text = pause;
      return text.replace(text.find("WHERE"), 5, where);
    };
    auto const id = co_await w.journey(from_call("pause", with("bye")));
    co_await w.call(id, w.person(0));
    co_await w.work();
    co_await w.publish(id, 2, from_call("pause", with("tag") + R"(, {"id": "tag", "kind": "action", "settings": {"act": "add_tag", "tag": "new"}, "exits": {"next": "bye"}})"));
    co_await w.call(id, w.person(1));
    auto const third = co_await w.call(id, w.person(2));
    co_await w.work();
    co_await t.query("update journey_executions set orders = '{\"leave\": \"by hand\"}', due_at = '" + to_text(t.clock.now()) + "' where id = '" + third.str() + "'");
    co_await w.work();
    CHECK(co_await w.value("select status || ' ' || reason from journey_executions where id = '" + third.str() + "'") == "exited by hand");
    co_await w.later(24h);
    CHECK(co_await w.path(w.person(0)) == "start next, pause next, bye");
    CHECK(co_await w.path(w.person(1)) == "start next, pause next, tag next, bye");
    CHECK(co_await w.path(w.person(2)) == "start next, pause");
  });
}

TEST_CASE("journeys: somebody who cannot be led on is set aside, and the others go on") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(5);
    auto const id = co_await w.journey(from_call("pause", R"({"id": "pause", "kind": "wait", "settings": {"duration": "1h"}, "exits": {"next": "bye"}})"));
    for (int i = 0; i < 5; ++i) co_await w.call(id, w.person(i));
    co_await w.work();
    co_await t.query("update journey_executions set node_id = 'nowhere' where contact_id = '" + w.person(2).str() + "'");
    co_await w.later(1h);
    CHECK(co_await w.value("select count(*) from journey_executions where status = 'completed'") == "4");
    CHECK(co_await w.value("select error from journey_executions where held_at is not null") == "version 1 has no node nowhere");
  });
}

TEST_CASE("journeys: a goal that was reached and left behind is not reached again by the same event") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(1);
    auto const id = co_await w.journey(from_call("pause", R"({"id": "pause", "kind": "wait", "settings": {"duration": "9d"}, "exits": {"next": "bye"}},
      {"id": "a goal whose name is long", "kind": "goal", "settings": {"event": "came_by"}, "exits": {"next": "rest"}},
      {"id": "rest", "kind": "wait", "settings": {"event": "paid", "at_most": "5d"}, "exits": {"next": "more", "timeout": "bye"}},
      {"id": "more", "kind": "wait", "settings": {"duration": "1d"}, "exits": {"next": "bye"}})"));
    co_await w.call(id, w.person(0));
    co_await w.work();
    co_await w.happens(w.person(0), "came_by");
    co_await w.later(1h);
    co_await w.happens(w.person(0), "paid");
    co_await w.later(1h);
    co_await w.later(24h);
    CHECK(co_await w.path(w.person(0)) == "start next, pause goal, a goal whose name is long next, rest next, more next, bye");
    CHECK(co_await w.value("select count(*) from journey_executions where held_at is not null") == "0");
  });
}

TEST_CASE("journeys: whoever is moved is asked there what that node asks, whatever the node they left had to know") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(1);
    auto const id = co_await w.journey(from_call("pause", R"({"id": "pause", "kind": "wait", "settings": {"duration": "9d"}, "exits": {"next": "again"}},
      {"id": "again", "kind": "wait", "settings": {"duration": "9d"}, "exits": {"next": "read"}},
      {"id": "read", "kind": "condition", "settings": {"condition": {"type": "event", "event": "email_opened", "within": "24h"}}, "exits": {"true": "yes", "false": "bye"}},
      {"id": "yes", "kind": "exit", "settings": {"reason": "read it"}})"));
    auto const one = co_await w.call(id, w.person(0));
    co_await w.happens(w.person(0), "email_opened");
    co_await w.work();
    co_await t.query("update journey_executions set orders = '{\"move\": \"read\"}', due_at = '" + to_text(t.clock.now()) + "' where id = '" + one.str() + "'");
    co_await w.work();
    CHECK(co_await w.path(one) == "start next, pause, read true, yes");
  });
}

TEST_CASE("journeys: what happens while a journey rests is seen when it goes on, not when the wait is over") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(1);
    auto const id = co_await w.journey(from_call("hope", R"({"id": "hope", "kind": "wait", "settings": {"event": "paid", "at_most": "30d"}, "exits": {"next": "bye", "timeout": "bye"}})"));
    co_await w.call(id, w.person(0));
    co_await w.work();
    co_await t.query("update journeys set status = 'paused'");
    t.clock.advance(1h);
    co_await w.happens(w.person(0), "paid");
    CHECK(co_await w.work() == 0);
    co_await t.query("update journeys set status = 'active'");
    co_await w.later(1h);
    CHECK(co_await w.path(w.person(0)) == "start next, hope next, bye");
  });
}

TEST_CASE("journeys: one that brings its own people in again and again is stopped, and goes on later") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(1);
    co_await w.journey(R"({"id": "start", "kind": "trigger", "settings": {"on": "event", "event": "ping"}, "exits": {"next": "tell"}},
      {"id": "tell", "kind": "action", "settings": {"act": "record_event", "event": "ping"}, "exits": {"next": "bye"}}, {"id": "bye", "kind": "exit"})", R"(, "entry": {"again": "always"})");
    co_await w.happens(w.person(0), "ping");
    co_await w.work();
    CHECK(co_await w.value("select count(*) from journey_executions where status = 'completed'") == "100");
    t.clock.advance(2h);
    co_await w.happens(w.person(0), "ping");
    co_await w.work();
    CHECK(co_await w.value("select count(*) from journey_executions where status = 'completed'") == "200");
  });
}

TEST_CASE("journeys: a version in memory belongs to its tenant") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(0);
    auto const id = co_await w.journey(documented);
    CHECK(co_await w.engine.published(*t.store, t.tenant, id, 1));
    CHECK_FALSE(co_await w.engine.published(*t.store, t.ids.make<TenantId>(), id, 1));
  });
}

TEST_CASE("journeys: a version that cannot be read any more holds its own people and stops nobody else") {
  on_each_store([](TestStore& t) -> Task<void> {
    JourneyWorld w(t);
    co_await w.prepare(2);
    auto const bad = co_await w.journey(documented);
    auto const good = co_await w.journey(documented);
    co_await w.happens(w.person(0), "signed_up");
    co_await w.work();
    co_await t.query("update journey_versions set definition = '{\"nodes\": []}' where journey_id = '" + bad.str() + "'");
    journeys::Engine restarted(*t.store, t.clock, t.ids, t.random, w.http, journeys::Engine::Settings());
    co_await w.happens(w.person(1), "signed_up");
    auto const happened = co_await events::read_after(*t.store, w.seen, 500);
    {
      auto tx = co_await t.store->begin();
      co_await restarted.on_events(tx, t.tenant, happened);
      co_await tx.commit();
    }
    t.clock.advance(48h);
    for (auto const& busy : co_await restarted.busy()) co_await restarted.step(busy);
    CHECK(co_await w.value("select count(*) from journey_executions where status = 'completed' and journey_id = '" + good.str() + "'") == "1");
    CHECK(co_await w.value("select count(*) from journey_executions where contact_id = '" + w.person(1).str() + "'") == "1");
    CHECK(co_await w.value("select count(*) from journey_executions where held_at is not null and journey_id = '" + bad.str() + "'") == "1");
  });
}
