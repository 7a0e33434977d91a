// A journey before anybody is on it: the same machine, the same gate, a clock that jumps from one thing that happens to the next, and a store
// that is this memory. Nothing can leave: there is no provider here, and no way to one.
//
// Pure and repeatable: the same scenario gives the same report. Chances are drawn for each person and message by themselves, so that two
// versions of a journey are compared over the same people with the same luck.
#pragma once

#include "postrider/journeys/machine.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postrider::journeys {

// What people do with a message, as shares of those it was sent to.
struct Rates {
  double open = 0;
  double click = 0;        // of those sent, like the others; whoever clicks has opened
  double unsubscribe = 0;  // after opening
  double bounce = 0;       // hard
};

struct SimulatedPerson {
  segments::Facts facts;                    // also what happened to them before the scenario begins
  std::optional<std::string> suppression = {};
  std::optional<Instant> enters = {};       // by the first trigger; nothing: only if an event brings them in
};

struct SimulatedEvent {
  std::size_t person = 0;
  segments::Facts::Event event;  // created_at is when it happens
};

struct Scenario {
  Instant from;
  Duration length = std::chrono::hours(24 * 90);
  std::uint64_t seed = 1;
  std::string time_zone = "UTC";
  JourneyId journey = {};
  std::vector<SimulatedPerson> people;
  std::vector<SimulatedEvent> events = {};
  Rates rates = {};
  std::optional<int> frequency_messages = {};  // the tenant's cap
  int frequency_days = 1;
  std::size_t traced = 0;  // the first so many people's steps are kept
};

// One node on one day of the scenario.
struct NodeDay {
  std::int64_t entered = 0;
  std::map<std::string, std::int64_t> left = {};     // by exit; "" where the journey ended
  std::map<std::string, std::int64_t> sent = {};     // by channel
  std::map<std::string, std::int64_t> blocked = {};  // by the gate's reason, quiet_hours among them
  std::int64_t errors = 0;
  std::int64_t waiting = 0;                          // at the end of the day
};

struct TracedExecution {
  std::size_t person = 0;
  State state;
  std::vector<Step> steps;
  std::vector<Instant> sent;  // messages that passed the gate
};

struct SimulationReport {
  int days = 0;
  std::int64_t people = 0;
  std::int64_t entered = 0;
  std::map<std::string, std::int64_t> not_entered = {};  // by why
  std::int64_t in_flight = 0;                            // at the end
  std::map<std::string, std::int64_t> completed = {};    // by reason
  std::map<std::string, std::int64_t> exited = {};       // by reason
  std::map<std::string, std::int64_t> sent = {}, blocked = {};
  std::int64_t reached_goal = 0;
  std::int64_t turns = 0;
  std::vector<std::vector<NodeDay>> nodes;  // [node][day]
  std::vector<TracedExecution> traces;
};

SimulationReport simulate(Definition const& definition, Scenario scenario);

// People that do not exist: who they are, when they come, what they do.
struct Population {
  std::size_t people = 10'000;
  Duration enter_over = std::chrono::hours(24);
  double consent = 1;                                                  // share of those who granted it
  std::map<std::string, std::map<std::string, double>> attributes = {};  // "plan": {"pro": 0.2, "free": 0.8}
  std::map<std::string, double> time_zones = {};
  std::map<std::string, double> tags = {};
  struct Happening {
    std::string event;
    double per_day = 0;  // of each person, on average
    boost::json::object properties = {};
  };
  std::vector<Happening> events = {};
  boost::json::object trigger_properties = {};  // of the event that lets them in
};
// Adds them to the scenario. Those of a journey that begins with an event come in by one.
void populate(Scenario& scenario, Population const& population, Definition const& definition);

}  // namespace postrider::journeys
