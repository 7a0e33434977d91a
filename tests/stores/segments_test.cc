#include "postrider/contacts/contacts.h"
#include "postrider/events/event_log.h"
#include "postrider/jobs/job.h"
#include "support/results.h"
#include "support/segment_world.h"

#include <boost/json/parse.hpp>

using namespace postrider;
using namespace postrider::test;
using segments::Segments;

TEST_CASE("segments: who fits joins, who fits no more leaves, and each is told once") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto const anna = co_await add_contact(t, "anna@example.net", R"({"industry":"SaaS"})");
    auto const ben = co_await add_contact(t, "ben@example.net", R"({"industry":"Retail"})");
    auto const id = co_await dynamic(t, "SaaS", saas);
    auto s = co_await calculated(t, id);
    CHECK(s.member_count == 1);
    CHECK(s.generation == 1);
    CHECK(s.last_calculated_at == t.clock.now());
    CHECK(s.calculation_ms.has_value());
    CHECK(co_await members_of(t, id) == only(anna));
    CHECK(co_await told_of(t, id) == texts("joined 1"));
    // Nothing changed: nothing is told.
    t.clock.advance(std::chrono::minutes(6));
    s = co_await calculated(t, id);
    CHECK(s.generation == 2);
    CHECK(co_await told_of(t, id) == texts("joined 1"));
    co_await set_attributes(t, anna, R"({"industry":"Food"})");
    co_await set_attributes(t, ben, R"({"industry":"SaaS"})");
    t.clock.advance(std::chrono::minutes(6));
    s = co_await calculated(t, id);
    CHECK(s.member_count == 1);
    CHECK(co_await members_of(t, id) == only(ben));
    CHECK(co_await told_of(t, id) == texts("joined 1", "joined 1", "left 1"));
    Segments all(*t.store, t.clock, t.ids);
    auto const history = co_await all.history(t.tenant, id, std::nullopt, 10);
    REQUIRE(history.size() == 2);
    CHECK(history[0].joined == 1);
    CHECK(history[0].departed == 1);
    CHECK_FALSE(history[0].whole);
    CHECK(history[1].whole);
  });
}

TEST_CASE("segments: the events of a recalculation carry ids of their own, in the tenant, with the contact") {
  on_each_store([](TestStore& t) -> Task<void> {
    for (int i = 0; i < 30; ++i) co_await add_contact(t, "p" + std::to_string(i) + "@example.net", R"({"industry":"SaaS"})");
    auto const one = co_await dynamic(t, "One", saas);
    auto const two = co_await dynamic(t, "Two", saas);
    co_await calculated(t, one);
    co_await calculated(t, two);
    auto const rows = co_await t.query("select count(*), count(distinct event_id), count(distinct contact_id), count(distinct tenant_id) from marketing_events");
    CHECK(rows[0] == texts("60", "60", "30", "1"));
    auto const odd = co_await t.query("select count(*) from marketing_events where substr(cast(event_id as text), 15, 1) <> '7'");
    CHECK(odd[0][0] == "0");
  });
}

TEST_CASE("segments: time alone lets events leave their window") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto const anna = co_await add_contact(t, "anna@example.net", "{}");
    auto const ben = co_await add_contact(t, "ben@example.net", "{}");
    co_await happen(t, anna, "order.placed", t.clock.now());
    auto const recent = co_await dynamic(t, "Recent", R"({"type":"event","event":"order.placed","within":"1h"})");
    auto const quiet = co_await dynamic(t, "Quiet", R"({"not":{"type":"event","event":"order.placed","within":"1h"}})");
    co_await calculated(t, recent);
    co_await calculated(t, quiet);
    CHECK(co_await members_of(t, recent) == only(anna));
    CHECK(co_await members_of(t, quiet) == only(ben));
    for (int minutes = 0; minutes < 55; minutes += 5) {
      t.clock.advance(std::chrono::minutes(5));
      co_await calculated(t, recent);
      co_await calculated(t, quiet);
    }
    CHECK(co_await members_of(t, recent) == only(anna));
    t.clock.advance(std::chrono::minutes(4));
    co_await happen(t, ben, "order.placed", t.clock.now());
    co_await calculated(t, recent);
    co_await calculated(t, quiet);
    CHECK(co_await members_of(t, recent) == only(anna, ben));
    CHECK(co_await members_of(t, quiet) == std::set<ContactId>());
    t.clock.advance(std::chrono::minutes(2));
    co_await calculated(t, recent);
    co_await calculated(t, quiet);
    CHECK(co_await members_of(t, recent) == only(ben));
    CHECK(co_await members_of(t, quiet) == only(anna));
    // None of the runs but the first asked everybody, until an hour had passed.
    auto const whole = co_await t.query("select count(*) from segment_history where whole = true");
    CHECK(whole[0][0] == "4");
  });
}

