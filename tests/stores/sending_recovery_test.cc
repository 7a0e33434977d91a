// Crashes, stopped processes and lost journals: nothing is lost, and nothing is sent twice behind the ledger's back.
#include "support/results.h"
#include "support/sending_stage.h"

#include "delivery/providers/hand_off_journal.h"
#include "postrider/base/fail_point.h"
#include "postrider/delivery/ingest.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <fstream>

using namespace postrider;
using namespace postrider::test;
using namespace postrider::delivery;

namespace {

Signal* gate = nullptr;
int waiting = 0;

Task<void> held(Envelope const&) {
  ++waiting;
  while (!co_await gate->wait_for(std::chrono::seconds(30))) continue;
}

// As a process leaves the ledger and its journal when it is killed: five messages claimed, each at another point.
Task<void> leave_behind(SendingStage& stage, InstanceId dead, std::filesystem::path folder, bool marketing = true) {
  auto& t = stage.t;
  auto const now = to_text(t.clock.now());
  co_await t.query(fmt::format("update messages set status = 'sending', lease_owner = '{}', fence = 1, attempt_count = 1{}", dead.str(),
                               marketing ? "" : ", purpose = 'transactional'"));
  co_await t.query(fmt::format("insert into instances (id, host, started_at, heartbeat_at) values ('{}', 'there', '{}', '{}')", dead.str(), now, now));
  co_await t.query("insert into message_attempts (tenant_id, message_id, attempt, fence, started_at, outcome, trace) select tenant_id, id, 1, 1, created_at, 'sending', '[]' from messages");
  auto journal = HandOffJournal::open(folder, dead, t.clock);
  REQUIRE(journal);
  auto told = [&](int number, Phase phase, std::optional<Outcome> outcome = std::nullopt) {
    Envelope envelope;
    envelope.id = stage.message_to(fmt::format("news-{}@example.net", number));
    envelope.tenant = t.tenant;
    envelope.fence = 1;
    (*journal)->record(envelope, phase, outcome ? &*outcome : nullptr);
  };
  // 1: claimed only. 2: begun. 3: the dot has gone. 4: accepted. 5: refused.
  told(2, Phase::begun);
  told(3, Phase::dot);
  told(4, Phase::dot);
  auto accepted = outcome_of(OutcomeKind::accepted, 250);
  accepted.provider_message_id = "queued as 4";
  told(4, Phase::replied, accepted);
  told(5, Phase::dot);
  told(5, Phase::replied, outcome_of(OutcomeKind::permanent, 550, false, BounceClass::hard));
}

std::string only_file(std::filesystem::path const& folder) {
  for (auto const& file : std::filesystem::directory_iterator(folder)) return file.path();
  return {};
}

}  // namespace

TEST_CASE("recovery: the journal of a dead process says what became of each message") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("news", 5);
    co_await leave_behind(stage, t.ids.make<InstanceId>(), stage.folder / "journals");
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    co_await stage.settled();
    co_await sender->stop();
    CHECK(co_await stage.status("news-1@example.net") == "sent");
    CHECK(co_await stage.status("news-2@example.net") == "sent");
    CHECK(co_await stage.status("news-3@example.net") == "uncertain");
    CHECK(co_await stage.status("news-4@example.net") == "sent");
    CHECK(co_await stage.status("news-5@example.net") == "failed");
    std::set<std::string> const resent = {"news-1@example.net", "news-2@example.net"};
    CHECK(stage.provider->to() == resent);
    auto const known = co_await t.query("select provider_message_id, lease_owner from messages where id = '" + stage.message_to("news-4@example.net").str() + "'");
    CHECK(known[0][0] == "queued as 4");
    CHECK(known[0][1] == "NULL");
    auto const events = co_await t.query("select event_type, count(*) from marketing_events group by event_type order by event_type");
    REQUIRE(events.size() >= 2);
    CHECK(events[0] == std::vector<std::string>{"email_bounced", "1"});
    CHECK(events[1] == std::vector<std::string>{"email_sent", "3"});
    auto const suppressed = co_await t.query("select email_key from suppressions");
    REQUIRE(suppressed.size() == 1);
    CHECK(suppressed[0][0] == "news-5@example.net");
    CHECK(std::filesystem::is_empty(stage.folder / "journals"));
  });
}

