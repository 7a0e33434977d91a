#include "api/records_api.h"

#include "postrider/audit/audit.h"
#include "postrider/events/event_log.h"
#include "postrider/jobs/queue.h"

namespace postrider::api {

namespace {

template <class T>
boost::json::value or_null(std::optional<T> const& value) {
  if (!value) return nullptr;
  if constexpr (requires { value->str(); }) return boost::json::value(value->str());
  else return boost::json::value(*value);
}

boost::json::value shown(jobs::Listed const& job) {
  boost::json::object out;
  out["id"] = job.id.str();
  out["queue"] = job.queue;
  out["kind"] = job.kind;
  out["key"] = job.key;
  out["payload"] = job.payload;
  out["priority"] = job.priority;
  out["state"] = job.state;
  out["run_at"] = to_rfc3339(job.run_at);
  out["attempts"] = job.attempts;
  out["max_attempts"] = job.max_attempts;
  out["last_error"] = or_null(job.last_error);
  out["created_at"] = to_rfc3339(job.created_at);
  out["updated_at"] = to_rfc3339(job.updated_at);
  return out;
}

}  // namespace

std::vector<http::Route> RecordsApi::routes() {
  std::vector<http::Route> all;
  all.push_back(get("/events", right::read, on(this, &RecordsApi::list_events),
                    doc("list_events", "Marketing events, newest first", "events").paged().query("contact_id", "Of this contact").query("type", "Of this kind").query("from", "Not before").query("to", "Before").answer(200)));
  all.push_back(get("/audit", right::read, on(this, &RecordsApi::list_audit),
                    doc("list_audit", "Who changed what, newest first", "audit").paged().query("entity_type", "Of this kind of thing").query("entity_id", "Of this thing").query("actor_id", "By this user or key").answer(200)));
  all.push_back(get("/jobs", right::read, on(this, &RecordsApi::list_jobs), doc("list_jobs", "Jobs, newest first", "jobs").paged().query("queue", "Of this queue").query("state", "In this state", "string", {"ready", "running", "dead"}).answer(200)));
  all.push_back(get("/jobs/dead", right::read, on(this, &RecordsApi::list_dead), doc("list_dead_jobs", "Jobs that gave up", "jobs").paged().answer(200)));
  all.push_back(post("/jobs/{id}/retry", right::admin, on(this, &RecordsApi::retry), doc("retry_job", "Try a dead job again", "jobs").answer(200), http::BodyKind::none));
  all.push_back(post("/jobs/{id}/discard", right::admin, on(this, &RecordsApi::discard), doc("discard_job", "Remove a job for good", "jobs").answer(204), http::BodyKind::none));
  return all;
}

RecordsApi::Answer RecordsApi::list_events(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  events::EventFilter filter;
  auto const contact = query_id<ContactId>(request, "contact_id");
  if (!contact) co_return contact.error();
  auto const type = query_text(request, "type");
  if (!type) co_return type.error();
  auto const from = query_instant(request, "from");
  if (!from) co_return from.error();
  auto const to = query_instant(request, "to");
  if (!to) co_return to.error();
  filter.contact_id = *contact;
  filter.type = *type;
  filter.from = *from;
  filter.to = *to;
  std::optional<std::pair<Instant, EventId>> after;
  if (page->after && page->after->size() == 2)
    if (auto const at = parse_instant((*page->after)[0]))
      if (auto const event = EventId::parse((*page->after)[1])) after.emplace(*at, *event);
  auto const found = co_await events::list(store_, caller(request).context.tenant, filter, after, page->limit + 1);
  auto encode = [](events::Listed const& e) {
    boost::json::object out;
    out["id"] = e.event.id.str();
    out["type"] = e.event.type;
    out["contact_id"] = or_null(e.event.contact_id);
    out["campaign_id"] = or_null(e.event.campaign_id);
    out["message_id"] = or_null(e.event.message_id);
    out["occurred_at"] = to_rfc3339(e.event.occurred_at);
    out["created_at"] = to_rfc3339(e.created_at);
    out["properties"] = e.event.payload;
    return boost::json::value(out);
  };
  auto key = [](events::Listed const& e) { return std::vector<std::string>{to_text(e.created_at), e.event.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

RecordsApi::Answer RecordsApi::list_audit(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  audit::Filter filter;
  auto const type = query_text(request, "entity_type");
  if (!type) co_return type.error();
  filter.entity_type = *type;
  for (auto const& [name, slot] : {std::pair{"entity_id", &filter.entity_id}, std::pair{"actor_id", &filter.actor_id}}) {
    auto const text = query_text(request, name);
    if (!text) co_return text.error();
    if (!*text) continue;
    *slot = Uuid::parse(**text);
    if (!*slot) co_return query_error(name, "wrong_type", "must be a UUID");
  }
  std::optional<Uuid> before;
  if (page->after) before = Uuid::parse(page->after->front());
  auto const found = co_await audit::list(store_, caller(request).context.tenant, filter, before, page->limit + 1);
  auto encode = [](audit::Record const& r) {
    boost::json::object out;
    out["id"] = r.id.str();
    out["entity_type"] = r.entity_type;
    out["entity_id"] = r.entity_id.str();
    out["action"] = r.action;
    out["actor_kind"] = r.actor_kind;
    out["actor_id"] = or_null(r.actor_id);
    out["request_id"] = or_null(r.request_id);
    out["ip_address"] = or_null(r.ip_address);
    out["changes"] = r.changes;
    out["created_at"] = to_rfc3339(r.created_at);
    return boost::json::value(out);
  };
  auto key = [](audit::Record const& r) { return std::vector<std::string>{r.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

RecordsApi::Answer RecordsApi::list_jobs(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const queue = query_text(request, "queue");
  if (!queue) co_return queue.error();
  auto const state = query_text(request, "state");
  if (!state) co_return state.error();
  std::optional<JobId> before;
  if (page->after) before = JobId::parse(page->after->front());
  auto const found = co_await jobs::list(store_, caller(request).context.tenant, *queue, *state, before, page->limit + 1);
  auto encode = [](jobs::Listed const& job) { return shown(job); };
  auto key = [](jobs::Listed const& job) { return std::vector<std::string>{job.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

RecordsApi::Answer RecordsApi::list_dead(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  std::optional<JobId> before;
  if (page->after) before = JobId::parse(page->after->front());
  auto const found = co_await jobs::list(store_, caller(request).context.tenant, std::nullopt, "dead", before, page->limit + 1);
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
