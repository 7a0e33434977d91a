// What a tenant sets about sending, and what a queued message is said to wait for.
#include "support/results.h"
#include "support/sending_stage.h"

#include "postrider/delivery/sending_policy.h"
#include "postrider/delivery/waiting.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace postrider;
using namespace postrider::test;
using namespace postrider::delivery;

namespace {

std::string pointer_of(Error const& error) { return error.fields.empty() ? std::string() : error.fields.front().pointer; }

Task<std::string> refused(TestStore& t, std::string name, std::string span, std::int64_t limit) {
  std::vector<RateLimit> wanted;
  wanted.push_back(RateLimit{std::move(name), std::move(span), limit});
  auto const kept = co_await set_rate_limits(*t.store, t.context(), std::move(wanted), t.ids, t.clock.now());
  co_return kept ? std::string("kept") : pointer_of(kept.error());
}

Task<std::string> reason(SendingStage& stage, std::string address) {
  auto const waiting = co_await waiting_for(*stage.t.store, stage.t.tenant, stage.message_to(address), stage.t.clock.now());
  co_return waiting ? waiting->reason : std::string("nothing");
}

}  // namespace

TEST_CASE("sending policy: budgets are set as a whole, keep what was used, and say what is left") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    auto const provider = "provider:" + stage.grounds[t.tenant].provider.str();
    std::vector<RateLimit> wanted;
    wanted.push_back(RateLimit{"tenant", "day", 100});
    wanted.push_back(RateLimit{provider, "hour", 5});
    auto const kept = co_await set_rate_limits(*t.store, t.context(), wanted, t.ids, t.clock.now());
    REQUIRE(kept);
    REQUIRE(kept->size() == 2);
    co_await stage.campaign("a", 8);
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    co_await stage.until_states("queued 3, sent 5");
    CHECK(co_await reason(stage, "a-1@example.net") != "turn");
    // Raised, it lets the rest through at once, and remembers the five.
    wanted[1].limit = 7;
    auto const raised = co_await set_rate_limits(*t.store, t.context(), wanted, t.ids, t.clock.now());
    REQUIRE(raised);
    co_await stage.until_states("queued 1, sent 7");
    auto const left = co_await rate_limits(*t.store, t.tenant, t.clock.now());
    REQUIRE(left.size() == 2);
    for (auto const& limit : left) CHECK(limit.available == (limit.name == "tenant" ? 93 : 0));
    wanted.pop_back();
    auto const lifted = co_await set_rate_limits(*t.store, t.context(), wanted, t.ids, t.clock.now());
    REQUIRE(lifted);
    CHECK(lifted->size() == 1);
    co_await stage.until_states("sent 8");
    co_await sender->stop();
    auto const audited = co_await t.query("select count(*) from audit_logs where entity_type = 'rate_limits'");
    CHECK(audited[0][0] == "3");
  });
}

TEST_CASE("sending policy: what cannot be meant is refused by its place") {
  on_each_store([](TestStore& t) -> Task<void> {
    CHECK(co_await refused(t, "everything", "day", 5) == "/items/0/name");
    CHECK(co_await refused(t, "provider:" + t.ids.next().str(), "day", 5) == "/items/0/name");
    CHECK(co_await refused(t, "tenant", "week", 5) == "/items/0/span");
    CHECK(co_await refused(t, "tenant", "day", 0) == "/items/0/limit");
    CHECK(co_await refused(t, "channel:email", "minute", 60) == "kept");
    SendingPolicy policy;
    policy.max_attempts = 0;
    auto const never = co_await set_sending_policy(*t.store, t.context(), policy, t.ids, t.clock.now());
    REQUIRE_FALSE(never);
    CHECK(pointer_of(never.error()) == "/max_attempts");
    policy.max_attempts = 3;
    policy.frequency_messages = 2;
    auto const half = co_await set_sending_policy(*t.store, t.context(), policy, t.ids, t.clock.now());
    REQUIRE_FALSE(half);
    CHECK(pointer_of(half.error()) == "/frequency_days");
    policy.frequency_days = 7;
    auto const kept = co_await set_sending_policy(*t.store, t.context(), policy, t.ids, t.clock.now());
    REQUIRE(kept);
    auto const read = co_await sending_policy(*t.store, t.tenant);
    CHECK(read.max_attempts == 3);
    CHECK(read.frequency_messages == 2);
    CHECK(read.frequency_days == 7);
  });
}

TEST_CASE("sending policy: a queued message says what it waits for") {
  on_each_store([](TestStore& t) -> Task<void> {
    SendingStage stage(t);
    co_await stage.prepare();
    co_await stage.campaign("a", 3, 5, 60);
    auto const now = t.clock.now();
    CHECK(co_await reason(stage, "a-1@example.net") == "turn");
    CHECK(co_await reason(stage, "nobody@example.net") == "nothing");
    co_await t.query(fmt::format("update messages set due_at = '{}' where id = '{}'", to_text(now + std::chrono::hours(1)), stage.message_to("a-1@example.net").str()));
    CHECK(co_await reason(stage, "a-1@example.net") == "scheduled");
    co_await t.query(fmt::format("update messages set error = 'temporary 451' where id = '{}'", stage.message_to("a-1@example.net").str()));
    CHECK(co_await reason(stage, "a-1@example.net") == "retry");
    co_await t.query("update send_lanes set is_open = false");
    CHECK(co_await reason(stage, "a-2@example.net") == "paused");
    co_await t.query("update send_lanes set is_open = true");
    stage.provider->always = outcome_of(OutcomeKind::configuration, 535);
    auto sender = stage.sender(*t.store, t.instance);
    co_await sender->start();
    for (int i = 0; i < 300; ++i) {
      auto const why = co_await reason(stage, "a-3@example.net");
      if (why == "provider_down") break;
      co_await sleep_for(std::chrono::milliseconds(10));
    }
    CHECK(co_await reason(stage, "a-3@example.net") == "provider_down");
    co_await sender->stop();
    co_await t.query("update providers set breaker = '{}'");
    co_await t.query(fmt::format("update send_lanes set held_by = 'paced:campaign/minute', next_due_at = '{}'", to_text(t.clock.now() + std::chrono::seconds(1))));
    CHECK(co_await reason(stage, "a-3@example.net") == "paced");
  });
}
