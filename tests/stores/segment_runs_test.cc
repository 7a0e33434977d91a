#include "postrider/contacts/contacts.h"
#include "postrider/events/event_log.h"
#include "postrider/jobs/job.h"
#include "support/results.h"
#include "support/segment_world.h"

#include <boost/json/parse.hpp>

#include <functional>

using namespace postrider;
using namespace postrider::test;
using segments::Segments;

TEST_CASE("segments: a dead job under the same key does not stand in the way of the next calculation") {
  on_each_store([](TestStore& t) -> Task<void> {
    Segments all(*t.store, t.clock, t.ids);
    auto const id = co_await dynamic(t, "SaaS", saas);
    co_await t.query("update jobs set state = 'dead'");
    REQUIRE(co_await all.request_calculation(t.context(), id));
    auto rows = co_await t.query("select state, job_key from jobs");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0][0] == "ready");
    // One that runs may have begun too early: another follows it. A third request adds nothing.
    co_await t.query("update jobs set state = 'running'");
    REQUIRE(co_await all.request_calculation(t.context(), id));
    REQUIRE(co_await all.request_calculation(t.context(), id));
    rows = co_await t.query("select state from jobs order by state");
    REQUIRE(rows.size() == 2);
    CHECK(rows[0][0] == "ready");
    CHECK(rows[1][0] == "running");
  });
}

TEST_CASE("segments: the scheduler queues what is due, every five minutes, and backs off from what fails") {
  on_each_store([](TestStore& t) -> Task<void> {
    Segments all(*t.store, t.clock, t.ids);
    auto const id = co_await dynamic(t, "SaaS", saas);
    auto handlers = all.job_handlers();
    jobs::Job job;
    job.tenant = t.tenant;
    job.payload["segment_id"] = id.str();
    co_await handlers["segment:recalculate"](job);
    co_await t.query("delete from jobs");
    co_await all.tick();
    CHECK((co_await t.query("select * from jobs")).empty());
    t.clock.advance(std::chrono::minutes(5));
    co_await all.tick();
    CHECK((co_await t.query("select * from jobs")).size() == 1);
    co_await all.tick();
    CHECK((co_await t.query("select * from jobs")).size() == 1);
    // Conditions that this binary cannot read: seen on the segment, tried again later and later.
    co_await t.query("update marketing_segments set conditions = '{\"type\":\"weather\"}'");
    for (int i = 0; i < 3; ++i) co_await handlers["segment:recalculate"](job);
    auto const s = co_await all.find(t.tenant, id);
    CHECK(s->calculation_error.value_or("").find("must be attribute") != std::string::npos);
    CHECK(s->calculation_failures == 3);
    co_await t.query("delete from jobs");
    t.clock.advance(std::chrono::minutes(19));
    co_await all.tick();
    CHECK((co_await t.query("select * from jobs")).empty());
    t.clock.advance(std::chrono::minutes(2));
    co_await all.tick();
    CHECK((co_await t.query("select * from jobs")).size() == 1);
    co_await t.query(std::string("update marketing_segments set conditions = '") + saas + "'");
    co_await handlers["segment:recalculate"](job);
    auto const mended = co_await all.find(t.tenant, id);
    CHECK_FALSE(mended->calculation_error);
    CHECK(mended->calculation_failures == 0);
  });
}

TEST_CASE("segments: explain names every part, what it read and its verdict") {
  on_each_store([](TestStore& t) -> Task<void> {
    Segments all(*t.store, t.clock, t.ids);
    auto const anna = co_await add_contact(t, "anna@example.net", R"({"score":7})", R"(["vip"])");
    co_await happen(t, anna, "order.placed", t.clock.now() - std::chrono::hours(1));
    auto const id = co_await dynamic(t, "S", R"({"and":[{"type":"attribute","field":"score","operator":"greater_than","value":5},{"type":"event","event":"order.placed","within":"3d"},{"not":{"type":"tag","tag":"vip"}}]})");
    auto const found = co_await all.explain(t.tenant, id, anna);
    REQUIRE(found);
    CHECK_FALSE(found->member);
    REQUIRE(found->finding);
    CHECK_FALSE(found->finding->holds);
    auto const& parts = found->finding->parts;
    REQUIRE(parts.size() == 3);
    CHECK(parts[0].pointer == "/and/0");
    CHECK(parts[0].question == "attributes.score greater_than 5");
    CHECK(parts[0].holds);
    CHECK(parts[0].read == boost::json::value(7));
    CHECK(parts[1].holds);
    CHECK(parts[1].read.at("count") == boost::json::value(1));
    CHECK_FALSE(parts[2].holds);
    CHECK(parts[2].parts[0].pointer == "/and/2/not");
    CHECK((co_await all.explain(t.tenant, id, ContactId())).error().code == Code::not_found);
    auto const vips = co_await dynamic(t, "Vips", R"({"type":"tag","tag":"vip"})");
    REQUIRE(co_await all.recalculate(t.tenant, id));
    REQUIRE(co_await all.recalculate(t.tenant, vips));
    auto const hers = co_await all.of_contact(t.tenant, anna);
    CHECK(hers == std::vector<SegmentId>(1, vips));
    CHECK((co_await all.of_contact(t.tenant, ContactId())).empty());
  });
}

