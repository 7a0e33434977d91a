#include "postrider/consent/consent.h"
#include "postrider/consent/suppression.h"
#include "support/import_files.h"

using namespace postrider;
using namespace postrider::test;

TEST_CASE("a file is staged with a verdict for every row, and nothing is written before the commit") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts contacts(*t.store, t.clock, t.ids);
    Imports imports(*t.store, t.clock, t.ids, small());
    co_await added(t, contacts, "known@example.net", "Known");
    co_await added(t, contacts, "same@example.net", "Same");
    auto const import = co_await staged(t, imports,
                                        "E-Mail;First Name;attributes.plan\n"
                                        "new@example.net;New;pro\n"
                                        "Known@example.net;Changed;free\n"
                                        "same@example.net;Same;free\n"
                                        "nobody;X;\n"
                                        "\n"
                                        "NEW@example.net;Again;pro\n"
                                        "last@example.net;Last;pro\n");
    CHECK(import.status == "staged");
    CHECK(import.delimiter == ";");
    CHECK(import.rows_total == 6);
    CHECK(import.rows_created == 2);
    CHECK(import.rows_updated == 1);
    CHECK(import.rows_unchanged == 1);
    CHECK(import.rows_rejected == 2);
    REQUIRE(import.columns.size() == 3);
    CHECK(import.columns[0].field == "email");
    CHECK(import.columns[0].samples.front() == "new@example.net");
    auto const rows = co_await imports.rows(t.tenant, import.id, "reject", 0, 10);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].row == 5);
    CHECK(rows[1].row == 7);
    CHECK(rows[1].reason->find("row 2") != std::string::npos);
    auto const count = co_await t.query("select count(*) from contacts");
    CHECK(count == Cells{{"2"}});
    auto const csv = co_await rejections(t, imports, import);
    CHECK(csv.find("E-Mail,First Name,attributes.plan,import_row,import_reason\r\n") == 0);
    CHECK(csv.find("\r\nnobody,X,,5,") != std::string::npos);

    auto const begun = co_await imports.commit(t.context(), import.id);
    REQUIRE(begun);
    auto const again = co_await imports.commit(t.context(), import.id);
    CHECK(again.error().code == Code::conflict);
    auto const done = co_await imports.commit_now(t.tenant, import.id);
    CHECK(done->status == "completed");
    CHECK(done->rows_created == 2);
    auto const all = co_await t.query("select email, first_name from contacts order by email");
    CHECK(all == Cells{{"known@example.net", "Changed"}, {"last@example.net", "Last"}, {"new@example.net", "New"}, {"same@example.net", "Same"}});
  });
}

TEST_CASE("the commit decides again: what somebody wrote meanwhile is neither doubled nor lost") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts contacts(*t.store, t.clock, t.ids);
    Imports imports(*t.store, t.clock, t.ids, small());
    auto const gone = co_await added(t, contacts, "gone@example.net", "Gone");
    auto const import = co_await staged(t, imports,
                                        "email,first_name,external_id\n"
                                        "a@example.net,A,1\n"
                                        "b@example.net,B,2\n"
                                        "gone@example.net,Back,3\n"
                                        "c@example.net,C,4\n");
    CHECK(import.rows_created == 3);
    CHECK(import.rows_updated == 1);
    co_await added(t, contacts, "b@example.net", "Somebody");
    co_await contacts.remove(t.context(), gone.id);
    Change other;
    other.external_id = std::string("4");
    co_await contacts.create(t.context(), other, false);
    Change taken;
    taken.email = std::string("c@example.net");
    co_await contacts.create(t.context(), taken, false);

    co_await imports.commit(t.context(), import.id);
    auto const done = co_await imports.commit_now(t.tenant, import.id);
    CHECK(done->rows_created == 2);
    CHECK(done->rows_updated == 1);
    CHECK(done->rows_rejected == 1);
    auto const all = co_await t.query("select email, first_name, external_id from contacts where email is not null order by email");
    CHECK(all == Cells{{"a@example.net", "A", "1"}, {"b@example.net", "B", "2"}, {"c@example.net", "NULL", "NULL"}, {"gone@example.net", "Back", "3"}});
    auto const csv = co_await rejections(t, imports, *done);
    CHECK(csv.find("c@example.net,C,4,5,its e-mail address and its external_id belong to two different contacts") != std::string::npos);
  });
}

