// How runs begin: by a person's launch, by a schedule, by approval of what was held; and how a launch is undone.
#include "campaigns/record.h"
#include "postrider/base/metrics.h"
#include "postrider/campaigns/reports.h"
#include "postrider/events/event_log.h"
#include "postrider/jobs/queue.h"
#include "postrider/json/names.h"
#include "sql/campaigns.h"
#include "sql/sending.h"

#include <algorithm>

namespace postrider::campaigns {

namespace {

metrics::Counter& runs_started() {
  static auto& counter = metrics::counter("postrider_campaigns_runs_started_total", "Runs of campaigns that began");
  return counter;
}

std::string expand_key(CampaignId id, int run) { return "campaign:expand:" + id.str() + ":" + std::to_string(run); }

// A UUID of version 7 that ends in 32 zero bits, the room for the numbers of the audience. Its random part is a hash over what only this
// run is, so that no two runs ever share their messages' ids.
Uuid id_base(Uuid fresh, CampaignId campaign, int run) {
  auto base = uuid_from_name("run:" + campaign.str() + ":" + std::to_string(run) + ":" + fresh.str());
  std::copy_n(fresh.bytes.begin(), 6, base.bytes.begin());
  base.bytes[6] = static_cast<std::uint8_t>(0x70 | (base.bytes[6] & 0x0f));
  base.bytes[8] = static_cast<std::uint8_t>(0x80 | (base.bytes[8] & 0x3f));
  std::fill_n(base.bytes.begin() + 12, 4, std::uint8_t{0});
  return base;
}

Error faster() { return conflict("somebody else changed the campaign at the same moment: read it again"); }

}  // namespace

Task<Result<Campaign>> Campaigns::begin_run(Context context, Campaign before, Campaign after, Start start, std::string_view action) {
  auto const now = clock_.now();
  auto const schedule = Schedule::parse(before.schedule);
  auto tx = co_await store_.begin(db::Lane::background);
  after.status = Status::active;
  after.run_number = before.run_number + 1;
  after.hold_reason.reset();
  after.held_for.reset();
  after.undo_until.reset();
  if (start.not_before > now) after.undo_until = start.not_before;
  if (!after.launched_at) after.launched_at = now;
  auto const version = co_await tx.one(sql::campaigns::current_version, context.tenant, *before.template_id);
  after.template_version_id = version.id<TemplateVersionId>(0);
  auto const excluded = db::text_array(before.exclude_segment_ids);
  if (before.segment_ids.size() == 1)
    co_await tx.all(sql::campaigns::fix_audience_of_one, context.tenant, before.id, after.run_number, before.segment_ids.front(), excluded, settings_.chunk);
  else
    co_await tx.all(sql::campaigns::fix_audience, context.tenant, before.id, after.run_number, db::text_array(before.segment_ids), excluded, settings_.chunk);
  auto const counted = co_await tx.one(sql::campaigns::audience_size, context.tenant, before.id, after.run_number);
  auto const audience = counted.maybe_integer(0).value_or(0);
  after.audience = audience + (before.type == "recurring" ? before.audience.value_or(0) : 0);
  if (!co_await move(tx, context, before, after, action, now)) co_return faster();
  auto const lane = ids_.make<LaneId>();
  auto const base = id_base(ids_.next(), before.id, after.run_number);
  std::optional<std::string> local_time, fallback;
  if (start.local) {
    local_time = to_text(*start.local);
    fallback = schedule->fallback();
  }
  co_await tx.exec(sql::campaigns::insert_run, context.tenant, before.id, after.run_number, lane, base, *after.template_version_id, *before.sender_id,
                   audience, start.scheduled_for, start.not_before, local_time, fallback, start.missed, boost::json::object(), now);
  double const tokens = before.throttle_per_minute ? 1.0 : 0.0;
  co_await tx.exec(sql::sending::open_lane, context.tenant, lane, before.id, before.priority, true, start.not_before, before.throttle_per_minute, tokens);
  jobs::NewJob job;
  job.queue = "campaigns";
  job.kind = "campaign:expand";
  job.key = expand_key(before.id, after.run_number);
  job.payload["campaign_id"] = before.id.str();
  job.payload["run_number"] = after.run_number;
  job.max_attempts = 20;
  job.run_at = start.not_before;
  std::vector<jobs::NewJob> new_jobs;
  new_jobs.push_back(std::move(job));
  co_await jobs::enqueue(tx, context.tenant, std::move(new_jobs), ids_, now);
  events::Event event;
  event.id = ids_.make<EventId>();
  event.type = std::string(events::kind::campaign_launched);
  event.campaign_id = before.id;
  event.occurred_at = now;
  event.payload["campaign_name"] = before.name;
  event.payload["campaign_type"] = before.type;
  event.payload["run_number"] = after.run_number;
  event.payload["audience"] = audience;
  event.payload["segment_ids"] = array_of(before.segment_ids);
  event.payload["exclude_segment_ids"] = array_of(before.exclude_segment_ids);
  event.payload["template_id"] = before.template_id->str();
  event.payload["template_version_id"] = after.template_version_id->str();
  event.payload["sender_id"] = before.sender_id->str();
  event.payload["scheduled_for"] = to_rfc3339(start.scheduled_for);
  std::vector<events::Event> happened;
  happened.push_back(std::move(event));
  co_await events::append(tx, context.tenant, std::move(happened), now);
  co_await tx.commit();
  runs_started().add();
  co_return after;
}

Task<Result<Campaign>> Campaigns::launch(Context context, CampaignId id, std::optional<Duration> undo) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (!next_status(before->status, Verb::launch)) co_return refused(before->status, Verb::launch);
  co_await refresh_segments(context.tenant, before->segment_ids, std::chrono::minutes(1));
  auto const good = co_await check_ready(context.tenant, *before);
  if (!good) co_return good.error();
  auto const now = clock_.now();
  auto const schedule = Schedule::parse(before->schedule);
  auto after = *before;
  after.next_run_at.reset();
  if (before->type == "recurring") {
    auto const next = schedule->next(now);
    if (!next) co_return invalid_field("/schedule", "out_of_range", "it has no time left in the future");
    after.status = Status::active;
    after.next_run_at = next->start;
    after.launched_at = now;
    after.hold_reason.reset();
    after.held_for.reset();
    auto tx = co_await store_.begin();
    if (!co_await move(tx, context, *before, after, "launched", now)) co_return faster();
    co_await tx.commit();
    co_return after;
  }
  Start start{now, now};
  // People may change their mind; programs were sure.
  start.not_before = now + undo.value_or(context.actor.kind == ActorKind::user ? settings_.undo_window : Duration(0));
  if (schedule->per_contact()) {
    auto const occurrence = schedule->next(Instant());
    if (!occurrence || occurrence->latest <= now) co_return invalid_field("/schedule/local", "out_of_range", "this time has passed in every zone; choose a later one");
    start.local = occurrence->local;
  }
  co_return co_await begin_run(context, *before, after, start, "launched");
}

