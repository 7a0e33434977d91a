// The sending pipeline over both databases: what goes, what comes back, what is kept.
#include "support/sending_stage.h"

#include "postrider/base/fail_point.h"
#include "postrider/consent/suppression.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace postrider;
using namespace postrider::test;
using namespace postrider::delivery;

namespace {

Task<void> wait_for(Signal& signal) {
  while (!co_await signal.wait_for(std::chrono::seconds(30))) continue;
}

Task<void> unsubscribe(TestStore& t, int people) {
  auto tx = co_await t.store->begin();
  std::vector<consent::Suppress> wanted;
  for (int i = 1; i <= people; ++i) wanted.push_back(consent::Suppress{.email_address = fmt::format("news-{}@example.net", i), .reason = "unsubscribe"});
  co_await consent::suppress(tx, t.context(), std::move(wanted), t.ids, t.clock.now());
  co_await tx.commit();
}

}  // namespace

TEST_CASE("sending: a message goes once, and its trace, attempt and event are kept") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("spring", 3);
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    co_await stage.settled();
    co_await sender->stop();
    CHECK(stage.provider->accepted.size() == 3);
    CHECK(stage.provider->to().size() == 3);
    auto const rows = co_await t.query("select status, attempt_count, provider_message_id, lease_owner from messages where id = '" + stage.message_to("spring-1@example.net").str() + "'");
    CHECK(rows[0][0] == "sent");
    CHECK(rows[0][1] == "1");
    CHECK(rows[0][2] == "fake-" + stage.message_to("spring-1@example.net").str());
    CHECK(rows[0][3] == "NULL");
    auto const attempts = co_await t.query("select outcome, trace from message_attempts where finished_at is not null");
    REQUIRE(attempts.size() == 3);
    CHECK(attempts[0][0] == "accepted");
    for (auto const* const gate : {"contact", "campaign", "address", "suppression", "consent", "sender", "provider", "pacing"}) CHECK(attempts[0][1].find(gate) != std::string::npos);
    auto const events = co_await t.query("select count(*) from marketing_events where event_type = 'email_sent'");
    CHECK(events[0][0] == "3");
    CHECK(std::filesystem::is_empty(stage.folder / "journals"));
  });
}

TEST_CASE("sending: each class of outcome has its own end") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("mix", 6);
    auto& script = stage.provider->script;
    script["mix-1@example.net"] = {outcome_of(OutcomeKind::permanent, 550, false, BounceClass::hard)};
    script["mix-2@example.net"] = {outcome_of(OutcomeKind::policy, 554, false, BounceClass::block)};
    script["mix-3@example.net"] = {outcome_of(OutcomeKind::temporary, 451), outcome_of(OutcomeKind::accepted, 250)};
    script["mix-4@example.net"] = {outcome_of(OutcomeKind::uncertain)};
    script["mix-5@example.net"] = {outcome_of(OutcomeKind::temporary, 450)};
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    co_await stage.settled();
    CHECK(co_await stage.states() == "failed 2, queued 2, sent 1, uncertain 1");
    auto const suppressed = co_await t.query("select email_key, reason, source from suppressions");
    REQUIRE(suppressed.size() == 1);
    CHECK(suppressed[0][0] == "mix-1@example.net");
    CHECK(suppressed[0][2] == "file");
    // The temporary ones come again, each time after a longer wait, and the eighth refusal is the last.
    auto const waits = co_await t.query("select due_at from messages where id = '" + stage.message_to("mix-3@example.net").str() + "'");
    CHECK(*parse_instant(waits[0][0]) >= t.clock.now() + std::chrono::seconds(2));
    CHECK(*parse_instant(waits[0][0]) <= t.clock.now() + std::chrono::milliseconds(2500));
    t.clock.advance(std::chrono::seconds(3));
    co_await stage.until_states("failed 2, queued 1, sent 2, uncertain 1");
    for (int i = 0; i < 8; ++i) {
      co_await stage.settled();
      for (int step = 0; step < 80; ++step) t.clock.advance(std::chrono::minutes(1));
      co_await sleep_for(std::chrono::milliseconds(60));
    }
    co_await stage.until_states("failed 3, sent 2, uncertain 1");
    auto const tries = co_await t.query("select attempt_count, error from messages where id = '" + stage.message_to("mix-5@example.net").str() + "'");
    CHECK(tries[0][0] == "8");
    CHECK(tries[0][1].find("450") != std::string::npos);
    // Marketing whose fate is unknown is not sent again.
    int times = 0;
    for (auto const& one : stage.provider->accepted) times += one.to == "mix-4@example.net" ? 1 : 0;
    CHECK(times == 1);
    co_await sender->stop();
  });
}

TEST_CASE("sending: a receipt whose fate is unknown is sent again under the same id") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.person("ada@example.net");
    stage.provider->script["ada@example.net"] = {outcome_of(OutcomeKind::uncertain), outcome_of(OutcomeKind::accepted)};
    co_await stage.direct("ada@example.net", "transactional");
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    co_await stage.settled();
    CHECK(co_await stage.status("ada@example.net") == "queued");
    t.clock.advance(std::chrono::seconds(4));
    co_await stage.until_states("sent 1");
    REQUIRE(stage.provider->accepted.size() == 2);
    CHECK(stage.provider->accepted[0].id == stage.provider->accepted[1].id);
    co_await sender->stop();
  });
}

