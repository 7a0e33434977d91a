// Random journeys on real stores, with a process that dies at any await: what is in the database must hang together afterwards, and be what it is
// where nobody died. POSTRIDER_JOURNEY_CRASHES=full plays ten seeds of a thousand journeys each.
#include "support/journey_play.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>

using namespace postrider;
using namespace postrider::test;

namespace {

bool full() {
  auto const* const asked = std::getenv("POSTRIDER_JOURNEY_CRASHES");
  return asked && std::string_view(asked) == "full";
}

// The same play twice: in peace, and with deaths.
Task<void> play_twice(TestStore& t, std::uint64_t seed, int waves, bool compare) {
  std::vector<std::vector<std::string>> in_peace;
  {
    co_await start_anew(t);
    JourneyPlay play(t, seed, false);
    co_await play.prepare(waves);
    for (int wave = 0; wave < waves; ++wave) in_peace.push_back(co_await play.wave(wave));
    CHECK(play.crashes() == 0);
  }
  co_await start_anew(t);
  JourneyPlay play(t, seed, true);
  co_await play.prepare(waves);
  for (int wave = 0; wave < waves; ++wave) {
    auto const told = co_await play.wave(wave);
    if (!compare || told == in_peace[static_cast<std::size_t>(wave)]) continue;
    auto const [left, right] = std::ranges::mismatch(told, in_peace[static_cast<std::size_t>(wave)]);
    FAIL("seed " << seed << ", wave " << wave << ": with crashes\n" << (left == told.end() ? "nothing more" : *left) << "\nwithout\n"
                 << (right == in_peace[static_cast<std::size_t>(wave)].end() ? "nothing more" : *right));
  }
  CHECK(play.crashes() > waves * 5);
  if (full()) std::cout << "seed " << seed << ": " << play.figures() << "\n";
}

}  // namespace

TEST_CASE("journeys: whoever dies at any await, no step is lost or done twice, and everybody goes the way they would have gone (SQLite)") {
  on_sqlite([](TestStore& t) -> Task<void> {
    int const seeds = full() ? 10 : 2;
    int const waves = full() ? 1000 / JourneyPlay::journeys : 4;
    for (int seed = 1; seed <= seeds; ++seed) co_await play_twice(t, static_cast<std::uint64_t>(seed), waves, true);
  });
}

TEST_CASE("journeys: whoever dies at any await, no step is lost or done twice (PostgreSQL)") {
  on_postgres([](TestStore& t) -> Task<void> {
    int const waves = full() ? 1000 / JourneyPlay::journeys : 3;
    co_await play_twice(t, 11, waves, false);
  });
}
