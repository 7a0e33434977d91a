// Puts jobs into the table, inside the caller's transaction, and reads and steers them for operators.
#pragma once

#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/db/store.h"
#include "postrider/jobs/job.h"

#include <vector>

namespace postrider::jobs {

// Adds jobs whose key is not there yet, in one statement, and marks the tenant as having work. Announces "jobs:<queue>".
// Returns how many were new. A key that is there already: nothing happens (also when that job is dead).
Task<int> enqueue(db::Transaction& tx, TenantId tenant, std::vector<NewJob> jobs, Ids& ids, Instant now);

// Removes jobs that nobody runs yet. Returns how many.
Task<int> cancel(db::Transaction& tx, TenantId tenant, std::vector<std::string> keys);

// Removes dead jobs of these keys, so that the work can be queued afresh. Returns how many.
Task<int> forget_dead(db::Transaction& tx, TenantId tenant, std::vector<std::string> keys);

// A job as operators see it.
struct Listed {
  JobId id;
  std::string queue;
  std::string kind;
  std::string key;
  boost::json::object payload;
  int priority = 5;
  std::string state;  // ready, running, dead
  Instant run_at;
  int attempts = 0;
  int max_attempts = 3;
  std::optional<std::string> last_error;
  Instant created_at;
  Instant updated_at;
};
// Newest first, those before `before`.
Task<std::vector<Listed>> list(db::Store& store, TenantId tenant, std::optional<std::string> queue, std::optional<std::string> state,
                               std::optional<JobId> before, int limit);

struct QueueCount {
  std::string queue;
  std::string state;
  std::int64_t jobs = 0;
  Instant oldest;
};
Task<std::vector<QueueCount>> counts(db::Store& store, TenantId tenant);

// A dead job is made ready with fresh attempts. Audited. Fails with not_found, conflict (not dead).
Task<Result<Listed>> retry(db::Store& store, Context context, JobId id, Ids& ids, Instant now);
// A job that nobody runs is removed for good. Audited. Fails with not_found, conflict (running).
Task<Result<void>> discard(db::Store& store, Context context, JobId id, Ids& ids, Instant now);

}  // namespace postrider::jobs
