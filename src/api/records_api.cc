#include "api/records_api.h"

#include "postrider/audit/audit.h"
#include "postrider/jobs/queue.h"

#include <boost/describe.hpp>

#include <algorithm>

namespace postrider::api {

namespace {

struct AuditOut {
  Uuid id;
  std::string entity_type;
  Uuid entity_id;
  std::string action;
  std::string actor_kind;
  std::optional<Uuid> actor_id;
  std::optional<std::string> request_id;
  std::optional<std::string> ip_address;
  boost::json::object changes;
  Instant created_at;
  static constexpr std::string_view json_name = "AuditEntry";
};
BOOST_DESCRIBE_STRUCT(AuditOut, (), (id, entity_type, entity_id, action, actor_kind, actor_id, request_id, ip_address, changes, created_at))

struct JobOut {
  JobId id;
  std::string queue;
  std::string kind;
  std::string key;
  boost::json::object payload;
  int priority;
  std::string state;
  Instant run_at;
  int attempts;
  int max_attempts;
  std::optional<std::string> last_error;
  Instant created_at;
  Instant updated_at;
  static constexpr std::string_view json_name = "Job";
};
BOOST_DESCRIBE_STRUCT(JobOut, (), (id, queue, kind, key, payload, priority, state, run_at, attempts, max_attempts, last_error, created_at, updated_at))

boost::json::value shown(jobs::Listed const& job) {
  JobOut const out{job.id,    job.queue,    job.kind,         job.key,        job.payload,    job.priority,  job.state,
                   job.run_at, job.attempts, job.max_attempts, job.last_error, job.created_at, job.updated_at};
  return json::encode(out);
}

boost::json::value shown(audit::Record const& r) {
  AuditOut const out{r.id, r.entity_type, r.entity_id, r.action, r.actor_kind, r.actor_id, r.request_id, r.ip_address, r.changes, r.created_at};
  return json::encode(out);
}

std::vector<std::string> const states{"ready", "running", "dead"};

}  // namespace

std::vector<http::Route> RecordsApi::routes() {
  std::vector<http::Route> all;
  auto changes = doc("list_audit", "Who changed what, newest first", "audit").paged();
  changes.query("entity_type", "Of this kind of thing").query("entity_id", "Of this thing").query("actor_id", "By this user or key");
  all.push_back(get("/audit", right::read, on(this, &RecordsApi::list_audit), changes.answers_list<AuditOut>()));
  auto jobs = doc("list_jobs", "Jobs, newest first", "jobs").paged();
  jobs.query("queue", "Of this queue").query("state", "In this state", "string", states);
  all.push_back(get("/jobs", right::read, on(this, &RecordsApi::list_jobs), jobs.answers_list<JobOut>()));
  all.push_back(get("/jobs/dead", right::read, on(this, &RecordsApi::list_dead), doc("list_dead_jobs", "Jobs that gave up", "jobs").paged().answers_list<JobOut>()));
  all.push_back(post("/jobs/{id}/retry", right::admin, on(this, &RecordsApi::retry), doc("retry_job", "Try a dead job again", "jobs").answers<JobOut>(),
                     http::BodyKind::none));
  all.push_back(post("/jobs/{id}/discard", right::admin, on(this, &RecordsApi::discard), doc("discard_job", "Remove a job for good", "jobs").answer(204),
                     http::BodyKind::none));
  return all;
}

RecordsApi::Answer RecordsApi::list_audit(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  audit::Filter filter;
  auto const type = query_text(request, "entity_type");
  if (!type) co_return type.error();
  filter.entity_type = *type;
  auto const entity = query_id<MessageId>(request, "entity_id");
  if (!entity) co_return entity.error();
  if (*entity) filter.entity_id = (*entity)->uuid();
  auto const actor = query_id<UserId>(request, "actor_id");
  if (!actor) co_return actor.error();
  if (*actor) filter.actor_id = (*actor)->uuid();
  std::optional<Uuid> before;
  if (page->after) before = Uuid::parse(page->after->front());
  auto const found = co_await audit::list(store_, caller(request).context.tenant, filter, before, page->limit + 1);
  auto encode = [](audit::Record const& record) { return shown(record); };
  auto key = [](audit::Record const& record) { return std::vector<std::string>{record.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

RecordsApi::Answer RecordsApi::list_jobs(http::Request& request) {
  auto const queue = query_text(request, "queue");
  if (!queue) co_return queue.error();
  auto const state = query_text(request, "state");
  if (!state) co_return state.error();
  if (*state && std::ranges::find(states, **state) == states.end()) co_return query_error("state", "invalid_value", "must be ready, running or dead");
  co_return co_await page_of_jobs(request, *queue, *state);
}

RecordsApi::Answer RecordsApi::list_dead(http::Request& request) { return page_of_jobs(request, std::nullopt, "dead"); }

RecordsApi::Answer RecordsApi::page_of_jobs(http::Request& request, std::optional<std::string> queue, std::optional<std::string> state) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  std::optional<JobId> before;
  if (page->after) before = JobId::parse(page->after->front());
  auto const found = co_await jobs::list(store_, caller(request).context.tenant, queue, state, before, page->limit + 1);
  auto encode = [](jobs::Listed const& job) { return shown(job); };
  auto key = [](jobs::Listed const& job) { return std::vector<std::string>{job.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

RecordsApi::Answer RecordsApi::retry(http::Request& request) {
  auto const id = path_id<JobId>(request, "job");
  if (!id) co_return id.error();
  auto const job = co_await jobs::retry(store_, context_of(request), *id, ids_, clock_.now());
  if (!job) co_return job.error();
  co_return ok(shown(*job));
}

RecordsApi::Answer RecordsApi::discard(http::Request& request) {
  auto const id = path_id<JobId>(request, "job");
  if (!id) co_return id.error();
  auto const gone = co_await jobs::discard(store_, context_of(request), *id, ids_, clock_.now());
  if (!gone) co_return gone.error();
  co_return no_content();
}

}  // namespace postrider::api