TEST_CASE("a commit that is begun again and again does every row once") {
  on_each_store([](TestStore& t) -> Task<void> {
    Imports imports(*t.store, t.clock, t.ids, small());
    std::string text = "email,tags\n";
    for (int i = 0; i < 11; ++i) text += "p" + std::to_string(i) + "@example.net,a|b\n";
    auto const import = co_await staged(t, imports, text, with_consent());
    co_await imports.commit(t.context(), import.id);
    // Two workers hold the same job, as after a lost lease.
    auto const handlers = imports.job_handlers();
    auto const job = job_of(t, import.id);
    TaskGroup both(t.executor());
    for (int i = 0; i < 2; ++i) {
      auto work = [](jobs::Handler handler, jobs::Job held) -> Task<void> { co_await handler(held); };
      both.spawn("worker", work(handlers.at("contacts:import"), job));
    }
    co_await both.join();
    auto const done = co_await imports.find(t.tenant, import.id);
    CHECK(done->status == "completed");
    CHECK(done->consents_granted == 11);
    CHECK(co_await cell(t, "select count(*) from contacts") == "11");
    CHECK(co_await cell(t, "select count(*) from consent_history") == "11");
    CHECK(co_await cell(t, "select count(*) from marketing_events where event_type = 'consent_granted'") == "11");
    CHECK(co_await cell(t, "select count(*) from marketing_events where event_type = 'contacts_imported'") == "1");
  });
}

TEST_CASE("an import records consent with its proof, but never against what somebody said") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts contacts(*t.store, t.clock, t.ids);
    Imports imports(*t.store, t.clock, t.ids, small());
    auto const denier = co_await added(t, contacts, "denier@example.net", "D");
    auto const granter = co_await added(t, contacts, "granter@example.net", "G");
    {
      auto tx = co_await t.store->begin();
      consent::Proof denied{.status = "denied", .source = "phone call"};
      consent::Proof granted{.status = "granted", .source = "shop"};
      co_await consent::set(tx, t.context(), denier.id, "email", "marketing", denied, t.ids, t.clock.now());
      co_await consent::set(tx, t.context(), granter.id, "email", "marketing", granted, t.ids, t.clock.now());
      std::vector<consent::Suppress> wanted;
      wanted.push_back(consent::Suppress{.email_address = "gone@example.net", .reason = "unsubscribe"});
      wanted.push_back(consent::Suppress{.email_address = "bounced@example.net", .reason = "bounce"});
      co_await consent::suppress(tx, t.context(), std::move(wanted), t.ids, t.clock.now());
      co_await tx.commit();
    }
    t.clock.advance(std::chrono::hours(1));
    auto const done = co_await committed(t, imports,
                                         "email,first_name\n"
                                         "new@example.net,N\n"
                                         "denier@example.net,D\n"
                                         "granter@example.net,G\n"
                                         "gone@example.net,X\n"
                                         "bounced@example.net,B\n",
                                         with_consent());
    CHECK(done.rows_suppressed == 2);
    CHECK(done.consents_granted == 2);
    CHECK(done.consents_kept == 2);
    auto const now = co_await t.query("select c.email, r.status, r.source from consent_records r join contacts c on c.id = r.contact_id order by c.email");
    CHECK(now == Cells{{"bounced@example.net", "granted", "signup form"}, {"denier@example.net", "denied", "phone call"},
                       {"granter@example.net", "granted", "shop"}, {"new@example.net", "granted", "signup form"}});
    auto const history = co_await t.query("select count(*) from consent_history where import_id is not null and source = 'signup form'");
    CHECK(history == Cells{{"2"}});
    CHECK(co_await cell(t, "select count(*) from suppressions") == "2");
    auto const rows = co_await imports.rows(t.tenant, done.id, std::nullopt, 0, 10);
    CHECK(rows[1].note->find("was denied before and stays so") != std::string::npos);
    CHECK(rows[3].note->find("suppressed") != std::string::npos);
  });
}