Task<Result<Campaign>> Campaigns::schedule(Context context, CampaignId id, std::optional<boost::json::object> wanted) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (!next_status(before->status, Verb::schedule)) co_return refused(before->status, Verb::schedule);
  auto after = *before;
  if (wanted) after.schedule = *wanted;
  auto const good = co_await check_references(context.tenant, after);
  if (!good) co_return good.error();
  auto const ready = co_await check_ready(context.tenant, after);
  if (!ready) co_return ready.error();
  auto const schedule = Schedule::parse(after.schedule);
  if (schedule->empty()) co_return invalid_field("/schedule", "required", "say when: {\"at\": \"2026-07-01T09:00:00Z\"}, a local time, a rule or a cron line");
  auto const now = clock_.now();
  auto next = schedule->next(now);
  if (!next && schedule->per_contact() && !schedule->recurring()) {
    // The first zones are past it, the last ones are not.
    next = schedule->next(Instant());
    if (next && next->latest <= now) next.reset();
    if (next) next->start = now;
  }
  if (!next) co_return invalid_field("/schedule", "out_of_range", "this time has passed; launch the campaign, or choose a later time");
  after.status = Status::scheduled;
  after.next_run_at = next->start;
  after.hold_reason.reset();
  after.held_for.reset();
  auto tx = co_await store_.begin();
  if (!co_await move(tx, context, *before, after, "scheduled", now)) co_return faster();
  auto const moved = after;
  after.updated_at = version_after(moved.updated_at, now);
  co_await tx.all(sql::campaigns::update, context.tenant, id, moved.updated_at, after.name, array_of(after.segment_ids), array_of(after.exclude_segment_ids),
                  after.template_id, after.sender_id, after.schedule, after.throttle_per_minute, after.priority, after.tracking, after.metadata, after.next_run_at,
                  after.updated_at);
  co_await tx.commit();
  co_return after;
}

