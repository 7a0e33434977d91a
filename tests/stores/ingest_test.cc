// What providers and tracked links say of messages, on both databases: once, in any order, by thousands, and with what follows from it.
#include "postrider/delivery/fact_spool.h"
#include "postrider/delivery/ingest.h"
#include "postrider/delivery/reclassify.h"
#include "postrider/delivery/sendgrid_events.h"
#include "support/letter_stage.h"
#include "support/results.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <fstream>

using namespace postrider;
using namespace postrider::delivery;
using namespace postrider::test;

namespace {

struct IngestStage : LetterStage {
  explicit IngestStage(TestStore& store_test) : LetterStage(store_test), ingest(make_ingest(*store_test.store, store_test.clock, store_test.ids, store_test.executor())) {}

  // A message that was sent to a new person, who has consent.
  Task<MessageId> sent(std::string address, std::string kind = "message") {
    auto const contact = co_await person(address);
    auto const id = t.ids.make<MessageId>();
    auto const now = to_text(t.clock.now());
    co_await t.query(fmt::format("insert into messages (tenant_id, id, direction, channel, purpose, kind, source_id, visit, contact_id, status, priority, attempt_count, fence, due_at, "
                                 "scheduled_at, sent_at, provider_message_id, created_at, updated_at) values ('{0}', '{1}', 'outbound', 'email', 'marketing', '{5}', '{1}', '1', '{2}', 'sent', 5, "
                                 "1, 1, '{3}', '{3}', '{3}', 'sg-{4}', '{3}', '{3}')",
                                 t.tenant.str(), id.str(), contact.id.str(), now, address.substr(0, address.find('@')), kind));
    co_await t.query(fmt::format("insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, created_at, updated_at) values ('{}', '{}', '{}', 'email', "
                                 "'marketing', 'granted', '{}', '{}')", t.tenant.str(), t.ids.next().str(), contact.id.str(), now, now));
    co_return id;
  }
  // A marketing message that waits for the same person.
  Task<void> waiting(MessageId like) {
    auto const id = t.ids.next().str();
    auto const now = to_text(t.clock.now());
    co_await t.query(fmt::format("insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, contact_id, status, priority, attempt_count, fence, due_at, scheduled_at, "
                                 "created_at, updated_at) select tenant_id, '{0}', 'outbound', 'email', 'marketing', '{0}', '1', contact_id, 'queued', 5, 0, 0, '{1}', '{1}', '{1}', '{1}' "
                                 "from messages where id = '{2}'", id, now, like.str()));
  }
  Fact fact(FactKind kind, MessageId message, std::string event_id, int minutes_later = 5) const {
    Fact made;
    made.kind = kind;
    made.provider = "sendgrid";
    made.provider_event_id = std::move(event_id);
    made.message = message;
    made.occurred_at = t.clock.now() + std::chrono::minutes(minutes_later);
    made.user_agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36";
    return made;
  }
  Task<IngestResult> take(Fact one) {
    std::vector<Fact> facts;
    facts.push_back(std::move(one));
    co_return co_await ingest->take(t.tenant, std::move(facts));
  }

  std::unique_ptr<Ingest> ingest;
};

}  // namespace

TEST_CASE("ingest: every fact counts once, in whatever order and split it is told") {
  on_each_store([](TestStore& t) -> Task<void> {
    IngestStage s(t);
    co_await s.ingest->start();
    auto const id = co_await s.sent("ada@example.net");
    std::vector<Fact> late_first;
    late_first.push_back(s.fact(FactKind::clicked, id, "e3", 30));
    late_first.push_back(s.fact(FactKind::opened, id, "e2", 20));
    late_first.push_back(s.fact(FactKind::opened, id, "e2", 20));
    auto const first = co_await s.ingest->take(t.tenant, late_first);
    CHECK(first.stored == 2);
    CHECK(first.duplicates == 1);
    std::vector<Fact> rest;
    rest.push_back(s.fact(FactKind::opened, id, "e1", 10));
    rest.push_back(s.fact(FactKind::delivered, id, "e0", 1));
    rest.push_back(s.fact(FactKind::clicked, id, "e3", 30));
    auto const second = co_await s.ingest->take(t.tenant, rest);
    CHECK(second.stored == 2);
    CHECK(second.duplicates == 1);
    auto const row = (co_await t.query("select delivered_at, opened_at, clicked_at from messages")).at(0);
    CHECK(parse_instant(row[0]) == t.clock.now() + std::chrono::minutes(1));
    CHECK(parse_instant(row[1]) == t.clock.now() + std::chrono::minutes(10));
    CHECK(parse_instant(row[2]) == t.clock.now() + std::chrono::minutes(30));
    CHECK(co_await s.value("select count(*) from message_events") == "4");
    CHECK(co_await s.value("select count(*) from marketing_events where event_type = 'email_opened'") == "2");
    co_await s.ingest->stop();
  });
}

