// Consent and its proof, double opt-in, suppressions.
#include "postrider/consent/consent.h"
#include "postrider/consent/double_opt_in.h"
#include "postrider/consent/suppression.h"
#include "support/people.h"
#include "support/results.h"

#include <set>

using namespace postrider;
using namespace postrider::test;
using consent::Confirmation;

namespace {

Task<Result<consent::Consent>> set(TestStore& t, Context context, ContactId contact, consent::Proof proof, std::string channel = "email") {
  auto tx = co_await t.store->begin();
  auto done = co_await consent::set(tx, context, contact, std::move(channel), "marketing", std::move(proof), t.ids, t.clock.now());
  if (done) co_await tx.commit();
  co_return done;
}

Task<Result<consent::OptIn>> ask(TestStore& t, ContactId contact) {
  consent::Proof proof{.status = "pending", .source = "signup form", .ip_address = "192.0.2.1"};
  auto tx = co_await t.store->begin();
  auto asked = co_await consent::ask(tx, t.context(), contact, "email", "marketing", std::move(proof), std::chrono::hours(24 * 7), t.ids, t.clock.now());
  if (asked) co_await tx.commit();
  co_return asked;
}

Context recipient(TestStore& t) {
  auto context = t.context();
  context.actor.kind = ActorKind::recipient;
  context.ip_address = "198.51.100.7";
  context.user_agent = "Mozilla/5.0";
  return context;
}

Task<Confirmation> confirm(TestStore& t, Uuid request) {
  auto tx = co_await t.store->begin();
  auto const done = co_await consent::confirm(tx, recipient(t), request, "Yes, please", t.ids, t.clock.now());
  co_await tx.commit();
  co_return done.confirmation;
}

Task<std::string> status_of(TestStore& t, ContactId contact) {
  auto const all = co_await consent::of_contact(*t.store, t.tenant, contact);
  co_return all.empty() ? "none" : all.front().status;
}

Task<consent::Suppressed> suppress(TestStore& t, Context context, std::vector<consent::Suppress> wanted) {
  auto tx = co_await t.store->begin();
  auto const done = co_await consent::suppress(tx, context, std::move(wanted), t.ids, t.clock.now());
  co_await tx.commit();
  co_return done;
}

Task<consent::Suppressed> suppress(TestStore& t, std::string email, std::string reason) {
  std::vector<consent::Suppress> wanted;
  wanted.push_back(consent::Suppress{.email_address = std::move(email), .reason = std::move(reason)});
  co_return co_await suppress(t, t.context(), std::move(wanted));
}

Task<std::string> message_state(TestStore& t, MessageId id) {
  auto const rows = co_await t.query("select status, skip_reason from messages where id = '" + id.str() + "'");
  co_return rows[0][0] + " " + rows[0][1];
}

}  // namespace

TEST_CASE("consent keeps its proof, and every change of it stays readable") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto const jane = co_await somebody(t, "jane@example.net");
    consent::Proof granted{.status = "granted", .source = "signup form", .ip_address = "192.0.2.1", .text_shown = "I agree <b>\xF0\x9F\x92\x8C</b>"};
    auto const first = co_await set(t, t.context(), jane.id, granted);
    REQUIRE(first);
    CHECK(first->granted_at == t.clock.now());
    t.clock.advance(std::chrono::hours(1));
    consent::Proof denied{.status = "denied", .source = "phone call"};
    auto const second = co_await set(t, t.context(), jane.id, denied);
    REQUIRE(second);
    CHECK(second->id == first->id);
    CHECK(second->granted_at == first->granted_at);
    CHECK(second->revoked_at == t.clock.now());
    auto const history = co_await consent::history(*t.store, t.tenant, jane.id, std::nullopt, 10);
    REQUIRE(history.size() == 2);
    CHECK(history[0].status == "denied");
    CHECK(history[1].text_shown == granted.text_shown);
    CHECK(history[1].ip_address == "192.0.2.1");
    auto const events = co_await t.query("select event_type from marketing_events order by created_at");
    REQUIRE(events.size() == 2);
    CHECK(events[0][0] == "consent_granted");
    CHECK(events[1][0] == "consent_revoked");
  });
}

TEST_CASE("consent of a kind that there is none of, or of another tenant's contact, is refused") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto const jane = co_await somebody(t, "jane@example.net");
    consent::Proof const proof{.status = "granted"};
    consent::Proof const odd{.status = "perhaps"};
    auto const fax = co_await set(t, t.context(), jane.id, proof, "fax");
    CHECK(fax.error().code == Code::invalid);
    auto const perhaps = co_await set(t, t.context(), jane.id, odd);
    CHECK(perhaps.error().fields.front().pointer == "/status");
    auto foreign = t.context();
    foreign.tenant = co_await other_tenant(t);
    auto const crossed = co_await set(t, foreign, jane.id, proof);
    CHECK(crossed.error().code == Code::not_found);
    auto const rows = co_await t.query("select count(*) from consent_records");
    CHECK(rows[0][0] == "0");
  });
}