Task<Result<Campaign>> Campaigns::start_occurrence(Context context, Campaign campaign, Schedule const& schedule, Occurrence occurrence, int missed,
                                                   std::string_view action) {
  co_await refresh_segments(context.tenant, campaign.segment_ids, std::chrono::minutes(1));
  auto const good = co_await check_ready(context.tenant, campaign);
  if (!good) co_return good.error();
  auto const now = clock_.now();
  auto after = campaign;
  auto const next = campaign.type == "recurring" ? schedule.next(now) : std::nullopt;
  after.next_run_at.reset();
  if (next) after.next_run_at = next->start;
  Start start{occurrence.start, now};
  start.missed = missed;
  if (schedule.per_contact()) start.local = occurrence.local;
  co_return co_await begin_run(context, campaign, after, start, action);
}

Task<Result<Campaign>> Campaigns::approve(Context context, CampaignId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (!before->hold_reason || !next_status(before->status, Verb::approve)) co_return refused(before->status, Verb::approve);
  auto const schedule = Schedule::parse(before->schedule);
  auto const held_for = before->held_for.value_or(clock_.now());
  Occurrence const occurrence{schedule->local_of(held_for), held_for, held_for};
  co_return co_await start_occurrence(context, *before, *schedule, occurrence, 0, "approved");
}

Task<Result<Campaign>> Campaigns::undo(Context context, CampaignId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (!next_status(before->status, Verb::undo)) co_return refused(before->status, Verb::undo);
  auto const too_late = conflict("messages of it have been handed over, and that cannot be undone; cancel it to stop the rest");
  auto const now = clock_.now();
  auto after = *before;
  after.status = Status::draft;
  after.next_run_at.reset();
  after.hold_reason.reset();
  after.held_for.reset();
  after.undo_until.reset();
  after.launched_at.reset();
  after.audience.reset();
  after.template_version_id.reset();
  std::vector<Run> runs;
  for (auto const row : co_await store_.all(sql::campaigns::runs, context.tenant, id, 1'000'000'000, 2)) runs.push_back(read_run(row));
  if (runs.size() > 1 || (!runs.empty() && runs.front().status != "active")) co_return too_late;
  auto tx = co_await store_.begin(db::Lane::background);
  if (!co_await move(tx, context, *before, after, "undone", now)) co_return faster();
  if (!runs.empty()) {
    auto const run = runs.front().number;
    auto const visit = std::to_string(run);
    co_await tx.all(sql::campaigns::drop_run, context.tenant, id, run);
    co_await tx.exec(sql::campaigns::unsent_messages, context.tenant, id, visit);
    auto const handed_over = co_await tx.all(sql::campaigns::any_message, context.tenant, id, visit);
    if (!handed_over.empty()) co_return too_late;
    co_await tx.exec(sql::campaigns::drop_lane, context.tenant, runs.front().lane);
    co_await tx.exec(sql::campaigns::forget_audience, context.tenant, id, run);
    std::vector<std::string> keys;
    keys.push_back(expand_key(id, run));
    co_await jobs::cancel(tx, context.tenant, std::move(keys));
  }
  co_await tx.commit();
  co_return after;
}

}  // namespace postrider::campaigns
