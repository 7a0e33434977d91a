// The rules that tell people from machines learn; the raw facts of every open and click are kept. Here they are classed again, by the
// tenant and span of time, as a job that can be repeated and interrupted.
#pragma once

#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/db/store.h"
#include "postrider/jobs/job.h"

#include <map>
#include <string>

namespace postrider::delivery {

class Reclassification {
 public:
  static constexpr auto queue = "engagement";

  Reclassification(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}

  // Queues it for the facts stored in [from, to). Audited. Fails with invalid (/to); conflict when the same is under way.
  Task<Result<std::string>> request(Context context, Instant from, Instant to);
  std::map<std::string, jobs::Handler> job_handlers();

  struct Counted {
    int looked_at = 0;
    int changed = 0;
  };
  // All of it, now: events first, then the messages that they are about.
  Task<Counted> run(TenantId tenant, Instant from, Instant to);

 private:
  Task<jobs::Answer> work(jobs::Job const& job);
  // One page of facts behind (`after`, `after_id`), which move on; false when there are no more.
  Task<bool> page(TenantId tenant, Instant& after, Uuid& after_id, Instant to, Counted& counted);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

}  // namespace postrider::delivery