TEST_CASE("consents are listed by what they say, page by page") {
  on_each_store([](TestStore& t) -> Task<void> {
    for (int i = 0; i < 7; ++i) {
      auto const one = co_await somebody(t, "p" + std::to_string(i) + "@example.net");
      consent::Proof const proof{.status = i % 2 ? "granted" : "denied"};
      co_await set(t, t.context(), one.id, proof, i < 5 ? "email" : "sms");
    }
    consent::ConsentFilter filter;
    filter.status = "denied";
    filter.channel = "email";
    std::set<Uuid> seen;
    std::optional<consent::Place> after;
    for (int turn = 0; turn < 5; ++turn) {
      auto const page = co_await consent::list(*t.store, t.tenant, filter, after, 2);
      for (auto const& c : page) CHECK(seen.insert(c.id).second);
      if (page.size() < 2) break;
      after.emplace(page.back().updated_at, page.back().id);
    }
    CHECK(seen.size() == 3);
  });
}

TEST_CASE("double opt-in grants consent once it is confirmed, and only once") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto const jane = co_await somebody(t, "jane@example.net");
    auto const asked = co_await ask(t, jane.id);
    REQUIRE(asked);
    CHECK(co_await status_of(t, jane.id) == "pending");
    t.clock.advance(std::chrono::hours(2));
    CHECK(co_await confirm(t, asked->id) == Confirmation::confirmed);
    CHECK(co_await status_of(t, jane.id) == "granted");
    CHECK(co_await confirm(t, asked->id) == Confirmation::confirmed);
    auto const history = co_await consent::history(*t.store, t.tenant, jane.id, std::nullopt, 10);
    REQUIRE(history.size() == 2);
    CHECK(history[0].status == "granted");
    CHECK(history[0].actor_kind == "recipient");
    CHECK(history[0].ip_address == "198.51.100.7");
    CHECK(history[0].user_agent == "Mozilla/5.0");
    CHECK(history[0].text_shown == "Yes, please");
    CHECK(history[0].source == "double_opt_in: signup form");
    auto const again = co_await ask(t, jane.id);
    REQUIRE(again);
    CHECK(again->confirmed_at);
  });
}

TEST_CASE("pressing the button twice at once grants once") {
  on_postgres([](TestStore& t) -> Task<void> {
    auto const jane = co_await somebody(t, "jane@example.net");
    auto const asked = co_await ask(t, jane.id);
    TaskGroup together(t.executor());
    struct One {
      static Task<void> run(TestStore& t, Uuid request) {
        auto const done = co_await confirm(t, request);
        CHECK(done == Confirmation::confirmed);
      }
    };
    for (int i = 0; i < 4; ++i) together.spawn("confirm", One::run(t, asked->id));
    co_await together.join();
    auto const rows = co_await t.query("select count(*) from consent_history where status = 'granted'");
    CHECK(rows[0][0] == "1");
  });
}

TEST_CASE("a link of double opt-in expires, and gives way to a later no") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto const jane = co_await somebody(t, "jane@example.net");
    auto const asked = co_await ask(t, jane.id);
    t.clock.advance(std::chrono::hours(24 * 7));
    CHECK(co_await confirm(t, asked->id) == Confirmation::expired);
    CHECK(co_await status_of(t, jane.id) == "pending");
    auto const second = co_await ask(t, jane.id);
    REQUIRE(second);
    consent::Proof const denied{.status = "denied"};
    co_await set(t, t.context(), jane.id, denied);
    CHECK(co_await confirm(t, second->id) == Confirmation::withdrawn);
    CHECK(co_await status_of(t, jane.id) == "denied");
    CHECK(co_await confirm(t, t.ids.next()) == Confirmation::unknown);
  });
}

TEST_CASE("nobody is flooded with mails that ask for confirmation") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto const jane = co_await somebody(t, "jane@example.net");
    for (int i = 0; i < 5; ++i) {
      auto const asked = co_await ask(t, jane.id);
      CHECK(asked);
      t.clock.advance(std::chrono::minutes(1));
      auto const at_once = co_await ask(t, jane.id);
      REQUIRE_FALSE(at_once);
      CHECK(at_once.error().code == Code::paced);
      CHECK(at_once.error().retry_after_seconds == 240);
      t.clock.advance(std::chrono::minutes(5));
    }
    auto const sixth = co_await ask(t, jane.id);
    REQUIRE_FALSE(sixth);
    CHECK(sixth.error().code == Code::paced);
    t.clock.advance(std::chrono::hours(24));
    auto const tomorrow = co_await ask(t, jane.id);
    CHECK(tomorrow);
  });
}

TEST_CASE("confirming lifts an unsubscribe, but never a bounce or a complaint") {
  on_each_store([](TestStore& t) -> Task<void> {
    for (std::string const reason : {"unsubscribe", "bounce", "complaint", "manual"}) {
      auto const person = co_await somebody(t, reason + "@example.net");
      co_await suppress(t, reason + "@example.net", reason);
      auto const asked = co_await ask(t, person.id);
      REQUIRE(asked);
      CHECK(co_await confirm(t, asked->id) == Confirmation::confirmed);
      auto const still = co_await consent::find_suppression(*t.store, t.tenant, reason + "@example.net");
      CHECK(still.has_value() == (reason != "unsubscribe"));
    }
  });
}

