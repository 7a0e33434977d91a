// A durable reader of the event log. One consumer name has one cursor in the whole installation; whichever instance holds
// its lease moves it. The handler's writes and the new cursor commit together, so each event takes effect once, also after kill -9.
#pragma once

#include "postrider/base/service.h"
#include "postrider/events/event_log.h"

#include <functional>
#include <memory>

namespace postrider::events {

struct ConsumerSettings {
  std::string name;   // lower_case, stable for ever: it is the cursor's key
  int batch = 500;
  // Where a new consumer begins: at the first event ever, or at the newest.
  bool from_the_start = true;
};

// Gets one tenant's part of a batch, in order, inside the transaction that moves the cursor. Throwing backs off and retries the same
// batch: a consumer stops at what it cannot take in, and says so in its metrics and in `consumers.last_error`, rather than skip it.
using Handler = std::function<Task<void>(db::Transaction& tx, TenantId tenant, std::vector<StoredEvent> const& events)>;

// Reads on whenever the topic "events" rings, and once a second in any case. Metrics: postrider_events_consumer_lag_seconds,
// _handled_total, _failures_total by consumer.
std::unique_ptr<Service> make_consumer(db::Store& store, Clock const& clock, Executor executor, InstanceId instance, ConsumerSettings settings,
                                       Handler handler);

}  // namespace postrider::events
