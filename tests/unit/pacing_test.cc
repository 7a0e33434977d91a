// Budgets, breaker, turns and settlements: pure.
#include "delivery/sending/breaker.h"
#include "delivery/sending/pacing.h"
#include "delivery/sending/turns.h"
#include "delivery/settlement.h"

#include <catch2/catch.hpp>

#include <random>

using namespace postrider;
using namespace postrider::delivery;

namespace {

Instant const start = *parse_instant("2026-03-02T10:00:00Z");
using Steady = Breaker::Time;

// Takes as much as it may at random instants, and tells how many went when.
std::vector<std::pair<Instant, std::int64_t>> greedy(Budget budget, Duration time, std::uint64_t seed, double most_seconds) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> pause(0.001, most_seconds);
  std::vector<std::pair<Instant, std::int64_t>> taken;
  for (Instant now = start; now < start + time; now += Duration(static_cast<std::int64_t>(pause(random) * 1e6))) {
    auto const count = available(budget, now);
    take(budget, count, now);
    if (count > 0) taken.emplace_back(now, count);
    // As the row is written and read again.
    Budget read = budget;
    read_slots(read, slots_text(budget));
    REQUIRE(read.used == budget.used);
  }
  return taken;
}

std::int64_t most_within(std::vector<std::pair<Instant, std::int64_t>> const& taken, Duration window) {
  std::int64_t most = 0;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    std::int64_t count = 0;
    for (std::size_t j = i; j < taken.size() && taken[j].first < taken[i].first + window; ++j) count += taken[j].second;
    most = std::max(most, count);
  }
  return most;
}

}  // namespace

TEST_CASE("pacing: a minute's budget flows evenly, whatever the rhythm of the claims") {
  for (std::int64_t const capacity : {1, 7, 60, 600, 60'000}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Budget budget{.name = "campaign", .span = Span::minute, .capacity = capacity, .tokens = 1, .tokens_at = start};
      auto const taken = greedy(budget, std::chrono::minutes(5), seed, 2.0);
      auto const burst = static_cast<std::int64_t>(std::ceil(burst_of(budget)));
      CHECK(most_within(taken, std::chrono::minutes(1)) <= capacity + burst);
      CHECK(most_within(taken, std::chrono::seconds(1)) <= capacity / 60 + burst + 1);
    }
  }
}

TEST_CASE("pacing: within any hour or day never more than the budget") {
  for (auto const span : {Span::hour, Span::day}) {
    auto const window = span == Span::hour ? Duration(std::chrono::hours(1)) : Duration(std::chrono::hours(24));
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Budget budget{.name = "tenant", .span = span, .capacity = 100};
      auto const taken = greedy(budget, 3 * window, seed, span == Span::hour ? 300.0 : 5000.0);
      CHECK(most_within(taken, window) <= 100);
      std::int64_t all = 0;
      for (auto const& [at, count] : taken) all += count;
      CHECK(all >= 200);
    }
  }
}

TEST_CASE("pacing: when it says to come back, something may go, and a clock that was set back gives nothing twice") {
  Budget minute{.name = "campaign", .span = Span::minute, .capacity = 30, .tokens = 1, .tokens_at = start};
  CHECK(available(minute, start) == 1);
  take(minute, 1, start);
  CHECK(available(minute, start) == 0);
  CHECK(available(minute, start - std::chrono::hours(1)) == 0);
  CHECK(available(minute, ready_at(minute, start)) >= 1);
  CHECK(ready_at(minute, start) <= start + std::chrono::seconds(3));
  Budget hour{.name = "tenant", .span = Span::hour, .capacity = 5};
  take(hour, 5, start);
  CHECK(available(hour, start - std::chrono::hours(3)) == 0);
  CHECK(available(hour, start + std::chrono::minutes(59)) == 0);
  CHECK(available(hour, ready_at(hour, start)) == 5);
  CHECK(ready_at(hour, start) <= start + std::chrono::minutes(61));
}

