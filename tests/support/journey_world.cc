#include "support/journey_world.h"

#include <boost/json/parse.hpp>

namespace postrider::test {

namespace {

std::string replaced(std::string text, std::string const& what, std::string const& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
  return text;
}

http::ClientSettings loopback() {
  http::ClientSettings settings;
  settings.policy.allowed.push_back(*http::Allowance::parse("127.0.0.1/32"));
  return settings;
}

}  // namespace

JourneyWorld::JourneyWorld(TestStore& store_test)
    : t(store_test),
      world(store_test),
      http(store_test.executor(), loopback()),
      engine(*store_test.store, store_test.clock, store_test.ids, store_test.random, http, journeys::Engine::Settings()) {}

Task<void> JourneyWorld::prepare(int people) {
  co_await world.prepare(people);
  seen = co_await events::newest(*t.store);
}

Task<JourneyId> JourneyWorld::journey(std::string nodes, std::string rest) {
  auto const id = t.ids.make<JourneyId>();
  co_await t.query("insert into journeys (tenant_id, id, name, status, draft, version, created_at, updated_at) values ('" + t.tenant.str() + "', '" + id.str() + "', 'journey " +
                   id.str() + "', 'active', '{}', 1, '" + to_text(t.clock.now()) + "', '" + to_text(t.clock.now()) + "')");
  co_await publish(id, 1, std::move(nodes), std::move(rest));
  co_return id;
}

Task<void> JourneyWorld::publish(JourneyId id, int version, std::string nodes, std::string rest) {
  auto const mail = R"({"act": "send_message", "template_id": ")" + world.letter.str() + R"(", "sender_id": ")" + world.sender.str() + "\"}";
  auto const definition = replaced("{\"nodes\": [" + nodes + "]" + rest + "}", "MAIL", mail);
  auto const read = journeys::parse_definition(boost::json::parse(definition));
  if (!read) throw std::runtime_error(read.error().message + "\n" + definition);
  co_await t.query("insert into journey_versions (tenant_id, journey_id, version, definition, created_at) values ('" + t.tenant.str() + "', '" + id.str() + "', " +
                   std::to_string(version) + ", '" + definition + "', '" + to_text(t.clock.now()) + "')");
  co_await t.query("update journeys set version = " + std::to_string(version) + " where id = '" + id.str() + "'");
}

Task<void> JourneyWorld::happens(ContactId contact, std::string type, std::string payload) {
  events::Event event;
  event.id = t.ids.make<EventId>();
  event.type = std::move(type);
  event.contact_id = contact;
  event.payload = boost::json::parse(payload).as_object();
  event.occurred_at = t.clock.now();
  std::vector<events::Event> one;
  one.push_back(std::move(event));
  auto tx = co_await t.store->begin();
  co_await events::append(tx, t.tenant, std::move(one), t.clock.now());
  co_await tx.commit();
}

Task<int> JourneyWorld::work() {
  int turns = 0;
  for (int quiet = 0; quiet < 2;) {
    auto const happened = co_await events::read_after(*t.store, seen, 500);
    if (!happened.empty()) {
      seen = happened.back().position;
      auto tx = co_await t.store->begin();
      co_await engine.on_events(tx, t.tenant, happened);
      co_await tx.commit();
    }
    int stepped = 0;
    for (auto const& busy : co_await engine.busy()) stepped += co_await engine.step(busy);
    turns += stepped;
    quiet = happened.empty() && stepped == 0 ? quiet + 1 : 0;
  }
  co_return turns;
}

Task<int> JourneyWorld::later(Duration by) {
  t.clock.advance(by);
  co_return co_await work();
}

Task<ExecutionId> JourneyWorld::call(JourneyId id, ContactId contact) {
  auto const called = co_await engine.call(t.context(), id, contact, boost::json::object(), std::nullopt);
  if (!called) throw std::runtime_error(called.error().message);
  co_return *called;
}

Task<std::string> JourneyWorld::path(ExecutionId id) {
  std::string text;
  for (auto const& row : co_await t.query("select node_id, coalesce(exit, '') from journey_steps where execution_id = '" + id.str() + "' order by visit"))
    text += (text.empty() ? "" : ", ") + row[0] + (row[1].empty() ? "" : " " + row[1]);
  co_return text;
}

Task<std::string> JourneyWorld::path(ContactId contact) {
  auto const rows = co_await t.query("select id from journey_executions where contact_id = '" + contact.str() + "' order by entered_at desc, id desc");
  if (rows.empty()) co_return "";
  co_return co_await path(*ExecutionId::parse(rows[0][0]));
}

Task<std::string> JourneyWorld::value(std::string sql) {
  auto const rows = co_await t.query(std::move(sql));
  co_return rows.empty() ? std::string("none") : rows[0][0];
}

}  // namespace postrider::test
