// Where somebody goes next in a journey. Pure: a turn takes the definition, where a contact stands, what is known of them and the time, and says
// where they stand then, what is to be done for them, and why. The engine writes that down, the simulator counts it; both call this.
//
//   auto const asked = questions(definition, state.node);     // what must be known before
//   auto const turn = take_turn(definition, state, facts, input, surroundings, now);
//
// A turn runs through everything that does not wait. Being looked at too early or twice is harmless: whoever still has to wait, waits on. Hence
// waking somebody means no more than looking at them now; whether what they wait for has happened is read from the facts.
#pragma once

#include "postrider/base/random.h"
#include "postrider/journeys/definition.h"
#include "postrider/segments/evaluate.h"

#include <boost/describe/enum.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace postrider::journeys {

// active: to be looked at as soon as possible. completed: came to an exit or a goal. exited: left before.
enum class ExecutionStatus { active, waiting, completed, exited };
BOOST_DESCRIBE_ENUM(ExecutionStatus, active, waiting, completed, exited)

enum class Outcome { success, skip, error };
BOOST_DESCRIBE_ENUM(Outcome, success, skip, error)

struct State {
  ExecutionStatus status = ExecutionStatus::active;
  std::size_t node = 0;
  int visit = 1;                            // of a node, counted through the whole execution
  Instant arrived = {};                     // at this node
  Instant entered = {};                     // into the journey
  std::optional<Instant> due = {};          // look again; nothing once it has ended
  int failures = 0;                         // of this node's action
  std::optional<Instant> not_before = {};   // of its next try, or of the end of patience with a webhook
  bool calling = false;                     // a webhook was called and has not answered
  std::string reason = {};                  // why it ended
  std::string error = {};                   // what failed last
  boost::json::object variables = {};
  boost::json::object event = {};           // properties of the one that let it in, or was waited for last
  std::set<std::size_t> goals = {};         // reached already, and left by `next`

  bool ended() const { return status == ExecutionStatus::completed || status == ExecutionStatus::exited; }
  bool operator==(State const&) const = default;
};

// What somebody tells the machine, beside the time.
struct Input {
  enum class Kind { look, leave, move, answered, refused };
  Kind kind = Kind::look;
  std::string why = {};    // of leave and refused
  std::size_t node = 0;    // of move
  int visit = 0;           // that answered and refused speak of; others are stale
};

// What stands around a journey: templates, senders, segments and journeys that it names but that are gone fail their actions.
struct Surroundings {
  JourneyId journey = {};
  std::set<Uuid> const& missing;
  std::string time_zone = "UTC";  // the tenant's, for contacts without their own
  Random& random;                 // only spreads retries
};

// One visit of a node, ended.
struct Step {
  int visit = 0;
  std::size_t node = 0;
  std::string exit = {};     // the way out; empty at the end of the journey
  Outcome outcome = Outcome::success;
  Instant arrived = {};
  Instant left = {};
  boost::json::object trace = {};  // why: what was asked, read, drawn, or failed
};

// The action of a node, to be carried out in the transaction that writes the turn. A webhook's is only queued there.
struct Effect {
  std::size_t node = 0;
  int visit = 0;
  int attempt = 1;
  boost::json::object variables = {};
  boost::json::object event = {};
};

struct Turn {
  State state;
  std::vector<Step> steps = {};
  std::vector<Effect> effects = {};
};

Turn take_turn(Definition const& definition, State state, segments::Facts facts, Input const& input, Surroundings const& around, Instant now);

// Where somebody begins who comes in by this trigger.
State enter(std::size_t trigger, boost::json::object variables, boost::json::object event, Instant now);

// What must be known for the next turn of somebody at a node.
struct Questions {
  std::set<std::string> events = {};
  bool consents = false;
  bool segments = false;

  void add(segments::Condition const& condition);
  void add(Questions const& more);
};
Questions questions(Definition const& definition, std::size_t node);

// The types of events somebody in this state is to be looked at for: what is waited for, the goals, and what the rules ask.
std::set<std::string> wake_events(Definition const& definition, State const& state);

// The event that fits, at or after `since`; the first of them.
segments::Facts::Event const* find_event(EventMatch const& match, segments::Facts const& facts, Instant since, Instant now);

// Does a single event fit.
bool fits(EventMatch const& match, segments::Facts::Event const& event, Instant now);

// Where the steps lead, without what only the present node knows: proves that a history and a state belong together.
struct Place {
  std::size_t node = 0;
  int visit = 1;
  bool ended = false;
  bool operator==(Place const&) const = default;
};
Place replay(Definition const& definition, std::size_t trigger, std::vector<Step> const& steps);

// When a wait that was come to at `arrived` ends. Nothing: what it waits for has no date.
std::optional<Instant> wait_end(Wait const& wait, segments::Facts const& facts, std::string const& time_zone, Instant arrived);
// The end of the quiet hours in which `now` lies.
std::optional<Instant> quiet_until(Rules const& rules, std::string const& time_zone, Instant now);
// The contact's own zone where it is one, else the tenant's.
std::string zone_of(segments::Facts const& facts, std::string const& fallback);
// A field as a text: numbers and true or false as they are written; empty when missing.
std::string field_text(segments::Facts const& facts, std::string const& field, Instant now);

}  // namespace postrider::journeys
