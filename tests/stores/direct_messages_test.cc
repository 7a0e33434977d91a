// One message to one person: into the ledger in the caller's transaction, refused early, canceled, tried again.
#include "postrider/delivery/direct_messages.h"
#include "support/letter_stage.h"
#include "support/results.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::delivery;
using namespace postrider::test;

namespace {

NewMessage receipt_to(std::string email) {
  NewMessage wanted;
  wanted.email = std::move(email);
  auto& content = wanted.content.emplace();
  content.subject = "Receipt {{ variables.number }}";
  content.html_body = "<p>Thanks, {{ contact.first_name | default: \"you\" }}: {{ variables.number }}</p>";
  wanted.variables["number"] = "<7>";
  return wanted;
}

Task<std::optional<MessageId>> queued(TestStore& t, DirectMessage mail, bool commit) {
  auto tx = co_await t.store->begin();
  auto const id = co_await queue(tx, t.tenant, std::move(mail), t.ids, t.clock.now());
  if (commit) co_await tx.commit();
  co_return id;
}

}  // namespace

TEST_CASE("direct messages: one is in the ledger with the caller's transaction, or not at all") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const from = co_await s.sender("news@acme.example");
    auto const person = co_await s.person("ada@example.net");
    auto const saved = co_await s.letter("Hi", "<p>x</p>");
    DirectMessage mail;
    mail.contact = person.id;
    mail.version = saved.version_id;
    mail.sender = from.id;
    mail.source = person.id.uuid();
    mail.visit = "welcome";
    CHECK(co_await queued(t, mail, false));
    CHECK(co_await queued(t, mail, true));
    CHECK(co_await s.value("select count(*) from messages") == "1");
    // The same source and visit: the same message, once.
    CHECK_FALSE(co_await queued(t, mail, true));
    mail.visit = "second welcome";
    CHECK(co_await queued(t, mail, true));
    CHECK(co_await s.value("select count(*) from messages") == "2");
    CHECK(co_await s.value("select count(*) from send_lanes") == "1");
    CHECK(co_await s.value("select purpose from messages where visit = 'welcome'") == "transactional");
  });
}

TEST_CASE("direct messages: lanes wake for the earliest, and many go in at once") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const from = co_await s.sender("news@acme.example");
    auto const saved = co_await s.letter("Hi", "<p>x</p>");
    std::vector<DirectMessage> mails;
    for (int i = 0; i < 500; ++i) {
      DirectMessage mail;
      mail.contact = (co_await s.person("p" + std::to_string(i) + "@example.net")).id;
      mail.version = saved.version_id;
      mail.sender = from.id;
      mail.priority = 1 + i % 2;
      mail.at = t.clock.now() + std::chrono::hours(i);
      mails.push_back(std::move(mail));
    }
    auto tx = co_await t.store->begin();
    auto const ids = co_await queue(tx, t.tenant, std::move(mails), t.ids, t.clock.now());
    co_await tx.commit();
    CHECK(ids.size() == 500);
    auto const lanes = co_await t.query("select priority, is_open, next_due_at from send_lanes order by priority");
    REQUIRE(lanes.size() == 2);
    CHECK(parse_instant(lanes[0][2]) == t.clock.now());
    CHECK(parse_instant(lanes[1][2]) == t.clock.now() + std::chrono::hours(1));
  });
}

TEST_CASE("direct messages: sending makes the contact when asked to, and finds a known one however it is written") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    co_await s.sender("news@acme.example");
    auto const first = co_await s.messages.send(t.context(), receipt_to("New@Example.net"));
    REQUIRE(first);
    auto const second = co_await s.messages.send(t.context(), receipt_to("new@example.NET"));
    REQUIRE(second);
    CHECK(co_await s.value("select count(*) from contacts") == "1");
    CHECK(co_await s.value("select count(distinct contact_id) from messages") == "1");
    CHECK(co_await s.value("select count(*) from template_versions") == "1");
    auto stranger = receipt_to("nobody@example.net");
    stranger.create_contact = false;
    CHECK((co_await s.messages.send(t.context(), std::move(stranger))).error().fields.at(0).pointer == "/email");
    auto const content = co_await s.messages.content(t.tenant, *first);
    REQUIRE(content);
    CHECK(content->subject == "Receipt <7>");
    CHECK(content->html == "<p>Thanks, you: &lt;7&gt;</p>");
    CHECK(content->from == "Acme <news@acme.example>");
    CHECK(co_await s.value("select count(*) from audit_logs where entity_type = 'message'") == "2");
  });
}

