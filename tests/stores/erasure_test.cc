// Forgetting people, and telling them what is known.
#include "postrider/consent/consent.h"
#include "postrider/consent/suppression.h"
#include "postrider/contacts/contacts.h"
#include "postrider/contacts/imports.h"
#include "postrider/contacts/leads.h"
#include "postrider/contacts/timeline.h"
#include "postrider/events/event_log.h"
#include "support/people.h"
#include "support/results.h"

#include <boost/json/serialize.hpp>

#include <set>
#include <utility>

using namespace postrider;
using namespace postrider::test;

namespace {

constexpr std::string_view canary = "canary";

class Text : public contacts::FileSource {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  Task<Result<std::string>> next() override { co_return std::exchange(text_, std::string()); }

 private:
  std::string text_;
};

// Somebody who has left a trace everywhere: each holds the word above.
Task<contacts::Contact> storied(TestStore& t, contacts::Contacts& all) {
  contacts::Change person;
  person.email = std::string("canary@example.net");
  person.first_name = std::string("canary");
  person.external_id = std::string("canary-1");
  boost::json::object attributes;
  attributes["note"] = "canary";
  person.attributes = attributes;
  auto const saved = co_await all.create(t.context(), person, false);
  auto const id = saved->contact.id;
  contacts::Change second;
  second.last_name = std::string("canary");
  co_await all.change(t.context(), id, second, std::nullopt);
  auto visitor = t.context();
  visitor.actor.kind = ActorKind::recipient;
  visitor.ip_address = "canary";
  consent::Proof proof{.status = "granted", .source = "canary form", .ip_address = "canary", .user_agent = "canary", .text_shown = "I agree"};
  auto tx = co_await t.store->begin();
  co_await consent::set(tx, visitor, id, "email", "marketing", std::move(proof), t.ids, t.clock.now());
  events::Event event;
  event.id = t.ids.make<EventId>();
  event.type = "purchase";
  event.contact_id = id;
  event.occurred_at = t.clock.now();
  event.payload["item"] = "canary";
  std::vector<events::Event> happened;
  happened.push_back(event);
  co_await events::append(tx, t.tenant, std::move(happened), t.clock.now());
  co_await tx.commit();
  auto const message = co_await queued_message(t, id, "marketing");
  auto const now = "'" + to_text(t.clock.now()) + "'";
  auto const tenant = "'" + t.tenant.str() + "'";
  co_await t.query("insert into message_attempts (tenant_id, message_id, attempt, fence, started_at, outcome, reply, trace) values (" + tenant + ", '" + message.str() +
                   "', 1, 1, " + now + ", 'failed', '550 canary', '{\"read\":\"canary\"}')");
  co_await t.query("insert into message_events (tenant_id, id, message_id, contact_id, channel, provider, event_type, actor_class, class_reasons, url, ip_address, "
                   "user_agent, detail, occurred_at, created_at) values (" + tenant + ", '" + t.ids.next().str() + "', '" + message.str() + "', '" + id.str() +
                   "', 'email', 'tracking', 'opened', 'machine', '[]', 'https://x.example/?u=canary', 'canary', 'canary', '{\"a\":\"canary\"}', " + now + ", " + now + ")");
  co_await t.query("insert into demo_inbox (tenant_id, id, message_id, to_address, from_address, subject, html, body_text, unsubscribe_url, received_at) values (" + tenant +
                   ", '" + t.ids.next().str() + "', '" + message.str() + "', 'canary@example.net', 'a@b.example', 'canary', 'canary', 'canary', '', " + now + ")");
  co_await t.query("insert into import_rows (tenant_id, import_id, row_number, verdict, contact_id, email, attributes, cells) values (" + tenant + ", '" + t.ids.next().str() +
                   "', 1, 'create', '" + id.str() + "', 'canary@example.net', '{\"note\":\"canary\"}', 'canary@example.net')");
  co_await t.query("insert into idempotency_keys (tenant_id, actor_id, idempotency_key, request_hash, request_id, status, body, location, created_at) values (" + tenant +
                   ", '" + t.ids.next().str() + "', 'k', 'h', '" + t.ids.next().str() + "', 201, '{\"email\":\"canary@example.net\"}', '/api/v1/contacts/" + id.str() + "', " + now + ")");
  auto const execution = "'" + t.ids.next().str() + "'", journey = "'" + t.ids.next().str() + "'";
  co_await t.query("insert into journey_executions (tenant_id, id, journey_id, version, contact_id, entry_key, status, node_id, visit, due_at, arrived_at, entered_at, error, variables, event, "
                   "goals, updated_at) values (" + tenant + ", " + execution + ", " + journey + ", 1, '" + id.str() + "', 'k', 'waiting', 'pause', 2, " + now + ", " + now + ", " + now +
                   ", 'canary', '{\"a\":\"canary\"}', '{\"b\":\"canary\"}', '[]', " + now + ")");
  co_await t.query("insert into journey_steps (tenant_id, execution_id, visit, journey_id, version, node_id, kind, outcome, arrived_at, left_at, trace) values (" + tenant + ", " + execution +
                   ", 1, " + journey + ", 1, 'start', 'trigger', 'success', " + now + ", " + now + ", '{\"read\":\"canary\"}')");
  co_return saved->contact;
}

constexpr std::string_view tables[] = {"contacts",         "consent_records", "consent_history", "consent_requests", "suppressions", "erased_suppressions", "messages",   "message_attempts",
                                       "message_events",   "marketing_events", "demo_inbox",     "import_rows",      "audit_logs",   "idempotency_keys", "jobs",
                                       "journey_executions", "journey_steps"};

// Where the word still stands.
Task<std::set<std::string>> traces(TestStore& t) {
  std::set<std::string> found;
  for (auto const table : tables) {
    auto const name = std::string(table);
    auto const rows = co_await t.query("select * from " + name);
    for (auto const& row : rows)
      for (auto const& cell : row)
        if (cell.find(canary) != std::string::npos) found.insert(name);
  }
  co_return found;
}

}  // namespace

