// Who is on the way through a journey, how they got where they are, and what people order about them; and how many went which way. The engine
// writes the executions; here they are read. An order is written beside an execution and carried out at its next look, which is at once.
#pragma once

#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/db/store.h"
#include "postrider/journeys/machine.h"

#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::journeys {

struct ExecutionRecord {
  ExecutionId id;
  JourneyId journey;
  std::string journey_name;
  int version = 1;
  ContactId contact;
  std::optional<std::string> email;  // of the contact
  ExecutionStatus status = ExecutionStatus::active;
  std::string node;
  int visit = 1;
  Instant arrived_at;                // at this node
  Instant entered_at;
  std::optional<Instant> ended_at, due_at, held_at;
  std::optional<std::string> reason;  // why it ended
  int failures = 0;                  // of this node's action
  std::optional<std::string> error;  // what failed last
  std::optional<boost::json::object> order;
  boost::json::object variables, event;
};

struct PastStep {
  int visit = 1;
  std::string node, kind;
  std::optional<std::string> exit;  // the way out; nothing at the end
  Outcome outcome = Outcome::success;
  Instant arrived_at, left_at;
  boost::json::object trace;
};

// What was sent, or not, at a visit.
struct StepMessage {
  Uuid id;
  int visit = 1;
  std::string channel, status;
  std::optional<std::string> skip_reason;
  std::optional<Instant> sent_at;
};

struct Explained {
  ExecutionRecord execution;
  std::vector<PastStep> steps;  // in their order; of very long histories the newest
  bool more_steps = false;
  std::vector<StepMessage> messages;
  std::vector<std::string> waits_for;  // types of events that wake it
};

struct ExecutionFilter {
  std::optional<ExecutionStatus> status = {};
  std::optional<std::string> node = {};
  std::optional<ContactId> contact = {};
  std::optional<bool> held = {};
  std::optional<int> version = {};
};

// Where a page of the list ends: by the time they came in, then by id.
using LastExecution = std::pair<Instant, ExecutionId>;

struct NodeCounts {
  std::string node, kind;
  std::int64_t entered = 0, here = 0, held = 0, errors = 0, skipped = 0;
  std::map<std::string, std::int64_t> left;  // by exit; "" for those whose journey ended here
};

struct Stats {
  std::optional<int> version;     // nothing: all of them
  std::int64_t entered = 0, in_flight = 0, held = 0, completed = 0, exited = 0, reached_goal = 0;
  std::map<std::string, std::int64_t> completed_by, exited_by;  // by reason
  std::vector<NodeCounts> nodes;  // in the order of the definition, then those of other versions
  std::optional<double> goal_rate() const;
};

class Executions {
 public:
  Executions(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}

  // Fails with not_found.
  Task<Result<void>> check_journey(TenantId tenant, JourneyId journey);
  // Newest first. Fails with not_found when there is no such journey.
  Task<Result<std::vector<ExecutionRecord>>> list(TenantId tenant, JourneyId journey, ExecutionFilter filter, std::optional<LastExecution> before, int limit);
  // Of one contact through all journeys. Fails with not_found when there is no such contact.
  Task<Result<std::vector<ExecutionRecord>>> of_contact(TenantId tenant, ContactId contact, std::optional<LastExecution> before, int limit);
  // Who is meant by one of the three. Fails with invalid, pointing at the member that names nobody, or at contact_id when not exactly one is given.
  Task<Result<ContactId>> named(TenantId tenant, std::optional<ContactId> contact, std::optional<std::string> email, std::optional<std::string> external_id);
  // One of them, without its story.
  Task<Result<ExecutionRecord>> find(TenantId tenant, JourneyId journey, ExecutionId id);
  // With every visit and why it went as it did.
  Task<Result<Explained>> explain(TenantId tenant, JourneyId journey, ExecutionId id);
  // Fails with not_found: the journey, or the version.
  Task<Result<Stats>> stats(TenantId tenant, JourneyId journey, std::optional<int> version);

  // Orders. Each fails with not_found; conflict when the execution has ended.
  Task<Result<ExecutionRecord>> leave(Context context, JourneyId journey, ExecutionId id, std::string reason);
  // Fails also with invalid: the node is none of the execution's version, or a trigger.
  Task<Result<ExecutionRecord>> move(Context context, JourneyId journey, ExecutionId id, std::string node);
  // Looks at what is held, or failed and waits for its next try, now. Fails also with conflict when neither is so.
  Task<Result<ExecutionRecord>> retry(Context context, JourneyId journey, ExecutionId id);
  // Everybody who is held in the journey goes on now. Tells how many.
  Task<Result<std::int64_t>> release(Context context, JourneyId journey);

 private:
  Task<Result<ExecutionRecord>> order(Context context, ExecutionRecord before, boost::json::object wanted, std::string_view action);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

}  // namespace postrider::journeys
