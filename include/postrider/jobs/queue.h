// Puts jobs into the table, inside the caller's transaction, and reads and steers them for operators.
#pragma once

#include "postrider/db/store.h"
#include "postrider/jobs/job.h"

#include <vector>

namespace postrider::jobs {

// Adds jobs whose key is not there yet, in one statement, and marks the tenant as having work. Announces "jobs:<queue>".
// Returns how many were new. A key that is there already: nothing happens (also when that job is dead).
Task<int> enqueue(db::Transaction& tx, TenantId tenant, std::vector<NewJob> jobs, Ids& ids, Instant now);

// Removes jobs that nobody runs yet. Returns how many.
Task<int> cancel(db::Transaction& tx, TenantId tenant, std::vector<std::string> keys);

}  // namespace postrider::jobs