TEST_CASE("suppressing cancels what is queued in the same breath") {
  on_each_store([](TestStore& t) -> Task<void> {
    struct Case {
      std::string reason, marketing, transactional;
    };
    std::vector<Case> cases;
    cases.push_back(Case{"unsubscribe", "canceled suppressed", "queued NULL"});
    cases.push_back(Case{"complaint", "canceled suppressed", "canceled suppressed"});
    cases.push_back(Case{"bounce", "canceled suppressed", "canceled suppressed"});
    cases.push_back(Case{"manual", "canceled suppressed", "canceled suppressed"});
    for (auto const& one : cases) {
      auto const person = co_await somebody(t, one.reason + "@example.net", true);
      auto const bystander = co_await somebody(t, "other-" + one.reason + "@example.net", true);
      auto const letter = co_await queued_message(t, person.id, "marketing");
      auto const receipt = co_await queued_message(t, person.id, "transactional");
      auto const untouched = co_await queued_message(t, bystander.id, "marketing");
      co_await suppress(t, " " + one.reason + "@EXAMPLE.net ", one.reason);
      CHECK(co_await message_state(t, letter) == one.marketing);
      CHECK(co_await message_state(t, receipt) == one.transactional);
      CHECK(co_await message_state(t, untouched) == "queued NULL");
      bool const withdrawn = one.reason == "unsubscribe" || one.reason == "complaint";
      CHECK(co_await status_of(t, person.id) == (withdrawn ? "denied" : "granted"));
    }
  });
}

TEST_CASE("of several reasons the strongest stays, in one batch and over time") {
  on_each_store([](TestStore& t) -> Task<void> {
    std::vector<consent::Suppress> wanted;
    for (std::string const reason : {"manual", "complaint", "unsubscribe"}) wanted.push_back(consent::Suppress{.email_address = "Jane@Example.net", .reason = reason});
    wanted.push_back(consent::Suppress{.email_address = "no address at all", .reason = "manual"});
    wanted.push_back(consent::Suppress{.email_address = "bob@example.net", .reason = "bounce"});
    auto const first = co_await suppress(t, t.context(), std::move(wanted));
    CHECK(first.added == 2);
    CHECK(first.known == 0);
    auto const again = co_await suppress(t, "JANE@example.net", "unsubscribe");
    CHECK(again.known == 1);
    auto const jane = co_await consent::find_suppression(*t.store, t.tenant, "jane@example.net");
    REQUIRE(jane);
    CHECK(jane->reason == "complaint");
    co_await suppress(t, "bob@example.net", "complaint");
    auto const bob = co_await consent::find_suppression(*t.store, t.tenant, "bob@example.net");
    CHECK(bob->reason == "complaint");
  });
}

TEST_CASE("what people do to suppressions is audited, and another tenant's are out of reach") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto user = t.context();
    user.actor.kind = ActorKind::user;
    user.actor.id = t.ids.next();
    std::vector<consent::Suppress> wanted;
    wanted.push_back(consent::Suppress{.email_address = "jane@example.net", .reason = "manual"});
    co_await suppress(t, user, std::move(wanted));
    auto const jane = co_await consent::find_suppression(*t.store, t.tenant, "jane@example.net");
    auto foreign = user;
    foreign.tenant = co_await other_tenant(t);
    auto const crossed = co_await consent::lift_suppression(*t.store, foreign, jane->id, t.ids, t.clock.now());
    CHECK(crossed.error().code == Code::not_found);
    auto const seen = co_await consent::suppression(*t.store, foreign.tenant, jane->id);
    CHECK(seen.error().code == Code::not_found);
    auto const lifted = co_await consent::lift_suppression(*t.store, user, jane->id, t.ids, t.clock.now());
    CHECK(lifted);
    auto const trail = co_await t.query("select action, actor_kind from audit_logs where entity_type = 'suppression' order by id");
    REQUIRE(trail.size() == 2);
    CHECK(trail[0][0] == "created");
    CHECK(trail[0][1] == "user");
    CHECK(trail[1][0] == "deleted");
    auto const gone = co_await consent::lift_suppression(*t.store, user, jane->id, t.ids, t.clock.now());
    CHECK(gone.error().code == Code::not_found);
  });
}

TEST_CASE("suppressions are found by the beginning of the address and by reason") {
  on_each_store([](TestStore& t) -> Task<void> {
    co_await suppress(t, "jane@example.net", "manual");
    co_await suppress(t, "jan@example.net", "bounce");
    co_await suppress(t, "bob@example.net", "bounce");
    consent::SuppressionFilter filter;
    filter.search = "JAN";
    auto found = co_await consent::list_suppressions(*t.store, t.tenant, filter, std::nullopt, 10);
    CHECK(found.size() == 2);
    filter.reason = "bounce";
    found = co_await consent::list_suppressions(*t.store, t.tenant, filter, std::nullopt, 10);
    REQUIRE(found.size() == 1);
    CHECK(found[0].email_address == "jan@example.net");
  });
}
