// A play of random journeys on a store: wave after wave of journeys, each with people of its own, to whom things happen for some virtual days,
// while the process that leads them may die at any await. After each wave the database is held against what journeys promise.
#pragma once

#include "support/crashing_store.h"
#include "support/journey_world.h"
#include "support/random_journeys.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace postrider::test {

// An empty, migrated database instead of the one that the test has, with its clock and ids at their beginning.
Task<void> start_anew(TestStore& t);

class JourneyPlay {
 public:
  static constexpr int journeys = 20;  // a wave
  static constexpr int people = 8;

  JourneyPlay(TestStore& t, std::uint64_t seed, bool crashing);

  Task<void> prepare(int waves);
  // Plays one, and says what became of everybody, in an order that does not depend on ids. Throws when a promise is broken.
  Task<std::vector<std::string>> wave(int number);

  int crashes() const { return door_.crashes(); }
  // "1000 journeys, 4321 executions, …"
  std::string figures() const;

 private:
  struct Cast {  // the journeys of a wave
    int wave = 0;
    std::vector<JourneyId> ids;
    std::map<JourneyId, RandomJourney> journeys;
    std::string list;  // of the ids, for SQL
  };

  void restart();
  // Until it is done, or was committed by one who then died.
  Task<void> survive(Task<void> (JourneyPlay::*unit)());
  Task<void> read_events();
  Task<void> find_busy();
  Task<void> step_one();
  Task<void> run_job();
  Task<void> call_webhooks();
  Task<void> work();
  Task<Cast> open(int number, RandomJourneys& draw);
  Task<void> happen(Cast const& cast, RandomJourneys& draw);
  Task<void> call(Cast const& cast, RandomJourneys& draw);
  Task<void> call_one();
  Task<void> give_orders(Cast const& cast, RandomJourneys& draw);
  Task<void> pass_time(Cast const& cast, RandomJourneys& draw);
  Task<std::vector<std::string>> check(Cast const& cast);
  Task<db::Rows> rows(std::string sql);
  ContactId person(Cast const& cast, std::size_t number) const { return world_.person(cast.wave * people + static_cast<int>(number)); }

  class Steady : public Random {
   public:
    void fill(std::span<std::uint8_t> out) override;
  };

  TestStore& t_;
  std::uint64_t seed_;
  bool crashing_;
  JourneyWorld world_;
  CrashingStore door_;
  Steady steady_;  // retries after crashes shall fall on the same times as without
  SeededRandom deaths_;
  CountedIds event_ids_;
  std::unique_ptr<journeys::Engine> engine_;
  std::vector<SegmentId> lists_;
  events::Position read_to_ = {}, reading_to_ = {};
  bool read_some_ = false;
  std::vector<journeys::Engine::Busy> busy_;
  journeys::Engine::Busy stepping_;
  int stepped_ = 0;
  jobs::Job job_;
  std::set<std::string> jobs_seen_;
  JourneyId called_;
  ContactId caller_;
  std::string call_key_;
  std::size_t played_ = 0, executions_ = 0, steps_ = 0, messages_ = 0, recorded_ = 0, ended_ = 0, held_ = 0;
};

}  // namespace postrider::test
