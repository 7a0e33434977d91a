// The event log on both databases: nothing is skipped, nothing is handled twice.
#include "postrider/events/consumer.h"
#include "postrider/events/event_log.h"
#include "support/store_test.h"

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace postrider;
using namespace postrider::events;
using namespace postrider::test;

namespace {

std::vector<Event> some(TestStore& t, int count, std::string const& type = "thing_happened") {
  std::vector<Event> all;
  for (int i = 0; i < count; ++i) {
    Event event;
    event.id = t.ids.make<EventId>();
    event.type = type;
    event.payload["n"] = i;
    event.occurred_at = t.clock.now();
    all.push_back(std::move(event));
  }
  return all;
}

Task<void> tell(TestStore& t, std::vector<Event> told, std::optional<TenantId> tenant = {}) {
  auto tx = co_await t.store->begin();
  co_await append(tx, tenant.value_or(t.tenant), std::move(told), t.clock.now());
  co_await tx.commit();
}

Task<std::size_t> walk(TestStore& t, Position& at, int limit = 100) {
  auto const read = co_await read_after(*t.store, at, limit);
  if (!read.empty()) at = read.back().position;
  co_return read.size();
}

Task<void> prepare(TestStore& t) {
  co_await ensure_partitions(*t.store, t.clock.now());
  co_await t.query("create table heard (tenant_id uuid not null, event_id uuid not null, reader text not null)");
}

// Writes what it hears into the consumer's own transaction.
Task<void> write_down(db::Transaction& tx, TenantId tenant, std::vector<StoredEvent> const& heard, std::string reader) {
  static constexpr db::Statement insert{"test", "heard", db::Tag::router, "insert into heard (tenant_id, event_id, reader) values ($1, $2, $3)",
                                        "insert into heard (tenant_id, event_id, reader) values ($1, $2, $3)"};
  for (auto const& event : heard) co_await tx.exec(insert, tenant, event.event.id, reader);
}

Handler hearing(std::string reader) {
  return [reader = std::move(reader)](db::Transaction& tx, TenantId tenant, std::vector<StoredEvent> const& heard) { return write_down(tx, tenant, heard, reader); };
}

Task<void> fail_at_first(db::Transaction& tx, TenantId tenant, std::vector<StoredEvent> const& heard, int& calls) {
  co_await write_down(tx, tenant, heard, "flaky");
  if (++calls == 1) throw std::runtime_error("not today");
}

Task<int> count_heard(TestStore& t) {
  auto const rows = co_await t.query("select count(*) from heard");
  co_return std::stoi(rows[0][0]);
}

Task<void> hear(TestStore& t, int wanted) {
  for (int i = 0; i < 10'000; ++i) {
    auto const count = co_await count_heard(t);
    if (count >= wanted) break;
    co_await sleep_for(std::chrono::milliseconds(1));
  }
  auto const count = co_await count_heard(t);
  CHECK(count == wanted);
}

ConsumerSettings reader(std::string name) {
  ConsumerSettings settings;
  settings.name = std::move(name);
  settings.batch = 7;
  return settings;
}

}  // namespace

// A sequence alone is no cursor: the second writer commits first.
TEST_CASE("a reader does not step over an event whose transaction commits later") {
  on_postgres([](TestStore& t) -> Task<void> {
    co_await ensure_partitions(*t.store, t.clock.now());
    Position at;
    auto slow = co_await t.store->begin();
    co_await append(slow, t.tenant, some(t, 1, "slow"), t.clock.now());
    co_await tell(t, some(t, 1, "quick"));
    auto const early = co_await walk(t, at);
    CHECK(early == 0);  // the quick one waits for the slow one
    co_await slow.commit();
    auto const late = co_await walk(t, at);
    CHECK(late == 2);
    auto const nothing = co_await walk(t, at);
    CHECK(nothing == 0);
  });
}

TEST_CASE("a walk in small steps meets every event once, in the order of commits") {
  on_each_store([](TestStore& t) -> Task<void> {
    co_await ensure_partitions(*t.store, t.clock.now());
    for (int i = 0; i < 10; ++i) co_await tell(t, some(t, 5));
    Position at;
    std::size_t met = 0;
    for (std::size_t step = 1; step > 0; met += step) step = co_await walk(t, at, 3);
    CHECK(met == 50);
    auto const end = co_await newest(*t.store);
    CHECK(end == at);
  });
}