TEST_CASE("segments: asking only for the changed gives what asking everybody gives") {
  on_each_store([](TestStore& t) -> Task<void> {
    std::vector<ContactId> people;
    for (int i = 0; i < 40; ++i) people.push_back(co_await add_contact(t, "p" + std::to_string(i) + "@example.net", R"({"score":)" + std::to_string(i) + "}"));
    char const* const conditions = R"({"or":[{"and":[{"type":"attribute","field":"score","operator":"greater_than","value":20},{"not":{"type":"event","event":"seen","within":"2h"}}]},
      {"type":"event","event":"seen","within":"30m","count":{"at_least":2}},{"type":"attribute","field":"created_at","operator":"within_last","value":"20m"}]})";
    auto const changed = co_await dynamic(t, "Changed", conditions);
    auto const whole = co_await dynamic(t, "Whole", conditions);
    for (int round = 0; round < 25; ++round) {
      for (int i = 0; i < 3; ++i) {
        auto const who = people[t.random.next() % people.size()];
        switch (t.random.next() % 4) {
          case 0: co_await set_attributes(t, who, R"({"score":)" + std::to_string(t.random.next() % 40) + "}"); break;
          case 1: people.push_back(co_await add_contact(t, "n" + std::to_string(people.size()) + "@example.net", R"({"score":30})")); break;
          default: co_await happen(t, who, "seen", t.clock.now()); break;
        }
      }
      t.clock.advance(std::chrono::minutes(7));
      co_await calculated(t, changed);
      co_await calculated(t, whole, true);
      INFO(round);
      CHECK(co_await members_of(t, changed) == co_await members_of(t, whole));
    }
    auto const partly = co_await t.query("select count(*) from segment_history where whole = false");
    CHECK(std::stoi(partly[0][0]) > 5);
  });
}

TEST_CASE("segments: a segment that asks for another is calculated after it, and again when that one changes") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto const anna = co_await add_contact(t, "anna@example.net", R"({"industry":"SaaS"})");
    auto const ben = co_await add_contact(t, "ben@example.net", R"({"industry":"Retail"})");
    auto const base = co_await dynamic(t, "Base", saas);
    auto const rest = co_await dynamic(t, "Rest", R"({"not":{"type":"segment","segment_id":")" + base.str() + "\"}}");
    auto const both = co_await dynamic(t, "Both", R"({"or":[{"type":"segment","segment_id":")" + rest.str() + R"("},{"type":"segment","segment_id":")" + base.str() + "\"}]}");
    // The last one asks for what nobody has calculated yet.
    co_await calculated(t, both);
    CHECK(co_await members_of(t, base) == only(anna));
    CHECK(co_await members_of(t, rest) == only(ben));
    CHECK(co_await members_of(t, both) == only(anna, ben));
    t.clock.advance(std::chrono::minutes(2));
    co_await set_attributes(t, ben, R"({"industry":"SaaS"})");
    co_await t.query("delete from jobs");
    co_await calculated(t, base);
    auto const queued = co_await t.query("select job_key from jobs order by job_key");
    CHECK(queued.size() == 2);
    co_await calculated(t, rest);
    CHECK(co_await members_of(t, rest) == std::set<ContactId>());
  });
}

TEST_CASE("segments: circles are refused with the way, unknown segments by their place") {
  on_each_store([](TestStore& t) -> Task<void> {
    Segments all(*t.store, t.clock, t.ids);
    auto const a = co_await dynamic(t, "A", saas);
    auto const b = co_await dynamic(t, "B", R"({"type":"segment","segment_id":")" + a.str() + "\"}");
    auto const c = co_await dynamic(t, "C", R"({"type":"segment","segment_id":")" + b.str() + "\"}");
    boost::json::value const circle = boost::json::parse(R"({"and":[{"type":"tag","tag":"x"},{"type":"segment","segment_id":")" + c.str() + "\"}]}");
    auto const refused = co_await all.change(t.context(), a, std::nullopt, std::nullopt, circle, std::nullopt);
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().fields.size() == 1);
    CHECK(refused.error().fields[0].pointer == "/conditions/and/1/segment_id");
    CHECK(refused.error().fields[0].message == "a segment cannot ask for itself: A → C → B → A");
    boost::json::value const itself = boost::json::parse(R"({"type":"segment","segment_id":")" + a.str() + "\"}");
    CHECK_FALSE(co_await all.change(t.context(), a, std::nullopt, std::nullopt, itself, std::nullopt));
    boost::json::value const unknown = boost::json::parse(R"({"not":{"type":"segment","segment_id":"00000000-0000-7000-8000-00000000ffff"}})");
    auto const lost = co_await all.create(t.context(), "D", "", true, unknown);
    REQUIRE_FALSE(lost);
    CHECK(lost.error().fields.at(0).pointer == "/conditions/not/segment_id");
    auto const previewed = co_await all.preview(t.tenant, unknown);
    CHECK_FALSE(previewed);
    // Another tenant's segment is unknown.
    auto elsewhere = t.context();
    elsewhere.tenant = *TenantId::parse("00000000-0000-7000-8000-000000000002");
    CHECK_FALSE(co_await all.create(elsewhere, "E", "", true, itself));
  });
}