TEST_CASE("sending: an outcome that cannot be written is tried until it is") {
  on_each_store([](TestStore& t) -> Task<void> {
    for (auto const* const point : {"sending.before_settle_commit=error", "sending.after_settle_commit=error", "sending.before_claim_commit=error", "sending.claimed=error",
                                    "sending.rendered=error", "sending.before_hand_over=error", "sending.handed_over=error"}) {
      SendingStage stage(t);
      co_await stage.prepare();
      std::string const name = std::string(point, 14);
      co_await stage.campaign(std::string(point).substr(8, std::string(point).find('=') - 8), 5);
      fail_point::arm(point);
      auto sender = stage.sender(*t.store, t.ids.make<InstanceId>());
      co_await sender->start();
      co_await sleep_for(std::chrono::milliseconds(100));
      fail_point::disarm_all();
      co_await stage.settled();
      co_await sender->stop();
      INFO(point);
      CHECK(stage.provider->accepted.size() == 5);
      CHECK(stage.provider->to().size() == 5);
      auto const left = co_await t.query("select count(*) from messages where status <> 'sent'");
      CHECK(left[0][0] == "0");
      auto const events = co_await t.query("select count(*) - count(distinct message_id) from marketing_events where event_type = 'email_sent'");
      CHECK(events[0][0] == "0");
    }
  });
}

TEST_CASE("sending: what is revoked after the claim is not handed over") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("news", 4);
    static Signal* gate = nullptr;
    Signal released(t.executor());
    gate = &released;
    stage.provider->at_once = 1;
    stage.provider->before = [](Envelope const&) { return wait_for(*gate); };
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    // Claimed, rendered, and with the provider already.
    auto const inside = [&stage] { return stage.provider->inside == 1; };
    co_await t.until(inside);
    CHECK(co_await stage.states() == "sending 4");
    co_await unsubscribe(t, 4);
    // As an answer to the recipient would be on its way now.
    co_await sleep_for(std::chrono::milliseconds(50));
    stage.provider->before = nullptr;
    released.notify();
    co_await stage.settled();
    CHECK(stage.provider->accepted.empty());
    CHECK(co_await stage.states() == "skipped 4");
    auto const reasons = co_await t.query("select distinct skip_reason from messages");
    CHECK(reasons[0][0] == "suppressed");
    co_await sender->stop();
  });
}

TEST_CASE("sending: a pause stops what lies with the provider within a second, and resuming goes on") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    auto const campaign = co_await stage.campaign("news", 40);
    static Signal* gate = nullptr;
    Signal released(t.executor());
    gate = &released;
    stage.provider->at_once = 2;
    stage.provider->before = [](Envelope const&) { return wait_for(*gate); };
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    auto const inside = [&stage] { return stage.provider->inside == 2; };
    co_await t.until(inside);
    co_await t.query("update send_lanes set is_open = false where id = '" + campaign.str() + "'");
    co_await sleep_for(std::chrono::milliseconds(600));
    stage.provider->before = nullptr;
    released.notify();
    co_await stage.until_states("queued 40");
    CHECK(stage.provider->accepted.empty());
    co_await t.query("update send_lanes set is_open = true where id = '" + campaign.str() + "'");
    co_await stage.until_states("sent 40");
    CHECK(stage.provider->to().size() == 40);
    CHECK(stage.provider->accepted.size() == 40);
    co_await sender->stop();
  });
}

TEST_CASE("sending: what comes back to a canceled campaign is canceled") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    auto const campaign = co_await stage.campaign("news", 5);
    static Signal* gate = nullptr;
    Signal released(t.executor());
    gate = &released;
    stage.provider->always = outcome_of(OutcomeKind::temporary, 451);
    stage.provider->before = [](Envelope const&) { return wait_for(*gate); };
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    auto const inside = [&stage] { return stage.provider->inside == 5; };
    co_await t.until(inside);
    co_await t.query("update campaigns set status = 'canceled' where id = '" + campaign.str() + "'");
    co_await t.query("update send_lanes set is_open = false where id = '" + campaign.str() + "'");
    stage.provider->before = nullptr;
    released.notify();
    co_await stage.until_states("canceled 5");
    co_await sender->stop();
  });
}

TEST_CASE("sending: two instances share the work and double none of it") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("a", 400);
    co_await stage.campaign("b", 400);
    stage.provider->before = [](Envelope const&) { return yield(); };
    auto other_store = co_await t.another();
    auto first = stage.sender(*t.store, t.instance);
    auto second = stage.sender(*other_store, t.ids.make<InstanceId>());
    co_await first->start();
    co_await second->start();
    co_await stage.until_states("sent 800");
    co_await first->stop();
    co_await second->stop();
    co_await other_store->stop();
    CHECK(stage.provider->accepted.size() == 800);
    CHECK(stage.provider->to().size() == 800);
    if (t.store->dialect() == db::Dialect::postgres) {
      auto const instances = co_await t.query("select count(distinct instance_id) from message_attempts");
      CHECK(instances[0][0] == "2");
    }
  });
}

TEST_CASE("sending: stopping finishes what has begun, gives the rest back, and leaves nothing uncertain") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("news", 30);
    static Signal* gate = nullptr;
    static int waiting = 0;
    Signal released(t.executor());
    gate = &released;
    waiting = 0;
    stage.provider->at_once = 3;
    struct Reply {
      static Task<void> late(Envelope const&) {
        ++waiting;
        co_await wait_for(*gate);
      }
    };
    stage.provider->after_dot = &Reply::late;
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    auto const three_wait = [] { return waiting == 3; };
    co_await t.until(three_wait);
    TaskGroup group(t.executor());
    group.spawn("stop", sender->stop());
    co_await sleep_for(std::chrono::milliseconds(50));
    CHECK(group.running() == 1);  // it waits for the replies
    released.notify();
    co_await group.join();
    CHECK(co_await stage.states() == "queued 27, sent 3");
    auto const attempts = co_await t.query("select max(attempt_count) from messages where status = 'queued'");
    CHECK(attempts[0][0] == "0");
    CHECK(std::filesystem::is_empty(stage.folder / "journals"));
  });
}