TEST_CASE("a file that cannot be read stands as failed, with nothing left of it") {
  on_each_store([](TestStore& t) -> Task<void> {
    Imports imports(*t.store, t.clock, t.ids, small());
    struct Case {
      std::string text;
      bool cut;
      std::string says;
    };
    std::vector<Case> cases;
    cases.push_back(Case{"", false, "the file is empty"});
    cases.push_back(Case{"\xef\xbb\xbf", false, "the file is empty"});
    cases.push_back(Case{"email,first_name\n", false, "no rows below it"});
    cases.push_back(Case{"first_name\nJane\n", false, "no column tells"});
    cases.push_back(Case{std::string("e\0m\0a\0i\0l\0\n\0", 12), false, "NUL"});
    cases.push_back(Case{"email\na@x.net\nb@x.net\nc@x.net\nd@x.net\n\"e@x.net\n", false, "never ends"});
    cases.push_back(Case{"email\na@x.net\nb@x.net\nc@x.net\nd@x.net\ne@x", true, "row 5 was the last whole one"});
    for (auto const& one : cases) {
      TextFile file(one.text, one.cut);
      auto const import = co_await imports.receive(t.context(), ImportRequest(), file);
      INFO(one.says);
      REQUIRE_FALSE(import);
      CHECK(import.error().code == Code::invalid);
      CHECK(import.error().message.find(one.says) != std::string::npos);
    }
    auto const all = co_await imports.list(t.tenant, std::nullopt, std::nullopt, 50);
    REQUIRE(all.size() == cases.size());
    auto const handlers = imports.job_handlers();
    for (auto const& import : all) {
      CHECK(import.status == "failed");
      CHECK(import.error);
      auto const job = job_of(t, import.id);
      co_await handlers.at("contacts:import_sweep")(job);
    }
    CHECK(co_await cell(t, "select count(*) from import_rows") == "0");
    CHECK(co_await cell(t, "select count(*) from contacts") == "0");
  });
}

TEST_CASE("what is asked for with a file is checked before it is read") {
  on_each_store([](TestStore& t) -> Task<void> {
    Imports imports(*t.store, t.clock, t.ids, small());
    ImportRequest unproven, unknown, tagged, nowhere;
    unproven.consents.push_back(ConsentForAll{"email", "marketing"});
    unknown.consents.push_back(ConsentForAll{"pigeon", "marketing"});
    unknown.consent_source = "x";
    tagged.tags.emplace_back("a,b");
    nowhere.segment = t.ids.make<SegmentId>();
    for (auto const& request : {unproven, unknown, tagged, nowhere}) {
      TextFile file("email\na@x.net\n");
      auto const import = co_await imports.receive(t.context(), request, file);
      CHECK_FALSE(import);
    }
    auto const all = co_await imports.list(t.tenant, std::nullopt, std::nullopt, 50);
    CHECK(all.empty());
  });
}

TEST_CASE("a staged import can be discarded, and old ones are swept") {
  on_each_store([](TestStore& t) -> Task<void> {
    Imports imports(*t.store, t.clock, t.ids, small());
    auto const first = co_await staged(t, imports, "email\na@x.net\n");
    auto const gone = co_await imports.discard(t.context(), first.id);
    CHECK(gone);
    auto const found = co_await imports.find(t.tenant, first.id);
    CHECK(found.error().code == Code::not_found);
    auto const handlers = imports.job_handlers();
    auto job = job_of(t, first.id);
    co_await handlers.at("contacts:import_sweep")(job);
    CHECK(co_await cell(t, "select count(*) from imports") == "0");

    auto const waiting = co_await staged(t, imports, "email\na@x.net\n");
    auto const done = co_await committed(t, imports, "email\nb@x.net\n");
    auto const refused = co_await imports.discard(t.context(), done.id);
    CHECK(refused.error().code == Code::conflict);
    t.clock.advance(std::chrono::hours(24 * 31));
    co_await imports.tick();
    for (auto const id : {waiting.id, done.id}) {
      job = job_of(t, id);
      co_await handlers.at("contacts:import_sweep")(job);
    }
    auto const late = co_await imports.find(t.tenant, waiting.id);
    CHECK(late->status == "failed");
    auto const kept = co_await imports.find(t.tenant, done.id);
    CHECK_FALSE(kept->rows_kept);
    CHECK(co_await cell(t, "select count(*) from import_rows") == "0");
    auto const undo = co_await imports.undo(t.context(), done.id);
    CHECK(undo.error().message.find("remembered no longer") != std::string::npos);
  });
}

TEST_CASE("another tenant sees nothing of an import") {
  on_each_store([](TestStore& t) -> Task<void> {
    Imports imports(*t.store, t.clock, t.ids, small());
    auto const import = co_await staged(t, imports, "email\na@x.net\n");
    auto const other = t.ids.make<TenantId>();
    auto context = t.context();
    context.tenant = other;
    auto const found = co_await imports.find(other, import.id);
    CHECK(found.error().code == Code::not_found);
    auto const commit = co_await imports.commit(context, import.id);
    CHECK(commit.error().code == Code::not_found);
    auto const rows = co_await imports.rows(other, import.id, std::nullopt, 0, 10);
    CHECK(rows.empty());
  });
}