TEST_CASE("an erased person leaves nothing behind but counters, proof and a hash") {
  on_each_store([](TestStore& t) -> Task<void> {
    contacts::Contacts all(*t.store, t.clock, t.ids);
    auto const person = co_await storied(t, all);
    std::vector<consent::Suppress> wanted;
    wanted.push_back(consent::Suppress{.email_address = "canary@example.net", .reason = "complaint", .source = "canary"});
    auto tx = co_await t.store->begin();
    co_await consent::suppress(tx, t.context(), std::move(wanted), t.ids, t.clock.now());
    co_await tx.commit();
    auto const before = co_await traces(t);
    CHECK(before.size() >= 10);
    auto const erased = co_await all.erase(t.context(), person.id);
    REQUIRE(erased);
    auto const left = co_await traces(t);
    CHECK(left.empty());
    for (auto const& table : left) UNSCOPED_INFO(table);
    auto const messages = co_await t.query("select status, skip_reason from messages");
    REQUIRE(messages.size() == 1);
    CHECK(messages[0][0] == "canceled");
    auto const travelled = co_await t.query("select status, reason, due_at from journey_executions");
    CHECK(travelled[0][0] == "exited");
    CHECK(travelled[0][1] == "erased");
    CHECK(travelled[0][2] == "NULL");
    auto const proof = co_await t.query("select status, text_shown from consent_history order by id");
    REQUIRE(proof.size() == 2);
    CHECK(proof[0][1] == "I agree");
    auto const open = co_await t.query("select count(*) from suppressions");
    CHECK(open[0][0] == "0");
    auto const suppressed = co_await t.query("select email_hash, reason from erased_suppressions");
    REQUIRE(suppressed.size() == 1);
    CHECK(suppressed[0][1] == "complaint");
    auto const trail = co_await t.query("select changes from audit_logs where action = 'erased'");
    CHECK(trail[0][0].find(suppressed[0][0]) != std::string::npos);
    auto const gone = co_await all.find(t.tenant, person.id);
    CHECK(gone.error().code == Code::not_found);
  });
}

TEST_CASE("an address that was erased while suppressed is suppressed again when it comes back") {
  on_each_store([](TestStore& t) -> Task<void> {
    std::vector<Secret> old_and_new;
    old_and_new.emplace_back("the pepper of the first year");
    contacts::Contacts first(*t.store, t.clock, t.ids, old_and_new);
    for (int round = 0; round < 2; ++round) {
      contacts::Change person;
      person.email = std::string("Jane@Example.net");
      auto const saved = co_await first.create(t.context(), person, false);
      REQUIRE(saved);
      if (round == 0) {
        std::vector<consent::Suppress> wanted;
        wanted.push_back(consent::Suppress{.email_address = "jane@example.net", .reason = "complaint"});
        auto tx = co_await t.store->begin();
        co_await consent::suppress(tx, t.context(), std::move(wanted), t.ids, t.clock.now());
        co_await tx.commit();
      }
      auto const known = co_await consent::find_suppression(*t.store, t.tenant, "jane@example.net");
      REQUIRE(known);
      CHECK(known->reason == "complaint");
      co_await first.erase(t.context(), saved->contact.id);
      auto const hidden = co_await consent::find_suppression(*t.store, t.tenant, "jane@example.net");
      CHECK(hidden.error().code == Code::not_found);
    }
    // After a rotation of the secret the old hash is still known.
    old_and_new.emplace(old_and_new.begin(), "the pepper of the second year");
    contacts::Contacts second(*t.store, t.clock, t.ids, old_and_new);
    contacts::Change person;
    person.email = std::string("jane@example.net");
    co_await second.create(t.context(), person, true);
    auto const known = co_await consent::find_suppression(*t.store, t.tenant, "jane@example.net");
    CHECK(known);
  });
}