TEST_CASE("ingest: a bounce, a complaint and an unsubscribe suppress and cancel in the same commit") {
  on_each_store([](TestStore& t) -> Task<void> {
    IngestStage s(t);
    co_await s.ingest->start();
    int number = 0;
    for (auto const kind : {FactKind::bounced, FactKind::complained, FactKind::unsubscribed, FactKind::dropped}) {
      auto const name = std::string(delivery::name(kind));
      auto const id = co_await s.sent(name + "@example.net");
      co_await s.waiting(id);
      auto fact = s.fact(kind, id, "e" + std::to_string(++number));
      if (kind == FactKind::bounced) fact.bounce_class = "hard";
      if (kind == FactKind::dropped) fact.suppress_reason = "unsubscribe";
      CHECK((co_await s.take(std::move(fact))).stored == 1);
      INFO(name);
      CHECK(co_await s.value("select count(*) from suppressions where email_key = '" + name + "@example.net'") == "1");
    }
    CHECK(co_await s.value("select count(*) from messages where status = 'queued'") == "0");
    CHECK(co_await s.value("select count(*) from messages where status = 'canceled' and skip_reason = 'suppressed'") == "4");
    CHECK(co_await s.value("select count(*) from consent_records where status = 'denied'") == "3");
    // A full mailbox is no reason.
    auto const soft = co_await s.sent("soft@example.net");
    auto fact = s.fact(FactKind::bounced, soft, "soft");
    fact.bounce_class = "block";
    co_await s.take(std::move(fact));
    CHECK(co_await s.value("select count(*) from suppressions") == "4");
    CHECK(co_await s.value("select bounce_class from messages where provider_message_id = 'sg-soft'") == "block");
    co_await s.ingest->stop();
  });
}

TEST_CASE("ingest: a late delivery does not undo a bounce, an arrival settles what was uncertain") {
  on_each_store([](TestStore& t) -> Task<void> {
    IngestStage s(t);
    co_await s.ingest->start();
    auto const id = co_await s.sent("ada@example.net");
    auto bounced = s.fact(FactKind::bounced, id, "b", 2);
    bounced.bounce_class = "hard";
    co_await s.take(std::move(bounced));
    co_await s.take(s.fact(FactKind::delivered, id, "d", 1));
    CHECK(co_await s.value("select count(*) from messages where bounced_at is not null and delivered_at is not null and bounce_class = 'hard'") == "1");
    auto const unsure = co_await s.sent("bob@example.net");
    co_await t.query("update messages set status = 'uncertain', sent_at = null where id = '" + unsure.str() + "'");
    co_await s.take(s.fact(FactKind::delivered, unsure, "d2"));
    CHECK(co_await s.value("select status from messages where id = '" + unsure.str() + "'") == "sent");
    co_await s.ingest->stop();
  });
}

TEST_CASE("ingest: facts find their message by our id, the provider's, or the newest to the address; others are kept all the same") {
  on_each_store([](TestStore& t) -> Task<void> {
    IngestStage s(t);
    co_await s.ingest->start();
    auto const id = co_await s.sent("ada@example.net");
    Fact by_provider = s.fact(FactKind::delivered, id, "p");
    by_provider.message.reset();
    by_provider.provider_message_id = "sg-ada";
    co_await s.take(by_provider);
    Fact by_address = s.fact(FactKind::opened, id, "a");
    by_address.message.reset();
    by_address.email = "ADA@example.net";
    co_await s.take(by_address);
    Fact nobody = s.fact(FactKind::delivered, t.ids.make<MessageId>(), "n");
    nobody.email = "stranger@example.net";
    co_await s.take(nobody);
    CHECK(co_await s.value("select count(*) from message_events where message_id = '" + id.str() + "'") == "2");
    CHECK(co_await s.value("select count(*) from message_events where message_id is null") == "1");
    co_await s.ingest->stop();
  });
}