TEST_CASE("breaker: opens after five faults in a row, tries with one message, and waits longer each time") {
  Breaker breaker;
  Steady now{};
  now += std::chrono::hours(1);
  for (int i = 0; i < 4; ++i) CHECK_FALSE(breaker.failed(now, 0));
  CHECK(breaker.state(now) == Breaker::State::closed);
  CHECK(breaker.troubled());
  CHECK(breaker.failed(now, 0));
  CHECK(breaker.state(now) == Breaker::State::open);
  CHECK(breaker.allowance(now) == 0);
  // What was under way when it opened changes nothing.
  CHECK_FALSE(breaker.failed(now, 0));
  breaker.succeeded();
  CHECK(breaker.state(now) == Breaker::State::open);
  auto pause = std::chrono::seconds(2);
  for (int trial = 0; trial < 5; ++trial) {
    CHECK(breaker.opens_at() == now + std::min(pause, std::chrono::seconds(60)));
    now = breaker.opens_at();
    CHECK(breaker.state(now) == Breaker::State::half_open);
    CHECK(breaker.allowance(now) == 1);
    breaker.claimed(1, now);
    CHECK(breaker.allowance(now) == 0);
    breaker.failed(now, 0);
    pause *= 2;
  }
  now = breaker.opens_at();
  breaker.claimed(1, now);
  breaker.unused();  // it was revoked at the last moment
  CHECK(breaker.allowance(now) == 1);
  breaker.claimed(1, now);
  breaker.succeeded();
  CHECK(breaker.state(now) == Breaker::State::closed);
  CHECK(breaker.allowance(now) == Breaker::unlimited);
  CHECK_FALSE(breaker.troubled());
  // New settings are new luck, at once.
  CHECK(breaker.failed(now, 0, true));
  CHECK(breaker.allowance(now) == 0);
  breaker.renewed();
  CHECK(breaker.allowance(now) == Breaker::unlimited);
  CHECK_FALSE(breaker.troubled());
  CHECK(breaker.openings() == 2);
}

TEST_CASE("breaker: opens when half of the last twenty are faults, and never for a few among many") {
  Steady now{};
  Breaker flaky;
  int faults = 0;
  bool opened = false;
  for (int i = 0; i < 40 && !opened; ++i) {
    if (i % 2 == 0) {
      flaky.succeeded();
    } else {
      ++faults;
      opened = flaky.failed(now, 0);
    }
  }
  CHECK(opened);
  CHECK(faults <= 20);
  Breaker good;
  for (int i = 0; i < 10'000; ++i) {
    if (i % 4 == 0) CHECK_FALSE(good.failed(now, 0));
    else good.succeeded();
  }
}

TEST_CASE("turns: waiting outweighs priority in the end, and many lanes are no more turns") {
  auto const tenant = [](int n) { return TenantId(uuid_from_name("tenant " + std::to_string(n))); };
  auto const lane = [](int n) { return LaneId(uuid_from_name("lane " + std::to_string(n))); };
  // Tenant 1 has fifty lanes, tenant 2 one, tenant 3 one of bulk mail, all always due.
  std::vector<DueLane> lanes;
  for (int i = 0; i < 50; ++i) lanes.push_back(DueLane{tenant(1), lane(i), 5, start});
  lanes.push_back(DueLane{tenant(2), lane(50), 5, start});
  lanes.push_back(DueLane{tenant(3), lane(51), 10, start});
  std::map<TenantId, Instant> served;
  std::map<TenantId, int> turns;
  Instant now = start;
  for (int i = 0; i < 6000; ++i) {
    now += std::chrono::milliseconds(20);
    order_turns(lanes, served);
    auto& first = lanes.front();
    first.served_at = now;
    served[first.tenant] = now;
    ++turns[first.tenant];
  }
  CHECK(std::abs(turns[tenant(1)] - turns[tenant(2)]) <= 2);
  CHECK(turns[tenant(3)] >= 10);  // two minutes: one turn in ten seconds at least
  // What is urgent goes before all that was served lately.
  lanes.push_back(DueLane{tenant(1), lane(99), 1, now - std::chrono::seconds(60)});
  order_turns(lanes, served);
  CHECK(lanes.front().id == lane(99));
}

TEST_CASE("settlement: a provider's fault costs the message nothing while the provider is down, for three days at most") {
  Outcome fault;
  fault.kind = OutcomeKind::temporary;
  fault.provider_fault = true;
  SettlementRules rules{.purpose = "marketing", .attempt = 8, .max_attempts = 8, .scheduled_at = start, .provider_down = true};
  auto const kept = settlement_of(fault, rules, start + std::chrono::hours(70), 0);
  CHECK(kept.status == "queued");
  CHECK(kept.refund_attempt);
  CHECK(settlement_of(fault, rules, start + std::chrono::hours(73), 0).status == "failed");
  rules.provider_down = false;
  CHECK(settlement_of(fault, rules, start, 0).status == "failed");
  rules.attempt = 3;
  auto const again = settlement_of(fault, rules, start, 0.5);
  CHECK(again.status == "queued");
  CHECK_FALSE(again.refund_attempt);
  CHECK(*again.due_at >= start + std::chrono::seconds(18));
  CHECK(*again.due_at <= start + std::chrono::seconds(23));
  // The provider's own word counts for more than ours.
  fault.retry_after = std::chrono::minutes(10);
  CHECK(*settlement_of(fault, rules, start, 0).due_at >= start + std::chrono::minutes(10));
}
