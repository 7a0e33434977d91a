#include "postrider/base/log.h"
#include "postrider/jobs/queue.h"
#include "postrider/segments/segments.h"
#include "segments/calculation.h"
#include "segments/graph.h"
#include "segments/stored.h"
#include "sql/segments.h"

#include <algorithm>

namespace postrider::segments {

namespace {

constexpr auto longest_pause = std::chrono::hours(24);
constexpr auto static_recounted_every = std::chrono::hours(1);
constexpr int members_forgotten_at_once = 20'000;

// 5 minutes, 10, 20 … a day: what fails again and again must not keep the database busy.
Duration pause_after(std::int64_t failures) {
  auto const doubled = recalculated_every * (std::int64_t{1} << std::clamp<std::int64_t>(failures, 0, 12));
  return std::min<Duration>(doubled, longest_pause);
}

std::string in_words(std::string const& why) {
  if (why.find("[57014]") != std::string::npos) return "the calculation took longer than ten minutes and was stopped; ask for less, or for a part of it in a segment of its own";
  return "the calculation failed and will be tried again: " + why;
}

}  // namespace

Task<Result<Segment>> Segments::request_calculation(Context context, SegmentId id, bool whole) {
  auto const s = co_await find(context.tenant, id);
  if (!s) co_return s.error();
  if (!s->is_dynamic) co_return conflict("a static segment is not calculated: its members are chosen by hand");
  auto tx = co_await store_.begin();
  if (whole) co_await tx.exec(sql::segments::want_whole, context.tenant, id);
  std::vector<SegmentId> const self{id};
  co_await queue_calculations(tx, context.tenant, self, true, ids_, clock_.now());
  co_await tx.commit();
  co_return *s;
}

// Those of its ingredients that nobody has counted since.
Task<std::vector<Segment>> Segments::what_it_asks_for(TenantId tenant, SegmentId id, Instant fresh_since) {
  Graph graph;
  auto const edges = co_await store_.all_on(db::Lane::background, sql::segments::graph, tenant);
  for (auto const row : edges) graph[row.id<SegmentId>(0)].push_back(row.id<SegmentId>(1));
  std::vector<Segment> stale;
  for (auto const& asked : before(graph, id)) {
    auto const rows = co_await store_.all_on(db::Lane::background, sql::segments::find, tenant, asked);
    if (rows.empty()) continue;
    auto s = read_segment(rows[0]);
    if (s.is_dynamic && (!s.last_calculated_at || *s.last_calculated_at < fresh_since || !s.fully_calculated_at)) stale.push_back(std::move(s));
  }
  co_return stale;
}

Task<Result<Segment>> Segments::recalculate(TenantId tenant, SegmentId id, bool whole) {
  auto ingredients = co_await what_it_asks_for(tenant, id, clock_.now() - recalculated_every);
  for (auto& ingredient : ingredients) {
    auto const counted = co_await calculate(store_, clock_, ids_, tenant, std::move(ingredient), false);
    if (!counted) co_return counted.error();
  }
  auto const rows = co_await store_.all_on(db::Lane::background, sql::segments::find, tenant, id);
  if (rows.empty()) co_return not_found("segment", id.str());
  auto s = read_segment(rows[0]);
  auto const now = clock_.now();
  if (!s.is_dynamic) {
    auto tx = co_await store_.begin(db::Lane::background);
    co_await tx.exec(sql::segments::leave_without_contact, tenant, id);
    auto const counted = co_await tx.one(sql::segments::count_members, tenant, id);
    co_await tx.exec(sql::segments::recounted, tenant, id, counted.integer(0), now, now + static_recounted_every);
    co_await tx.commit();
    co_return co_await find(tenant, id);
  }
  auto const done = co_await calculate(store_, clock_, ids_, tenant, std::move(s), whole);
  if (!done) co_return done.error();
  if (done->joined + done->departed > 0) {
    // Who asks for this one learns of it.
    auto tx = co_await store_.begin(db::Lane::background);
    auto const askers = co_await tx.all(sql::segments::dependents, tenant, id);
    std::vector<SegmentId> dependents;
    for (auto const row : askers) dependents.push_back(row.id<SegmentId>(0));
    if (!dependents.empty()) co_await queue_calculations(tx, tenant, std::move(dependents), true, ids_, clock_.now());
    co_await tx.commit();
  }
  co_return co_await find(tenant, id);
}

std::map<std::string, jobs::Handler> Segments::job_handlers() {
  std::map<std::string, jobs::Handler> handlers;
  handlers["segment:recalculate"] = [this](jobs::Job const& job) { return run(job); };
  handlers["segment:forget"] = [this](jobs::Job const& job) { return forget(job); };
  return handlers;
}

Task<jobs::Answer> Segments::run(jobs::Job const& job) {
  auto const id = *SegmentId::parse(std::string_view(job.payload.at("segment_id").as_string()));
  auto const* const requested = job.payload.if_contains("requested_at");
  auto const rows = co_await store_.all_on(db::Lane::background, sql::segments::find, job.tenant, id);
  if (rows.empty()) co_return jobs::Answer(jobs::Done());
  auto const s = read_segment(rows[0]);
  // Somebody else has done it since: another job, or a segment that needed this one first.
  if (requested && s.last_calculated_at && s.fully_calculated_at) {
    auto const asked_at = parse_instant(std::string_view(requested->as_string()));
    if (asked_at && *s.last_calculated_at > *asked_at) co_return jobs::Answer(jobs::Done());
  }
  co_await store_.all_on(db::Lane::background, sql::segments::begin_calculation, job.tenant, id, clock_.now() + pause_after(s.calculation_failures));
  std::string why;
  try {
    auto const done = co_await recalculate(job.tenant, id);
    if (done || done.error().code == Code::not_found) co_return jobs::Answer(jobs::Done());
    if (done.error().code == Code::conflict) co_return jobs::Answer(jobs::Snooze(std::chrono::seconds(1)));
    why = done.error().message;
  } catch (db::Failure const& failure) {
    why = in_words(failure.what());
  }
  // Seen on the segment, and tried again by the scheduler: the job itself has nothing more to do.
  log::warn("segment_calculation_failed", log::field("segment_id", id), log::field("error", why));
  co_await store_.all_on(db::Lane::background, sql::segments::calculation_failed, job.tenant, id, why.substr(0, 1000));
  co_return jobs::Answer(jobs::Done());
}

// What a deleted segment leaves behind goes in parts.
Task<jobs::Answer> Segments::forget(jobs::Job const& job) {
  auto const id = *SegmentId::parse(std::string_view(job.payload.at("segment_id").as_string()));
  for (;;) {
    auto tx = co_await store_.begin(db::Lane::background);
    auto const row = co_await tx.one(sql::segments::chunk_of_members, job.tenant, id, ContactId(), members_forgotten_at_once);
    if (row.is_null(0)) {
      co_await tx.exec(sql::segments::forget_history, job.tenant, id);
      co_await tx.commit();
      co_return jobs::Answer(jobs::Done());
    }
    co_await tx.exec(sql::segments::forget_members, job.tenant, id, row.id<ContactId>(0));
    co_await tx.commit();
  }
}

Task<void> Segments::tick() {
  auto const now = clock_.now();
  auto const rows = co_await store_.all_on(db::Lane::background, sql::segments::due, now);
  std::map<TenantId, std::vector<SegmentId>> due;
  for (auto const row : rows) due[row.id<TenantId>(0)].push_back(row.id<SegmentId>(1));
  for (auto const& [tenant, segments] : due) {
    auto tx = co_await store_.begin(db::Lane::background);
    co_await queue_calculations(tx, tenant, segments, false, ids_, now);
    co_await tx.exec(sql::segments::postpone, tenant, db::text_array(segments), now + recalculated_every);
    co_await tx.commit();
  }
}

}  // namespace postrider::segments