TEST_CASE("ingest: what is said of a test or a confirmation is kept, and counts nowhere") {
  on_each_store([](TestStore& t) -> Task<void> {
    IngestStage s(t);
    co_await s.ingest->start();
    auto const id = co_await s.sent("boss@acme.example", "test");
    co_await s.take(s.fact(FactKind::opened, id, "o"));
    co_await s.take(s.fact(FactKind::clicked, id, "c"));
    CHECK(co_await s.value("select count(*) from message_events") == "2");
    CHECK(co_await s.value("select count(*) from marketing_events where event_type like 'email_%'") == "0");
    co_await s.ingest->stop();
  });
}

TEST_CASE("ingest: thousands in one post are a handful of statements, and many posts share a commit") {
  on_each_store([](TestStore& t) -> Task<void> {
    IngestStage s(t);
    std::vector<MessageId> ids;
    for (int i = 0; i < 40; ++i) ids.push_back(co_await s.sent("p" + std::to_string(i) + "@example.net"));
    co_await s.ingest->start();
    std::vector<Fact> facts;
    for (int i = 0; i < 4000; ++i) {
      auto fact = s.fact(i % 2 == 0 ? FactKind::opened : FactKind::delivered, ids[static_cast<std::size_t>(i) % ids.size()], "e" + std::to_string(i), i % 50);
      facts.push_back(std::move(fact));
    }
    auto const result = co_await s.ingest->take(t.tenant, facts);
    CHECK(result.stored == 4000);
    CHECK((co_await s.ingest->take(t.tenant, facts)).duplicates == 4000);
    CHECK(co_await s.value("select count(*) from message_events") == "4000");
    CHECK(co_await s.value("select count(*) from messages where opened_at is not null or delivered_at is not null") == "40");
    co_await s.ingest->stop();
    auto refused = false;
    try {
      co_await s.take(s.fact(FactKind::opened, ids[0], "late"));
    } catch (db::Unavailable const&) {
      refused = true;
    }
    CHECK(refused);
  });
}

