// Budgets, throttles, caps, turns and broken providers, over both databases and with a clock that is moved by hand.
#include "support/sending_stage.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>

using namespace postrider;
using namespace postrider::test;
using namespace postrider::delivery;

namespace {

// When each message was accepted, by the test's clock.
struct Log {
  std::vector<std::pair<Instant, std::string>> entries;
  int most_within(Duration window) const {
    int most = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      int count = 0;
      for (std::size_t j = i; j < entries.size() && entries[j].first < entries[i].first + window; ++j) ++count;
      most = std::max(most, count);
    }
    return most;
  }
};

TestStore* stage_of = nullptr;
Log* logged = nullptr;
Task<void> note(Envelope const& envelope) {
  logged->entries.emplace_back(stage_of->clock.now(), envelope.letter.to.email);
  co_return;
}

// So much time in steps, with real time for the sender in between.
Task<void> pass(TestStore& t, Duration time, Duration step) {
  for (Duration gone(0); gone < time; gone += step) {
    t.clock.advance(step);
    t.store->announce("sending");
    co_await sleep_for(std::chrono::milliseconds(25));
  }
}

Task<void> limit(TestStore& t, std::string name, std::string span, int capacity) {
  co_await t.query(fmt::format("insert into rate_limits (tenant_id, name, span, capacity, tokens, tokens_at, used) values ('{}', '{}', '{}', {}, 1, '{}', '[]')", t.tenant.str(), name, span,
                               capacity, to_text(t.clock.now())));
}

}  // namespace

TEST_CASE("pace: a throttled campaign flows evenly, from two instances together, also after a restart") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("slow", 400, 5, 600);
    Log log;
    logged = &log;
    stage_of = &t;
    stage.provider->after_dot = &note;
    auto other_store = co_await t.another();
    auto first = stage.sender(*t.store, t.instance);
    auto second = stage.sender(*other_store, t.ids.make<InstanceId>());
    co_await first->start();
    co_await second->start();
    co_await pass(t, std::chrono::seconds(8), std::chrono::milliseconds(100));
    co_await first->stop();
    co_await second->stop();
    auto third = stage.sender(*t.store, t.ids.make<InstanceId>());
    co_await third->start();
    co_await pass(t, std::chrono::seconds(4), std::chrono::milliseconds(100));
    co_await third->stop();
    co_await other_store->stop();
    // Ten a second: twelve seconds, one burst of half a second, and what the steps leave over.
    CHECK(log.entries.size() <= 126);
    CHECK(log.entries.size() >= 100);
    CHECK(log.most_within(std::chrono::seconds(1)) <= 15);
  });
}

TEST_CASE("pace: a tenant's hourly budget is never passed within any hour, and the rest waits") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await limit(t, "tenant", "hour", 50);
    co_await stage.campaign("a", 80);
    Log log;
    logged = &log;
    stage_of = &t;
    stage.provider->after_dot = &note;
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    co_await stage.until_states("queued 30, sent 50");
    auto const held = co_await t.query("select held_by from send_lanes");
    CHECK(held[0][0] == "paced:tenant/hour");
    auto const tried = co_await t.query("select max(attempt_count) from messages where status = 'queued'");
    CHECK(tried[0][0] == "0");
    co_await pass(t, std::chrono::minutes(58), std::chrono::minutes(2));
    CHECK(co_await stage.states() == "queued 30, sent 50");
    co_await pass(t, std::chrono::minutes(6), std::chrono::seconds(20));
    co_await stage.until_states("sent 80");
    CHECK(log.most_within(std::chrono::hours(1)) <= 50);
    co_await sender->stop();
  });
}

TEST_CASE("pace: a provider's budget binds all lanes that use it, and no other") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await limit(t, "provider:" + stage.grounds[t.tenant].provider.str(), "day", 10);
    co_await limit(t, "provider:" + t.ids.next().str(), "day", 1);
    co_await stage.campaign("a", 8);
    co_await stage.campaign("b", 8);
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    co_await stage.until_states("queued 6, sent 10");
    co_await sender->stop();
  });
}

TEST_CASE("pace: nobody gets more marketing than the tenant's cap, and what was read is kept") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await t.query(fmt::format("insert into sending_settings (tenant_id, max_attempts, frequency_messages, frequency_days, updated_at) values ('{}', 8, 2, 7, '{}')", t.tenant.str(),
                                 to_text(t.clock.now())));
    co_await stage.person("ada@example.net");
    for (int i = 1; i <= 4; ++i) {
      // Four campaigns to one person: as direct messages with marketing purpose, all due at once.
      co_await stage.direct("ada@example.net", "marketing", 5);
      co_await t.query(fmt::format("update messages set id = '{}', source_id = '{}' where id = '{}'", uuid_from_name("m" + std::to_string(i)).str(), uuid_from_name("m" + std::to_string(i)).str(),
                                   stage.message_to("ada@example.net").str()));
    }
    co_await stage.direct("ada@example.net", "transactional");
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    co_await stage.until_states("sent 3, skipped 2");
    auto const skipped = co_await t.query("select distinct skip_reason from messages where status = 'skipped'");
    CHECK(skipped[0][0] == "frequency_capped");
    auto const trace = co_await t.query("select trace from message_attempts where outcome = 'skipped'");
    CHECK(trace[0][0].find("frequency") != std::string::npos);
    CHECK(trace[0][0].find("days") != std::string::npos);
    co_await sender->stop();
  });
}

