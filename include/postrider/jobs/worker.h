// Claims jobs of one queue and runs their handlers: finds tenants with work first (one small row each), then claims a batch a
// tenant, fairly in turn. Leases carry a fencing token and are renewed by the worker; what its instance leaves behind is
// ready again after at most two lease times. A job that took its process down three times is dead ("quarantined").
#pragma once

#include "postrider/base/service.h"
#include "postrider/db/store.h"
#include "postrider/jobs/job.h"

#include <map>
#include <memory>

namespace postrider::jobs {

struct WorkerSettings {
  std::string queue = "default";
  int concurrency = 8;
  int claim_batch = 100;          // jobs claimed per tenant and turn
  Duration lease = std::chrono::seconds(30);
  Duration poll = std::chrono::milliseconds(500);
};

// Handlers by kind. A job of an unknown kind stays ready (an older instance may not know it yet).
// Metrics: postrider_jobs_executed_total{queue,kind,outcome}, postrider_jobs_duration_seconds{queue,kind}.
std::unique_ptr<Service> make_worker(db::Store& store, Clock const& clock, Random& random, Executor executor, InstanceId instance,
                                     WorkerSettings settings, std::map<std::string, Handler> handlers);

}  // namespace postrider::jobs