TEST_CASE("ingest: SendGrid's own sample, told twice and backwards, is taken once") {
  on_each_store([](TestStore& t) -> Task<void> {
    IngestStage s(t);
    co_await s.ingest->start();
    auto const id = co_await s.sent("jane@example.net");
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(t.clock.now().time_since_epoch()).count();
    auto event = [&](char const* kind, int n, std::string more = "") {
      return fmt::format(R"({{"email":"jane@example.net","timestamp":{},"event":"{}","sg_event_id":"ev{}","sg_message_id":"sg-jane.recvd-5f-1","pr_message_id":"{}"{}}})", seconds + n, kind, n,
                         id.str(), more);
    };
    std::vector<std::string> events{event("processed", 1),
                                    event("deferred", 2, R"(,"attempt":"3","response":"451 later")"),
                                    event("delivered", 3, R"(,"tls":1)"),
                                    event("open", 4, R"(,"sg_machine_open":true,"useragent":"Mozilla/5.0")"),
                                    event("click", 5, R"(,"url":"https://acme.example/x","useragent":"Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0 Safari/537.36")"),
                                    event("group_unsubscribe", 6, R"(,"asm_group_id":10)"),
                                    event("group_resubscribe", 7, R"(,"asm_group_id":10)"),
                                    event("spamreport", 8),
                                    R"({"event":"account_status_change","timestamp":1767230003,"sg_event_id":"x"})"};
    std::string forwards = "[", backwards = "[";
    for (std::size_t i = 0; i < events.size(); ++i) {
      forwards += (i == 0 ? "" : ",") + events[i];
      backwards += (i == 0 ? "" : ",") + events[events.size() - 1 - i];
    }
    auto last = read_sendgrid_events(backwards + "]\r\n", t.clock.now());
    REQUIRE(last);
    CHECK(last->size() == 8);
    CHECK((co_await s.ingest->take(t.tenant, *last)).stored == 8);
    auto first = read_sendgrid_events(forwards + "]", t.clock.now());
    CHECK((co_await s.ingest->take(t.tenant, *first)).duplicates == 8);
    CHECK(co_await s.value("select reason from suppressions") == "complaint");
    CHECK(co_await s.value("select count(*) from messages where machine_opened_at is not null and opened_at is null and clicked_at is not null and complained_at is not null") == "1");
    co_await s.ingest->stop();
  });
}

TEST_CASE("ingest: opens and clicks are classed again from the kept facts, and the messages follow") {
  on_each_store([](TestStore& t) -> Task<void> {
    IngestStage s(t);
    co_await s.ingest->start();
    auto const burst = co_await s.sent("scanned@example.net");
    auto const read = co_await s.sent("read@example.net");
    // A scanner takes all five links within some seconds: at the door its first clicks look like a reader's.
    for (int link = 0; link < 5; ++link) {
      auto click = s.fact(FactKind::clicked, burst, "", 5);
      click.provider = "tracking";
      click.link_index = link;
      click.links = 5;
      co_await s.take(std::move(click));
      t.clock.advance(std::chrono::seconds(1));
    }
    auto one = s.fact(FactKind::clicked, read, "", 5);
    one.provider = "tracking";
    one.link_index = 2;
    one.links = 5;
    co_await s.take(std::move(one));
    CHECK(co_await s.value("select count(*) from message_events where actor_class = 'human'") != "1");
    CHECK(co_await s.value("select count(*) from messages where clicked_at is not null") == "2");

    Reclassification reclassification(*t.store, t.clock, t.ids);
    auto const counted = co_await reclassification.run(t.tenant, t.clock.now() - std::chrono::hours(1), t.clock.now() + std::chrono::hours(1));
    CHECK(counted.looked_at == 6);
    CHECK(counted.changed > 0);
    CHECK(co_await s.value("select count(*) from message_events where actor_class = 'human'") == "1");
    CHECK(co_await s.value("select count(*) from message_events where actor_class = 'machine'") == "5");
    CHECK(co_await s.value("select count(*) from messages where clicked_at is not null") == "1");
    auto const again = co_await reclassification.run(t.tenant, t.clock.now() - std::chrono::hours(1), t.clock.now() + std::chrono::hours(1));
    CHECK(again.changed == 0);

    auto const from = t.clock.now() - std::chrono::hours(1);
    REQUIRE(co_await reclassification.request(t.context(), from, t.clock.now()));
    CHECK((co_await reclassification.request(t.context(), from, t.clock.now())).error().code == Code::conflict);
    CHECK((co_await reclassification.request(t.context(), from, from)).error().fields.at(0).pointer == "/to");
    co_await s.ingest->stop();
  });
}

TEST_CASE("ingest: opens and clicks of the time when the database was away are taken in once, also when the replay is cut short") {
  on_each_store([](TestStore& t) -> Task<void> {
    IngestStage s(t);
    auto const id = co_await s.sent("ada@example.net");
    FactSpool spool(s.folder / "state", t.ids);
    CHECK(co_await spool.replay(*s.ingest) == 0);
    for (int i = 0; i < 2500; ++i) {
      auto click = s.fact(FactKind::clicked, id, "", i % 40);
      click.provider = "tracking";
      click.url = "https://acme.example/\n\"x";
      click.link_index = 1;
      click.method = "HEAD";
      CHECK(spool.keep(t.tenant, std::move(click)));
    }
    std::ofstream(s.folder / "state" / "tracking.spool", std::ios::app) << "{\"tenant\":\"cut in the mid";
    // Nobody there yet.
    bool away = false;
    try {
      co_await spool.replay(*s.ingest);
    } catch (db::Failure const&) {
      away = true;
    }
    CHECK(away);
    co_await s.ingest->start();
    CHECK(spool.keep(t.tenant, s.fact(FactKind::opened, id, "")));
    CHECK(co_await spool.replay(*s.ingest) == 2500);
    CHECK(co_await spool.replay(*s.ingest) == 1);
    CHECK(co_await spool.replay(*s.ingest) == 0);
    CHECK(co_await s.value("select count(*) from message_events where event_type = 'clicked' and actor_class = 'machine'") == "2500");
    co_await s.ingest->stop();
  });
}