TEST_CASE("pace: a broken provider is left alone, keeps its backlog unharmed, and comes back") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    auto const healthy = co_await stage.another_tenant("healthy");
    auto const good = std::make_shared<ScriptedProvider>();
    stage.others[stage.grounds[healthy].provider] = good;
    stage.provider->at_once = 2;
    stage.provider->always = outcome_of(OutcomeKind::temporary, 421, true);
    co_await stage.campaign("down", 300);
    co_await stage.campaign("up", 300, 5, std::nullopt, healthy);
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    auto const all_good = [&good] { return good->accepted.size() == 300; };
    co_await t.until(all_good);
    for (int i = 0; i < 60; ++i) {
      t.clock.advance(std::chrono::seconds(5));
      t.store->announce("sending");
      co_await sleep_for(std::chrono::milliseconds(15));
    }
    // The first batch, and a trial now and then in five minutes.
    CHECK(stage.provider->offered <= 50 + 15);
    auto const breaker = co_await t.query("select breaker from providers where id = '" + stage.grounds[t.tenant].provider.str() + "'");
    CHECK(breaker[0][0].find("421") == std::string::npos);
    CHECK(breaker[0][0].find("as scripted") != std::string::npos);
    auto const states = co_await t.query("select status, max(attempt_count) from messages where tenant_id = '" + t.tenant.str() + "' group by status");
    for (auto const& row : states) {
      CHECK((row[0] == "queued" || row[0] == "sending"));
      CHECK(std::stoi(row[1]) <= 2);
    }
    auto const offered = stage.provider->offered;
    stage.provider->always.reset();
    for (int i = 0; i < 400 && stage.provider->accepted.size() < 300; ++i) {
      t.clock.advance(std::chrono::seconds(2));
      t.store->announce("sending");
      co_await sleep_for(std::chrono::milliseconds(15));
    }
    CHECK(stage.provider->accepted.size() == 300);
    CHECK(stage.provider->offered <= offered + 302);
    co_await stage.until_states("sent 600");
    auto const closed = co_await t.query("select breaker from providers where id = '" + stage.grounds[t.tenant].provider.str() + "'");
    CHECK(closed[0][0].find("closed") != std::string::npos);
    co_await sender->stop();
  });
}

TEST_CASE("pace: wrong credentials stop the provider at once, and nobody's message fails for it") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    stage.provider->at_once = 1;
    stage.provider->always = outcome_of(OutcomeKind::configuration, 535);
    co_await stage.campaign("a", 100);
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    auto const tried = [&stage] { return stage.provider->offered > 0; };
    co_await t.until(tried);
    co_await stage.until_states("queued 100");
    co_await sleep_for(std::chrono::milliseconds(50));
    CHECK(stage.provider->offered <= 50);
    auto const attempts = co_await t.query("select max(attempt_count) from messages");
    CHECK(attempts[0][0] == "0");
    co_await sender->stop();
  });
}

TEST_CASE("pace: a receipt overtakes a broadcast through the same slow provider, and another tenant's mail is not held up") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    auto const other = co_await stage.another_tenant("other");
    stage.provider->at_once = 2;
    struct Slow {
      static Task<void> reply(Envelope const&) { co_await sleep_for(std::chrono::milliseconds(5)); }
    };
    stage.provider->after_dot = &Slow::reply;
    co_await stage.campaign("big", 2000, 10);
    co_await stage.campaign("big2", 500, 5);
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    auto const busy = [&stage] { return stage.provider->accepted.size() > 40; };
    co_await t.until(busy);
    co_await stage.person("ada@example.net");
    co_await stage.person("bob@example.net", other);
    auto const before = std::chrono::steady_clock::now();
    co_await stage.direct("ada@example.net", "transactional");
    co_await stage.direct("bob@example.net", "transactional", 5, other);
    auto const arrived = [&stage] { return stage.provider->to().contains("ada@example.net") && stage.provider->to().contains("bob@example.net"); };
    co_await t.until(arrived);
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(1));
    CHECK(stage.provider->accepted.size() < 1000);
    co_await sender->stop();
  });
}