TEST_CASE("an old file that is imported again does not wake whom somebody erased and suppressed") {
  on_each_store([](TestStore& t) -> Task<void> {
    contacts::Contacts all(*t.store, t.clock, t.ids);
    auto const jane = co_await somebody(t, "jane@example.net", true);
    std::vector<consent::Suppress> wanted;
    wanted.push_back(consent::Suppress{.email_address = "jane@example.net", .reason = "complaint"});
    auto tx = co_await t.store->begin();
    co_await consent::suppress(tx, t.context(), std::move(wanted), t.ids, t.clock.now());
    co_await tx.commit();
    co_await all.erase(t.context(), jane.id);
    contacts::Imports imports(*t.store, t.clock, t.ids);
    Text file("email,first_name\r\nJane@Example.net,Jane\r\nbob@example.net,Bob\r\n");
    contacts::ImportRequest request;
    request.consents.push_back(contacts::ConsentForAll{"email", "marketing"});
    request.consent_source = "old list";
    auto const staged = co_await imports.receive(t.context(), request, file);
    REQUIRE(staged);
    auto const committing = co_await imports.commit(t.context(), staged->id);
    REQUIRE(committing);
    auto const done = co_await imports.commit_now(t.tenant, staged->id);
    REQUIRE(done);
    CHECK(done->rows_created == 2);
    CHECK(done->consents_granted == 1);
    auto const suppressed = co_await consent::find_suppression(*t.store, t.tenant, "jane@example.net");
    REQUIRE(suppressed);
    CHECK(suppressed->reason == "complaint");
  });
}

TEST_CASE("the export of a person holds every section, and nothing of anybody else") {
  on_each_store([](TestStore& t) -> Task<void> {
    contacts::Contacts all(*t.store, t.clock, t.ids);
    auto const person = co_await storied(t, all);
    auto const other = co_await somebody(t, "stranger@example.net", true);
    co_await queued_message(t, other.id, "marketing");
    auto const out = co_await all.export_of(t.tenant, person.id);
    REQUIRE(out);
    for (auto const* const section : {"contact", "consents", "consent_history", "suppressions", "segments", "messages", "message_events", "events", "changes", "imports"})
      CHECK(out->contains(section));
    CHECK(out->at("consent_history").at(0).at("text_shown") == "I agree");
    CHECK(out->at("messages").as_array().size() == 1);
    CHECK(out->at("events").as_array().size() >= 2);
    CHECK(out->at("changes").as_array().size() >= 2);
    CHECK(out->at("imports").as_array().size() == 1);
    auto const text = boost::json::serialize(*out);
    CHECK(text.find("stranger") == std::string::npos);
    CHECK(text.find(other.id.str()) == std::string::npos);
  });
}

TEST_CASE("the timeline of a person shows all sources in one order, page by page") {
  on_each_store([](TestStore& t) -> Task<void> {
    contacts::Contacts all(*t.store, t.clock, t.ids);
    auto const person = co_await storied(t, all);
    for (int i = 0; i < 12; ++i) {
      t.clock.advance(std::chrono::seconds(i % 3));
      auto tx = co_await t.store->begin();
      events::Event event;
      event.id = t.ids.make<EventId>();
      event.type = "visit";
      event.contact_id = person.id;
      event.occurred_at = t.clock.now() - std::chrono::hours(i);
      std::vector<events::Event> happened;
      happened.push_back(std::move(event));
      co_await events::append(tx, t.tenant, std::move(happened), t.clock.now());
      co_await tx.commit();
    }
    auto const whole = co_await contacts::timeline(*t.store, t.tenant, person.id, std::nullopt, 100);
    std::set<std::string> kinds;
    for (auto const& one : whole) kinds.insert(one.kind);
    CHECK(kinds == std::set<std::string>{"event", "message", "consent", "change", "fact"});
    for (std::size_t i = 1; i < whole.size(); ++i) CHECK(whole[i - 1].at >= whole[i].at);
    std::vector<Uuid> at_once, walked;
    for (auto const& one : whole) at_once.push_back(one.id);
    std::optional<contacts::TimelinePlace> after;
    for (int turn = 0; turn < 50; ++turn) {
      auto const page = co_await contacts::timeline(*t.store, t.tenant, person.id, after, 3);
      for (auto const& one : page) walked.push_back(one.id);
      if (page.size() < 3) break;
      after.emplace(page.back().at, page.back().id);
    }
    CHECK(walked == at_once);
    auto const foreign = co_await other_tenant(t);
    auto const nothing = co_await contacts::timeline(*t.store, foreign, person.id, std::nullopt, 100);
    CHECK(nothing.empty());
  });
}