TEST_CASE("segments: a preview counts, shows the newest ten, and changes nothing") {
  on_each_store([](TestStore& t) -> Task<void> {
    Segments all(*t.store, t.clock, t.ids);
    ContactId last;
    for (int i = 0; i < 15; ++i) last = co_await add_contact(t, "p" + std::to_string(i) + "@example.net", R"({"industry":"SaaS"})");
    auto const found = co_await all.preview(t.tenant, boost::json::parse(saas));
    REQUIRE(found);
    CHECK(found->count == 15);
    CHECK_FALSE(found->approximate);
    REQUIRE(found->sample.size() == 10);
    CHECK(found->sample[0].id == last);
    CHECK((co_await t.query("select * from segment_memberships")).empty());
    auto const nobody = co_await all.preview(t.tenant, boost::json::parse(R"({"type":"tag","tag":"none"})"));
    CHECK(nobody->count == 0);
  });
}

TEST_CASE("segments: tenants do not see each other's people") {
  on_each_store([](TestStore& t) -> Task<void> {
    Segments all(*t.store, t.clock, t.ids);
    auto const anna = co_await add_contact(t, "anna@example.net", R"({"industry":"SaaS"})");
    auto const other = *TenantId::parse("00000000-0000-7000-8000-000000000002");
    auto elsewhere = t.context();
    elsewhere.tenant = other;
    auto const theirs = co_await all.create(elsewhere, "SaaS", "", true, boost::json::parse(saas));
    REQUIRE(theirs);
    CHECK((co_await all.recalculate(other, theirs->id))->member_count == 0);
    CHECK((co_await all.recalculate(t.tenant, theirs->id)).error().code == Code::not_found);
    auto const mine = co_await dynamic(t, "SaaS", saas);
    co_await calculated(t, mine);
    CHECK((co_await all.preview(other, boost::json::parse(saas)))->count == 0);
    CHECK((co_await all.explain(other, theirs->id, anna)).error().code == Code::not_found);
    auto const made = co_await all.create(elsewhere, "By hand", "", false, nullptr);
    segments::MembersChange change;
    change.add = {anna};
    CHECK_FALSE(co_await all.change_members(elsewhere, made->id, change));
  });
}

TEST_CASE("segments: an answer to conditions that were changed meanwhile is thrown away") {
  on_each_store([](TestStore& t) -> Task<void> {
    Segments all(*t.store, t.clock, t.ids);
    auto const anna = co_await add_contact(t, "anna@example.net", R"({"industry":"SaaS"})");
    auto const id = co_await dynamic(t, "S", saas);
    co_await calculated(t, id);
    t.clock.advance(std::chrono::minutes(1));
    co_await t.query("delete from jobs");
    boost::json::value const other = boost::json::parse(R"({"type":"attribute","field":"industry","operator":"equals","value":"Retail"})");
    REQUIRE(co_await all.change(t.context(), id, std::nullopt, std::nullopt, other, std::nullopt));
    CHECK((co_await t.query("select * from jobs")).size() == 1);
    auto const s = co_await calculated(t, id);
    CHECK(s.member_count == 0);
    CHECK(co_await members_of(t, id) == std::set<ContactId>());
    CHECK(anna != ContactId());
  });
}