TEST_CASE("direct messages: what cannot be rendered is refused at once and named") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    co_await s.sender("news@acme.example");
    auto wanted = receipt_to("ada@example.net");
    wanted.variables.clear();
    auto const refused = co_await s.messages.send(t.context(), std::move(wanted));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fields.at(0).pointer == "/variables/number");
    auto broken = receipt_to("ada@example.net");
    broken.content->html_body = "<p>{{ contact.nick }}</p>";
    CHECK((co_await s.messages.send(t.context(), std::move(broken))).error().fields.at(0).pointer == "/html_body");
    auto syntax = receipt_to("ada@example.net");
    syntax.content->subject = "{% if %}";
    CHECK((co_await s.messages.send(t.context(), std::move(syntax))).error().fields.at(0).pointer == "/subject");
    auto sms = receipt_to("ada@example.net");
    sms.channel = "sms";
    CHECK((co_await s.messages.send(t.context(), std::move(sms))).error().fields.at(0).pointer == "/channel");
    auto nobody = receipt_to("ada@example.net");
    nobody.email.reset();
    CHECK((co_await s.messages.send(t.context(), std::move(nobody))).error().fields.at(0).pointer == "/contact_id");
    CHECK(co_await s.value("select count(*) from messages") == "0");
  });
}

TEST_CASE("direct messages: one that waits can be canceled, one that failed can be tried again") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    co_await s.sender("news@acme.example");
    auto later = receipt_to("ada@example.net");
    later.at = t.clock.now() + std::chrono::hours(2);
    auto const id = co_await s.messages.send(t.context(), std::move(later));
    REQUIRE(id);
    CHECK((co_await s.messages.retry(t.context(), *id, false)).error().code == Code::conflict);
    REQUIRE(co_await s.messages.cancel(t.context(), *id));
    CHECK((co_await s.messages.cancel(t.context(), *id)).error().code == Code::conflict);
    CHECK(co_await s.value("select skip_reason from messages") == "canceled_by_hand");

    auto const failed = co_await s.messages.send(t.context(), receipt_to("bob@example.net"));
    REQUIRE(failed);
    co_await t.query("update messages set status = 'failed', attempt_count = 4, error = 'no' where id = '" + failed->str() + "'");
    REQUIRE(co_await s.messages.retry(t.context(), *failed, false));
    auto const row = co_await t.query("select status, attempt_count, error from messages where id = '" + failed->str() + "'");
    CHECK(row.at(0) == std::vector<std::string>{"queued", "0", "NULL"});

    // Marketing that may have arrived is repeated only by somebody who says so; a bounced address never.
    co_await t.query("update messages set status = 'uncertain', purpose = 'marketing' where id = '" + failed->str() + "'");
    CHECK((co_await s.messages.retry(t.context(), *failed, false)).error().code == Code::conflict);
    REQUIRE(co_await s.messages.retry(t.context(), *failed, true));
    co_await t.query("update messages set status = 'failed', bounced_at = updated_at where id = '" + failed->str() + "'");
    CHECK((co_await s.messages.retry(t.context(), *failed, true)).error().code == Code::conflict);
    TenantId const stranger(t.ids.next());
    auto foreign = t.context();
    foreign.tenant = stranger;
    CHECK((co_await s.messages.cancel(foreign, *failed)).error().code == Code::not_found);
  });
}