TEST_CASE("deleting a contact cancels what is queued and keeps the proof") {
  on_each_store([](TestStore& t) -> Task<void> {
    contacts::Contacts all(*t.store, t.clock, t.ids);
    auto const person = co_await somebody(t, "jane@example.net", true);
    auto const message = co_await queued_message(t, person.id, "transactional");
    co_await all.remove(t.context(), person.id);
    auto const rows = co_await t.query("select status, skip_reason from messages where id = '" + message.str() + "'");
    CHECK(rows[0][0] == "canceled");
    CHECK(rows[0][1] == "contact_deleted");
    auto const proof = co_await t.query("select source from consent_history");
    REQUIRE(proof.size() == 1);
    CHECK(proof[0][0] == "signup form");
  });
}

TEST_CASE("a lead is kept with its contacts, and goes only when they do") {
  on_each_store([](TestStore& t) -> Task<void> {
    contacts::Contacts people(*t.store, t.clock, t.ids);
    contacts::Leads leads(*t.store, t.clock, t.ids);
    contacts::LeadChange wanted;
    wanted.name = std::string("Acme <GmbH>");
    wanted.domain = std::string("https://WWW.Acme.Example/about");
    boost::json::object attributes;
    attributes["industry"] = "SaaS";
    wanted.attributes = attributes;
    auto const lead = co_await leads.create(t.context(), wanted);
    REQUIRE(lead);
    CHECK(lead->domain == "www.acme.example");
    contacts::LeadChange nameless;
    nameless.name = std::string("  ");
    nameless.domain = std::string("not a domain");
    auto const refused = co_await leads.create(t.context(), nameless);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fields.size() == 2);

    contacts::Change person;
    person.email = std::string("jane@acme.example");
    person.lead_id = lead->id;
    auto const jane = co_await people.create(t.context(), person, false);
    auto const found = co_await people.find(t.tenant, jane->contact.id);
    REQUIRE(found->lead);
    CHECK(found->lead->name == "Acme <GmbH>");
    contacts::Filter of_lead;
    of_lead.lead = lead->id;
    auto const members = co_await people.list(t.tenant, of_lead, contacts::Order::newest, std::nullopt, 10);
    CHECK(members.size() == 1);

    auto foreign = t.context();
    foreign.tenant = co_await other_tenant(t);
    auto const crossed = co_await leads.change(foreign, lead->id, wanted, std::nullopt);
    CHECK(crossed.error().code == Code::not_found);
    contacts::Change thief;
    thief.email = std::string("thief@example.net");
    thief.lead_id = lead->id;
    auto const stolen = co_await people.create(foreign, thief, false);
    CHECK(stolen.error().fields.front().pointer == "/lead_id");

    auto const kept = co_await leads.remove(t.context(), lead->id, false);
    REQUIRE_FALSE(kept);
    CHECK(kept.error().code == Code::conflict);
    auto const gone = co_await leads.remove(t.context(), lead->id, true);
    CHECK(gone);
    auto const free = co_await people.find(t.tenant, jane->contact.id);
    REQUIRE(free);
    CHECK_FALSE(free->lead_id);
    auto const stale = co_await leads.change(t.context(), lead->id, wanted, std::nullopt);
    CHECK(stale.error().code == Code::not_found);
  });
}

TEST_CASE("leads are listed by name and domain, newest first, with how many belong to them") {
  on_each_store([](TestStore& t) -> Task<void> {
    contacts::Leads leads(*t.store, t.clock, t.ids);
    for (std::string const name : {"Acme", "acme two", "Bolt 100%"}) {
      contacts::LeadChange wanted;
      wanted.name = name;
      if (name == "Acme") wanted.domain = std::string("acme.example");
      co_await leads.create(t.context(), wanted);
    }
    contacts::LeadFilter filter;
    auto found = co_await leads.list(t.tenant, filter, std::nullopt, 10);
    REQUIRE(found.size() == 3);
    CHECK(found[0].name == "Bolt 100%");
    CHECK(found[0].contact_count == 0);
    filter.name = "ACME";
    found = co_await leads.list(t.tenant, filter, std::nullopt, 10);
    CHECK(found.size() == 2);
    filter = {};
    filter.name = "%";
    found = co_await leads.list(t.tenant, filter, std::nullopt, 10);
    CHECK(found.empty());
    filter = {};
    filter.domain = "https://acme.example";
    found = co_await leads.list(t.tenant, filter, std::nullopt, 10);
    CHECK(found.size() == 1);
  });
}
