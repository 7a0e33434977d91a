// Carries contacts through journeys: lets them in, looks at those who are due, and writes what the machine decided: state, history, events,
// messages and jobs of a whole batch in one transaction. Whatever an execution waits for is a time or an event of its contact, so a million
// that wait cost nothing.
//
// Serial for each execution (rows are locked while a turn is taken), once for each visit (the history's key), at most once for each message (its
// source is the execution, its visit the node's).
#pragma once

#include "postrider/base/context.h"
#include "postrider/base/service.h"
#include "postrider/db/store.h"
#include "postrider/events/event_log.h"
#include "postrider/http/client.h"
#include "postrider/jobs/job.h"
#include "postrider/journeys/machine.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace postrider::journeys {

// A published version, read once. What it names is asked for before each batch: it may be gone by then.
struct Published {
  JourneyId journey;
  int version = 0;
  std::string name;
  Definition definition;
  std::vector<Uuid> named;  // templates, senders, segments and journeys
};

// Somebody who is to come in.
struct Entrance {
  JourneyId journey;
  ContactId contact;
  std::size_t trigger = 0;             // node of the version that is active
  std::string key;                     // the same key brings the same contact in once
  boost::json::object variables = {};
  boost::json::object event = {};      // properties of the event that lets them in
};

struct Entered {
  std::optional<ExecutionId> execution;  // nothing: may not come in (again), or there is no such contact
  std::string why_not = {};              // "entry_condition", "entered_before", "same_key", "too_often"
};

class Engine {
 public:
  struct Settings {
    int batch = 500;  // executions in one transaction
  };
  Engine(db::Store& store, Clock const& clock, Ids& ids, Random& random, http::Client& http, Settings settings)
      : store_(store), clock_(clock), ids_(ids), random_(random), http_(http), settings_(settings) {}

  // Lets them into the active versions of their journeys, each as the entry rule says. Emits journey_entered. In the order given.
  Task<std::vector<Entered>> enter(db::Transaction& tx, TenantId tenant, std::vector<Entrance> entrances);
  // One contact by the trigger `call`. Fails with conflict: the journey is not active, has no such trigger, or does not let this contact in.
  Task<Result<ExecutionId>> call(Context context, JourneyId journey, ContactId contact, boost::json::object variables, std::optional<std::string> key);

  // The handler of the consumer "journeys": wakes who waits for these events, and lets in whom they bring.
  Task<void> on_events(db::Transaction& tx, TenantId tenant, std::vector<events::StoredEvent> const& happened);

  struct Busy {
    TenantId tenant;
    JourneyId journey;
    bool active = true;
  };
  // Journeys with somebody due.
  Task<std::vector<Busy>> busy();
  // Looks at a batch of those who are due. How many there were.
  Task<int> step(Busy journey);

  // Handlers of the queue "journeys": webhooks.
  std::map<std::string, jobs::Handler> job_handlers();

  // A version that was published, from memory where it was read before. Nothing when there is none.
  Task<std::shared_ptr<Published const>> published(db::Session& session, TenantId tenant, JourneyId journey, int version);

 private:
  Task<int> take_turns(Busy const& journey, int limit);
  Task<int> take_turns_singly(Busy const& journey);
  Task<jobs::Answer> call_webhook(jobs::Job const& job);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  Random& random_;
  http::Client& http_;
  Settings settings_;
  std::optional<ExecutionId> tried_;  // the first of the batch that is being looked at: to blame when it is alone
  std::map<std::tuple<TenantId, JourneyId, int>, std::shared_ptr<Published const>> known_;
};

// Steps whoever is due, for ever: looks when the topic "journeys" rings, and four times a second in any case.
std::unique_ptr<Service> make_stepper(Engine& engine, db::Store& store, Executor executor);

}  // namespace postrider::journeys