TEST_CASE("segments: one in use cannot be deleted, and the refusal names who uses it") {
  on_each_store([](TestStore& t) -> Task<void> {
    Segments all(*t.store, t.clock, t.ids);
    co_await add_contact(t, "anna@example.net", R"({"industry":"SaaS"})");
    auto const base = co_await dynamic(t, "Base", saas);
    auto const asker = co_await dynamic(t, "Asker", R"({"type":"segment","segment_id":")" + base.str() + "\"}");
    co_await calculated(t, asker);
    co_await t.query("insert into campaigns (tenant_id, id, name, type, status, segment_ids, exclude_segment_ids, schedule, priority, tracking, metadata, run_number, created_at, updated_at) values ('" +
                     t.tenant.str() + "', '00000000-0000-7000-8000-00000000aaaa', 'Spring', 'broadcast', 'draft', '[]', '[\"" + base.str() + "\"]', '{}', 5, true, '{}', 1, '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z')");
    auto const refused = co_await all.remove(t.context(), base);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::conflict);
    CHECK(refused.error().message.find("campaign “Spring”, segment “Asker”") != std::string::npos);
    co_await t.query("update campaigns set status = 'completed'");
    CHECK(co_await all.remove(t.context(), asker));
    CHECK(co_await all.remove(t.context(), base));
    CHECK_FALSE(co_await all.find(t.tenant, base));
    CHECK((co_await all.remove(t.context(), base)).error().code == Code::not_found);
    // Its name is free again, and a job takes away what is left of it.
    auto const again = co_await dynamic(t, "Base", saas);
    auto handlers = all.job_handlers();
    jobs::Job job;
    job.tenant = t.tenant;
    job.payload["segment_id"] = base.str();
    co_await handlers["segment:forget"](job);
    CHECK(co_await members_of(t, base) == std::set<ContactId>());
    CHECK(again != base);
  });
}

TEST_CASE("segments: static ones are kept by hand, in bulk, and tell of it") {
  on_each_store([](TestStore& t) -> Task<void> {
    Segments all(*t.store, t.clock, t.ids);
    auto const anna = co_await add_contact(t, "anna@example.net", "{}");
    auto const ben = co_await add_contact(t, "ben@example.net", "{}");
    auto const made = co_await all.create(t.context(), "Friends", "", false, nullptr);
    REQUIRE(made);
    segments::MembersChange both;
    both.add = {anna, ben};
    auto changed = co_await all.change_members(t.context(), made->id, both);
    REQUIRE(changed);
    CHECK(changed->added == 2);
    CHECK(changed->member_count == 2);
    changed = co_await all.change_members(t.context(), made->id, both);
    CHECK(changed->added == 0);
    segments::MembersChange less;
    less.remove = {ben, *ContactId::parse("00000000-0000-7000-8000-00000000ffff")};
    changed = co_await all.change_members(t.context(), made->id, less);
    CHECK(changed->removed == 1);
    CHECK(co_await members_of(t, made->id) == only(anna));
    CHECK(co_await told_of(t, made->id) == texts("joined 2", "left 1"));
    segments::MembersChange unknown;
    unknown.add = {ben, *ContactId::parse("00000000-0000-7000-8000-00000000ffff")};
    auto const refused = co_await all.change_members(t.context(), made->id, unknown);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fields.at(0).pointer == "/add/1");
    CHECK(co_await members_of(t, made->id) == only(anna));
    auto const copied = co_await all.copy(t.context(), made->id, std::nullopt);
    REQUIRE(copied);
    CHECK(copied->name == "Friends (copy)");
    CHECK(copied->member_count == 1);
    CHECK(co_await members_of(t, copied->id) == only(anna));
    auto const conditions = co_await dynamic(t, "Dynamic", saas);
    CHECK((co_await all.change_members(t.context(), conditions, both)).error().code == Code::conflict);
    CHECK((co_await all.request_calculation(t.context(), made->id)).error().code == Code::conflict);
    // A deleted contact is a member no more, and the count follows.
    contacts::Contacts people(*t.store, t.clock, t.ids);
    co_await people.remove(t.context(), anna);
    auto const recounted = co_await all.recalculate(t.tenant, made->id);
    CHECK(recounted->member_count == 0);
  });
}
