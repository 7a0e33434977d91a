// Random journeys on real stores, with a process that dies at any await: what is in the database must hang together afterwards, and be what it is
// where nobody died.
#include "support/journey_play.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <sstream>

using namespace postrider;
using namespace postrider::test;

namespace {

// What is played: POSTRIDER_JOURNEY_PLAY="7:0:50" is seed 7, from wave 0 on 50 waves of 20 journeys; without it, as many as fit into a test.
struct Played {
  std::uint64_t seed = 1;
  int first = 0, waves = 0;
};

std::optional<Played> asked() {
  auto const* const text = std::getenv("POSTRIDER_JOURNEY_PLAY");
  Played played;
  char colon = 0;
  if (!text || !(std::istringstream(text) >> played.seed >> colon >> played.first >> colon >> played.waves)) return std::nullopt;
  return played;
}

// The same play twice: in peace, and with deaths.
Task<void> play_twice(TestStore& t, Played what, bool compare) {
  auto const [seed, first, waves] = what;
  std::vector<std::vector<std::string>> in_peace;
  {
    co_await start_anew(t);
    JourneyPlay play(t, seed, false);
    co_await play.prepare(first + waves);
    for (int wave = 0; wave < waves; ++wave) in_peace.push_back(co_await play.wave(first + wave));
    CHECK(play.crashes() == 0);
  }
  co_await start_anew(t);
  JourneyPlay play(t, seed, true);
  co_await play.prepare(first + waves);
  for (int wave = 0; wave < waves; ++wave) {
    auto const told = co_await play.wave(first + wave);
    if (!compare || told == in_peace[static_cast<std::size_t>(wave)]) continue;
    auto const [left, right] = std::ranges::mismatch(told, in_peace[static_cast<std::size_t>(wave)]);
    FAIL("seed " << seed << ", wave " << first + wave << ": with crashes\n" << (left == told.end() ? "nothing more" : *left) << "\nwithout\n"
                 << (right == in_peace[static_cast<std::size_t>(wave)].end() ? "nothing more" : *right));
  }
  CHECK(play.crashes() > waves * 5);
  if (asked()) std::cout << "seed " << seed << ": " << play.figures() << "\n";
}

}  // namespace

TEST_CASE("journeys: whoever dies at any await, no step is lost or done twice, and everybody goes the way they would have gone (SQLite)") {
  on_sqlite([](TestStore& t) -> Task<void> {
    if (auto const what = asked()) co_return co_await play_twice(t, *what, true);
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      Played const some{seed, 0, 4};
      co_await play_twice(t, some, true);
    }
  });
}

TEST_CASE("journeys: whoever dies at any await, no step is lost or done twice (PostgreSQL)") {
  on_postgres([](TestStore& t) -> Task<void> {
    Played const some{11, 0, 3};
    co_await play_twice(t, asked().value_or(some), false);
  });
}