TEST_CASE("segments: two instances that calculate at once tell of each change once") {
  on_each_store([](TestStore& t) -> Task<void> {
    for (int i = 0; i < 200; ++i) co_await add_contact(t, "p" + std::to_string(i) + "@example.net", R"({"industry":"SaaS"})");
    auto const id = co_await dynamic(t, "S", saas);
    auto second = co_await t.another();
    static int ended = 0;
    ended = 0;
    TaskGroup group(t.executor());
    struct Run {
      static Task<void> calculate(TestStore& t, db::Store& store, SegmentId id) {
        Segments all(store, t.clock, t.ids);
        co_await all.recalculate(t.tenant, id);
        ++ended;
      }
    };
    group.spawn("one", Run::calculate(t, *t.store, id));
    group.spawn("two", Run::calculate(t, *second, id));
    std::function<bool()> const both = [] { return ended == 2; };
    co_await t.until(both);
    co_await group.join();
    auto const rows = co_await t.query("select count(*), count(distinct contact_id) from marketing_events where event_type = 'segment_membership_changed'");
    CHECK(rows[0] == texts("200", "200"));
    Segments all(*t.store, t.clock, t.ids);
    CHECK((co_await all.find(t.tenant, id))->member_count == 200);
    co_await second->stop();
  });
}

TEST_CASE("segments: contacts that are deleted leave, and those that change while it is calculated are not forgotten") {
  on_each_store([](TestStore& t) -> Task<void> {
    std::vector<ContactId> people;
    for (int i = 0; i < 60; ++i) people.push_back(co_await add_contact(t, "p" + std::to_string(i) + "@example.net", R"({"industry":"Retail"})"));
    auto const id = co_await dynamic(t, "S", saas);
    co_await calculated(t, id);
    static bool writing = false;
    writing = true;
    TaskGroup group(t.executor());
    struct Run {
      static Task<void> change(TestStore& t, std::vector<ContactId> people) {
        contacts::Contacts all(*t.store, t.clock, t.ids);
        for (std::size_t i = 0; i < people.size(); ++i) {
          t.clock.advance(std::chrono::seconds(3));
          if (i % 10 == 9) co_await all.remove(t.context(), people[i]);
          else co_await set_attributes(t, people[i], R"({"industry":"SaaS"})");
        }
        writing = false;
      }
    };
    group.spawn("changes", Run::change(t, people));
    auto second = co_await t.another();
    Segments other(*second, t.clock, t.ids);
    while (writing) REQUIRE(co_await other.recalculate(t.tenant, id));
    co_await group.join();
    t.clock.advance(std::chrono::minutes(1));
    auto const s = co_await calculated(t, id);
    CHECK(s.member_count == 54);
    auto const rows = co_await t.query("select count(*), count(distinct contact_id) from marketing_events where event_type = 'segment_membership_changed' and payload ->> 'change' = 'joined'");
    CHECK(rows[0][0] == rows[0][1]);
    co_await second->stop();
  });
}

TEST_CASE("segments: what a writer that has not ended yet is about to change is looked at again") {
  on_postgres([](TestStore& t) -> Task<void> {
    auto const anna = co_await add_contact(t, "anna@example.net", R"({"industry":"Retail"})");
    auto const id = co_await dynamic(t, "S", saas);
    co_await calculated(t, id);
    // The test's clock stands where the database's does, since the database says how long a writer has been at it.
    t.clock.set(SystemClock().now());
    co_await events::ensure_partitions(*t.store, t.clock.now());
    auto other = co_await t.another();
    auto slow = co_await other->begin();
    static constexpr char change[] = "update contacts set attributes = '{\"industry\":\"SaaS\"}', updated_at = $1";
    db::Statement const statement{"test", "change", db::Tag::utility, change, change, true};
    co_await slow.exec(statement, t.clock.now());
    // Runs that cannot see the change yet must not put it behind them.
    for (int i = 0; i < 3; ++i) {
      t.clock.advance(std::chrono::minutes(5));
      co_await calculated(t, id);
    }
    CHECK(co_await members_of(t, id) == std::set<ContactId>());
    co_await slow.commit();
    t.clock.advance(std::chrono::minutes(5));
    co_await calculated(t, id);
    CHECK(co_await members_of(t, id) == only(anna));
    auto const whole = co_await t.query("select count(*) from segment_history where whole = true");
    CHECK(whole[0][0] == "2");
    co_await other->stop();
  });
}
