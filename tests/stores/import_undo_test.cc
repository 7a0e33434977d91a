#include "postrider/consent/consent.h"
#include "support/import_files.h"

using namespace postrider;
using namespace postrider::test;

TEST_CASE("undo takes back what nobody has touched since, and says what it kept") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts contacts(*t.store, t.clock, t.ids);
    Imports imports(*t.store, t.clock, t.ids, small());
    auto const jane = co_await added(t, contacts, "jane@example.net", "Jane");
    auto const bob = co_await added(t, contacts, "bob@example.net", "Bob");
    t.clock.advance(std::chrono::hours(1));
    auto request = with_consent();
    request.tags.emplace_back("imported");
    auto const done = co_await committed(t, imports,
                                         "email,first_name,last_name,attributes.plan,attributes.size\n"
                                         "jane@example.net,Joan,Doe,pro,9\n"
                                         "bob@example.net,Robert,,pro,\n"
                                         "new@example.net,New,,,\n"
                                         "liked@example.net,Liked,,,\n"
                                         "asked@example.net,Asked,,,\n",
                                         request);
    CHECK(done.rows_created == 3);
    CHECK(done.rows_updated == 2);
    t.clock.advance(std::chrono::hours(1));
    // Somebody corrects what the import wrote, likes one of the new ones, and one says yes himself.
    Change correction;
    correction.first_name = std::string("Bobby");
    co_await contacts.change(t.context(), bob.id, correction, std::nullopt);
    Filter const liked_filter{.email = "liked@example.net"};
    auto const liked = co_await contacts.list(t.tenant, liked_filter, contacts::Order::newest, std::nullopt, 1);
    Change like;
    like.last_name = std::string("Somebody");
    co_await contacts.change(t.context(), liked.at(0).id, like, std::nullopt);
    Filter const asked_filter{.email = "asked@example.net"};
    auto const asked = co_await contacts.list(t.tenant, asked_filter, contacts::Order::newest, std::nullopt, 1);
    {
      auto tx = co_await t.store->begin();
      consent::Proof yes{.status = "granted", .source = "preference page"};
      co_await consent::set(tx, t.context(), asked.at(0).id, "email", "marketing", yes, t.ids, t.clock.now());
      co_await tx.commit();
    }
    t.clock.advance(std::chrono::hours(1));
    auto const back = co_await undone(t, imports, done.id);
    CHECK(back.undo_deleted == 1);
    CHECK(back.undo_restored == 2);
    CHECK(back.undo_kept == 3);
    auto const all = co_await t.query("select email, first_name, last_name from contacts order by email");
    CHECK(all == Cells{{"asked@example.net", "Asked", "NULL"}, {"bob@example.net", "Bobby", "NULL"}, {"jane@example.net", "Jane", "NULL"},
                       {"liked@example.net", "Liked", "Somebody"}});
    auto const restored = co_await contacts.find(t.tenant, jane.id);
    CHECK(restored->attributes == jane.attributes);
    CHECK(restored->tags.empty());
    auto const consents = co_await t.query("select c.email, r.source from consent_records r join contacts c on c.id = r.contact_id order by c.email");
    CHECK(consents == Cells{{"asked@example.net", "preference page"}});
    auto const twice = co_await imports.undo(t.context(), done.id);
    CHECK(twice.error().code == Code::conflict);
  });
}

TEST_CASE("a running commit can be undone, and stops") {
  on_each_store([](TestStore& t) -> Task<void> {
    Imports imports(*t.store, t.clock, t.ids, small());
    auto const import = co_await staged(t, imports, "email\na@x.net\nb@x.net\nc@x.net\nd@x.net\n");
    co_await imports.commit(t.context(), import.id);
    co_await t.query("update imports set committed_to = 3 where committed_to = 0 returning id");
    auto const back = co_await undone(t, imports, import.id);
    CHECK(back.undo_deleted == 0);
    auto const handlers = imports.job_handlers();
    auto const job = job_of(t, import.id);
    co_await handlers.at("contacts:import")(job);
    CHECK(co_await cell(t, "select count(*) from contacts") == "0");
  });
}

TEST_CASE("a static segment is joined, and left again by undo") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts contacts(*t.store, t.clock, t.ids);
    Imports imports(*t.store, t.clock, t.ids, small());
    co_await added(t, contacts, "known@example.net", "Known");
    auto const segment = t.ids.make<SegmentId>();
    auto const tenant = t.tenant.str();
    co_await t.query("insert into marketing_segments (tenant_id, id, name, description, is_dynamic, member_count, generation, created_at, updated_at) values ('" + tenant +
                     "', '" + segment.str() + "', 'List', '', false, 0, 0, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z') returning id");
    ImportRequest request;
    request.segment = segment;
    auto const done = co_await committed(t, imports, "email,first_name\nknown@example.net,Known\nnew@example.net,New\n", request);
    CHECK(co_await cell(t, "select member_count from marketing_segments") == "2");
    co_await undone(t, imports, done.id);
    CHECK(co_await cell(t, "select member_count from marketing_segments") == "0");
    CHECK(co_await cell(t, "select count(*) from contacts") == "1");
  });
}