TEST_CASE("an event told twice under its id is there once") {
  on_each_store([](TestStore& t) -> Task<void> {
    co_await ensure_partitions(*t.store, t.clock.now());
    auto const told = some(t, 2);
    co_await tell(t, told);
    co_await tell(t, told);
    EventFilter filter;
    auto const listed = co_await list(*t.store, t.tenant, filter, std::nullopt, 10);
    CHECK(listed.size() == 2);
  });
}

TEST_CASE("partitions are made around now, once") {
  on_postgres([](TestStore& t) -> Task<void> {
    co_await ensure_partitions(*t.store, t.clock.now());
    auto const again = co_await ensure_partitions(*t.store, t.clock.now());
    CHECK(again == 0);
    t.clock.advance(std::chrono::hours(24 * 40));
    auto const later = co_await ensure_partitions(*t.store, t.clock.now());
    CHECK(later > 0);
  });
}

TEST_CASE("two instances of a consumer handle each event once, of every tenant, and go on where the other stopped") {
  on_each_store([](TestStore& t) -> Task<void> {
    co_await prepare(t);
    auto const other_store = co_await t.another();
    auto const first = make_consumer(*t.store, t.clock, t.executor(), t.instance, reader("listener"), hearing("first"));
    auto const second = make_consumer(*other_store, t.clock, t.executor(), t.ids.make<InstanceId>(), reader("listener"), hearing("second"));
    auto const stranger = t.ids.make<TenantId>();
    co_await tell(t, some(t, 20));
    co_await first->start();
    co_await second->start();
    co_await tell(t, some(t, 5), stranger);
    co_await tell(t, some(t, 20));
    co_await hear(t, 45);
    co_await first->stop();
    t.clock.advance(std::chrono::minutes(2));  // its lease is over
    co_await tell(t, some(t, 10));
    co_await hear(t, 55);
    co_await second->stop();
    co_await other_store->stop();
    auto const distinct = co_await t.query("select count(distinct event_id) from heard");
    CHECK(distinct[0][0] == "55");
  });
}

TEST_CASE("a consumer that throws loses nothing and writes nothing twice") {
  on_each_store([](TestStore& t) -> Task<void> {
    co_await prepare(t);
    int calls = 0;
    Handler const flaky = [&calls](db::Transaction& tx, TenantId tenant, std::vector<StoredEvent> const& heard) { return fail_at_first(tx, tenant, heard, calls); };
    co_await tell(t, some(t, 5));
    auto const consumer = make_consumer(*t.store, t.clock, t.executor(), t.instance, reader("flaky"), flaky);
    co_await consumer->start();
    co_await hear(t, 5);
    co_await consumer->stop();
    CHECK(calls >= 2);
    auto const cursor = co_await t.query("select failures from consumers where name = 'flaky'");
    CHECK(cursor[0][0] == "0");
  });
}

TEST_CASE("events are listed by kind, contact and time") {
  on_each_store([](TestStore& t) -> Task<void> {
    co_await ensure_partitions(*t.store, t.clock.now());
    co_await tell(t, some(t, 3, "first_kind"));
    t.clock.advance(std::chrono::minutes(1));
    auto const between = t.clock.now();
    auto about_somebody = some(t, 1, "second_kind");
    about_somebody[0].contact_id = t.ids.make<ContactId>();
    auto const somebody = about_somebody[0].contact_id;
    co_await tell(t, about_somebody);
    EventFilter filter;
    auto listed = co_await list(*t.store, t.tenant, filter, std::nullopt, 10);
    REQUIRE(listed.size() == 4);
    CHECK(listed[0].event.type == "second_kind");
    std::pair<Instant, EventId> const after(listed[1].created_at, listed[1].event.id);
    auto const rest = co_await list(*t.store, t.tenant, filter, after, 10);
    CHECK(rest.size() == 2);
    filter.contact_id = somebody;
    listed = co_await list(*t.store, t.tenant, filter, std::nullopt, 10);
    CHECK(listed.size() == 1);
    filter.contact_id = {};
    filter.to = between;
    listed = co_await list(*t.store, t.tenant, filter, std::nullopt, 10);
    CHECK(listed.size() == 3);
    filter.type = "second_kind";
    listed = co_await list(*t.store, t.tenant, filter, std::nullopt, 10);
    CHECK(listed.empty());
    auto const nobody = co_await list(*t.store, t.ids.make<TenantId>(), EventFilter(), std::nullopt, 10);
    CHECK(nobody.empty());
  });
}
