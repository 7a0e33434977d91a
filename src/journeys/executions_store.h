// Executions as rows, for the engine: read under a lock, written back with their history, set by set.
#pragma once

#include "postrider/journeys/engine.h"
#include "postrider/segments/facts.h"

#include <string>
#include <vector>

namespace postrider::journeys {

struct Execution {
  ExecutionId id;
  ContactId contact;
  int version = 0;
  State state;
  std::string node_id;   // kept apart, for versions that do not know it
  Instant was_due;
  boost::json::value orders;  // {"leave": why}, {"move": node}, {"answered": visit}, {"refused": visit, "why"}
  std::optional<Instant> held_at = {};
};

// Columns in the order of `claim`. The state's node is found by whoever has the definition.
Execution read_execution(db::Row row);
// What to load for them.
segments::FactsWanted facts_for(Questions questions);
// Goals by their ids.
boost::json::array goals_of(Definition const& definition, State const& state);

// What a batch of turns comes to, written with one statement a table.
struct Written {
  Written() : states(16), steps(10), waits(3), dropped_waits(3) {}
  db::Columns states, steps, waits, dropped_waits;
  std::vector<events::Event> happened;

  void add_state(Execution const& execution, Definition const& definition, Instant now);
  void add_step(ExecutionId execution, int version, Definition const& definition, Step const& step);
  void change_waits(Execution const& execution, std::set<std::string> const& before, std::set<std::string> const& after);
};
Task<void> write(db::Transaction& tx, TenantId tenant, JourneyId journey, Written written, Instant now);

}  // namespace postrider::journeys