TEST_CASE("recovery: after a power failure what the journal does not tell is uncertain, what it tells is known") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("news", 5);
    co_await leave_behind(stage, t.ids.make<InstanceId>(), stage.folder / "journals");
    {
      std::fstream file(only_file(stage.folder / "journals"), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(24);  // the boot id
      file << "another boot";
    }
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    co_await stage.settled();
    co_await sender->stop();
    CHECK(co_await stage.states() == "failed 1, sent 1, uncertain 3");
    CHECK(stage.provider->accepted.empty());
  });
}

TEST_CASE("recovery: an instance elsewhere is given up when its heart stands still, and its receipts are sent again") {
  on_each_store([](TestStore& t) -> Task<void> {
    for (bool const marketing : {true, false}) {
      SendingStage stage(t);
      co_await stage.prepare();
      co_await t.query("delete from messages");
      co_await t.query("delete from consent_records");
      co_await t.query("delete from contacts");
      co_await stage.campaign("news", 5);
      co_await leave_behind(stage, t.ids.make<InstanceId>(), stage.folder / "elsewhere", marketing);
      auto sender = stage.sender(*t.store, t.ids.make<InstanceId>());
      co_await sender->start();
      for (int i = 0; i < 8; ++i) {
        t.clock.advance(std::chrono::seconds(5));
        co_await sleep_for(std::chrono::milliseconds(40));
      }
      // Forty seconds are not long enough.
      CHECK(co_await stage.states() == "sending 5");
      for (int i = 0; i < 6; ++i) {
        t.clock.advance(std::chrono::seconds(3));
        co_await sleep_for(std::chrono::milliseconds(40));
      }
      co_await stage.until_states(marketing ? "uncertain 5" : "sent 5");
      CHECK(stage.provider->accepted.size() == (marketing ? 0U : 5U));
      co_await sender->stop();
    }
  });
}

TEST_CASE("recovery: a process that was stopped and wakes hands nothing over that others have taken") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("news", 6);
    Signal released(t.executor());
    gate = &released;
    waiting = 0;
    // The first instance lies still with three messages before their first word, as after SIGSTOP: its heart does not beat.
    stage.provider->at_once = 3;
    stage.provider->before = &held;
    auto asleep = stage.quick();
    asleep.journal_folder = stage.folder / "there";
    asleep.beat_every = std::chrono::hours(1);
    auto first = stage.sender(*t.store, t.instance, asleep);
    co_await first->start();
    auto const three_wait = [] { return waiting == 3; };
    co_await t.until(three_wait);
    stage.provider->before = nullptr;
    auto other_store = co_await t.another();
    auto second = stage.sender(*other_store, t.ids.make<InstanceId>());
    co_await second->start();
    for (int i = 0; i < 20; ++i) {
      t.clock.advance(std::chrono::seconds(3));
      co_await sleep_for(std::chrono::milliseconds(30));
    }
    co_await stage.until_states("uncertain 6");
    released.notify();
    auto const all_refused = [&stage] { return stage.provider->refused == 6; };
    co_await t.until(all_refused);
    CHECK(stage.provider->accepted.empty());
    co_await second->stop();
    co_await first->stop();
    co_await other_store->stop();
    CHECK(co_await stage.states() == "uncertain 6");
  });
}

TEST_CASE("recovery: the reply that a woken process reads at last settles what others took for uncertain") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("news", 2);
    Signal released(t.executor());
    gate = &released;
    waiting = 0;
    stage.provider->after_dot = &held;
    auto asleep = stage.quick();
    asleep.journal_folder = stage.folder / "there";
    asleep.beat_every = std::chrono::hours(1);
    auto first = stage.sender(*t.store, t.instance, asleep);
    co_await first->start();
    auto const two_wait = [] { return waiting == 2; };
    co_await t.until(two_wait);
    auto other_store = co_await t.another();
    auto second = stage.sender(*other_store, t.ids.make<InstanceId>());
    co_await second->start();
    for (int i = 0; i < 20; ++i) {
      t.clock.advance(std::chrono::seconds(3));
      co_await sleep_for(std::chrono::milliseconds(30));
    }
    co_await stage.until_states("uncertain 2");
    released.notify();
    co_await stage.until_states("sent 2");
    CHECK(stage.provider->accepted.size() == 2);
    auto const events = co_await t.query("select count(*) from marketing_events where event_type = 'email_sent'");
    CHECK(events[0][0] == "2");
    auto const attempts = co_await t.query("select distinct outcome from message_attempts");
    REQUIRE(attempts.size() == 1);
    CHECK(attempts[0][0] == "accepted");
    co_await second->stop();
    co_await first->stop();
    co_await other_store->stop();
  });
}

