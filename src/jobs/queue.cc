#include "postrider/jobs/queue.h"

#include "postrider/audit/audit.h"
#include "sql/jobs.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <map>

namespace postrider::jobs {

namespace {

Listed read_listed(db::Row row) {
  Listed job;
  job.id = row.id<JobId>(0);
  job.queue = row.text(1);
  job.kind = row.text(2);
  job.key = row.text(3);
  job.payload = row.json(4).as_object();
  job.priority = static_cast<int>(row.integer(5));
  job.state = row.text(6);
  job.run_at = row.instant(7);
  job.attempts = static_cast<int>(row.integer(8));
  job.max_attempts = static_cast<int>(row.integer(9));
  job.last_error = row.maybe_text(10);
  job.created_at = row.instant(11);
  job.updated_at = row.instant(12);
  return job;
}

boost::json::object described(Listed const& job) {
  boost::json::object out;
  out["kind"] = job.kind;
  out["key"] = job.key;
  out["state"] = job.state;
  return out;
}

JobId beyond_all() { return *JobId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"); }

}  // namespace

Task<int> enqueue(db::Transaction& tx, TenantId tenant, std::vector<NewJob> jobs, Ids& ids, Instant now) {
  if (jobs.empty()) co_return 0;
  db::Columns rows(8);
  std::map<std::string, Instant> due;  // ordered: tenant_work rows are locked in one order
  for (auto const& job : jobs) {
    auto const run_at = job.run_at.value_or(now);
    rows.add(ids.next(), job.queue, job.kind, job.key, boost::json::serialize(job.payload), job.priority, run_at, job.max_attempts);
    auto const [at, fresh] = due.emplace(job.queue, run_at);
    if (!fresh && run_at < at->second) at->second = run_at;
  }
  auto const added = co_await tx.all(sql::jobs::enqueue, tenant, now, rows);
  for (auto const& [queue, run_at] : due) {
    co_await tx.exec(sql::jobs::mark_work, tenant, queue, run_at);
    tx.announce("jobs:" + queue);
  }
  co_return static_cast<int>(added.size());
}

Task<int> cancel(db::Transaction& tx, TenantId tenant, std::vector<std::string> keys) {
  if (keys.empty()) co_return 0;
  auto const rows = co_await tx.all(sql::jobs::cancel, tenant, db::text_array(keys));
  co_return static_cast<int>(rows.size());
}

Task<int> forget_dead(db::Transaction& tx, TenantId tenant, std::vector<std::string> keys) {
  if (keys.empty()) co_return 0;
  auto const rows = co_await tx.all(sql::jobs::forget_dead, tenant, db::text_array(keys));
  co_return static_cast<int>(rows.size());
}

Task<std::vector<Listed>> list(db::Store& store, TenantId tenant, std::optional<std::string> queue, std::optional<std::string> state,
                               std::optional<JobId> before, int limit) {
  auto const rows = co_await store.all(sql::jobs::list, tenant, queue, state, before.value_or(beyond_all()), limit);
  std::vector<Listed> all;
  for (auto const row : rows) all.push_back(read_listed(row));
  co_return all;
}

Task<std::vector<QueueCount>> counts(db::Store& store, TenantId tenant) {
  auto const rows = co_await store.all(sql::jobs::counts, tenant);
  std::vector<QueueCount> all;
  for (auto const row : rows) all.push_back(QueueCount{row.text(0), row.text(1), row.integer(2), row.instant(3)});
  co_return all;
}

Task<Result<Listed>> retry(db::Store& store, Context context, JobId id, Ids& ids, Instant now) {
  auto tx = co_await store.begin();
  auto const row = co_await tx.maybe(sql::jobs::find, context.tenant, id);
  if (!row) co_return not_found("job", id.str());
  auto job = read_listed(*row);
  auto const before = described(job);
  if (co_await tx.exec(sql::jobs::retry, context.tenant, id, now) == 0) co_return conflict("only a dead job can be tried again; this one is " + job.state);
  job.state = "ready";
  job.attempts = 0;
  job.run_at = now;
  job.updated_at = now;
  co_await tx.exec(sql::jobs::mark_work, context.tenant, job.queue, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"job", id.uuid(), "retried", audit::difference(before, described(job))});
  co_await audit::record(tx, context, std::move(entries), ids, now);
  tx.announce("jobs:" + job.queue);
  co_await tx.commit();
  co_return job;
}

Task<Result<void>> discard(db::Store& store, Context context, JobId id, Ids& ids, Instant now) {
  auto tx = co_await store.begin();
  auto const row = co_await tx.maybe(sql::jobs::find, context.tenant, id);
  if (!row) co_return not_found("job", id.str());
  auto const job = read_listed(*row);
  if (co_await tx.exec(sql::jobs::discard, context.tenant, id) == 0) co_return conflict("this job is running; discard it when it has ended");
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"job", id.uuid(), "discarded", audit::difference(described(job), boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids, now);
  co_await tx.commit();
  co_return Result<void>();
}

}  // namespace postrider::jobs