TEST_CASE("recovery: a message that was under way each time the process died goes no further") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("news", 1);
    for (int death = 1; death <= 3; ++death) {
      auto const dead = t.ids.make<InstanceId>();
      co_await t.query(fmt::format("update messages set status = 'sending', lease_owner = '{}', fence = {}, attempt_count = 1", dead.str(), death));
      co_await t.query(fmt::format("insert into message_attempts (tenant_id, message_id, attempt, fence, started_at, outcome, trace) select tenant_id, id, 1, {}, '{}', 'sending', '[]' from messages",
                                   death, to_text(t.clock.now())));
      {
        auto const journal = HandOffJournal::open(stage.folder / "journals", dead, t.clock);
        REQUIRE(journal);
        // Another message of the same process keeps the file.
        Envelope other;
        other.id = t.ids.make<MessageId>();
        other.tenant = t.tenant;
        (*journal)->record(other, Phase::dot, nullptr);
      }
      stage.provider->before = [](Envelope const&) { return yield(); };
      auto settings = stage.quick();
      auto sender = stage.sender(*t.store, t.ids.make<InstanceId>(), settings);
      co_await t.query("update send_lanes set is_open = false");
      co_await sender->start();
      co_await sender->stop();
      t.clock.advance(std::chrono::seconds(1));
      CHECK(co_await stage.states() == (death < 3 ? "queued 1" : "failed 1"));
    }
    auto const error = co_await t.query("select error, attempt_count from messages");
    CHECK(error[0][0].find("quarantined: the server died 3 times") == 0);
  });
}

TEST_CASE("recovery: what stays uncertain for three days is closed, and a late sign still settles it") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("news", 2);
    stage.provider->always = outcome_of(OutcomeKind::uncertain);
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    co_await stage.until_states("uncertain 2");
    t.clock.advance(std::chrono::hours(71));
    co_await sleep_for(std::chrono::milliseconds(60));
    auto const open = co_await t.query("select count(*) from messages where uncertain_closed_at is null");
    CHECK(open[0][0] == "2");
    t.clock.advance(std::chrono::hours(2));
    for (int i = 0; i < 200; ++i) {
      auto const closed = co_await t.query("select count(*) from messages where uncertain_closed_at is not null");
      if (closed[0][0] == "2") break;
      co_await sleep_for(std::chrono::milliseconds(10));
    }
    auto const closed = co_await t.query("select count(*) from messages where uncertain_closed_at is not null and status = 'uncertain'");
    CHECK(closed[0][0] == "2");
    co_await sender->stop();
  });
}

TEST_CASE("recovery: a provider's event settles what is uncertain, and what waits to be sent again") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("news", 1);
    co_await stage.person("ada@example.net");
    co_await stage.direct("ada@example.net", "transactional");
    stage.provider->always = outcome_of(OutcomeKind::uncertain);
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    co_await stage.until_states("queued 1, uncertain 1");
    auto ingest = make_ingest(*t.store, t.clock, t.ids, t.executor());
    co_await ingest->start();
    std::vector<Fact> facts;
    for (auto const* const address : {"news-1@example.net", "ada@example.net"})
      facts.push_back(Fact{.kind = FactKind::delivered, .provider = "sendgrid", .provider_event_id = address, .message = stage.message_to(address), .occurred_at = t.clock.now()});
    co_await ingest->take(t.tenant, std::move(facts));
    CHECK(co_await stage.states() == "sent 2");
    t.clock.advance(std::chrono::minutes(1));
    co_await sleep_for(std::chrono::milliseconds(50));
    CHECK(stage.provider->accepted.size() == 2);
    co_await ingest->stop();
    co_await sender->stop();
  });
}

TEST_CASE("recovery: while the journal cannot be written nothing leaves, and all of it leaves afterwards") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("news", 20);
    stage.provider->at_once = 1;
    fail_point::arm("journal.before_write=error");
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    co_await sleep_for(std::chrono::milliseconds(150));
    CHECK(stage.provider->accepted.empty());
    fail_point::disarm_all();
    t.clock.advance(std::chrono::seconds(6));
    co_await stage.until_states("sent 20");
    CHECK(stage.provider->accepted.size() == 20);
    co_await sender->stop();
  });
}
