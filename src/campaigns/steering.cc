// What is done to a running campaign: pause, resume, cancel, retry. Locks are taken in one order everywhere: campaign, runs, messages, lanes.
#include "campaigns/record.h"
#include "postrider/audit/audit.h"
#include "postrider/campaigns/reports.h"
#include "postrider/jobs/queue.h"
#include "sql/campaigns.h"
#include "sql/sending.h"

#include <map>

namespace postrider::campaigns {

namespace {

constexpr int canceled_at_once = 1000;

Error faster() { return conflict("somebody else changed the campaign at the same moment: read it again"); }

jobs::NewJob sweep_job(CampaignId id, int run) {
  jobs::NewJob job;
  job.queue = "campaigns";
  job.kind = "campaign:sweep";
  job.key = "campaign:sweep:" + id.str() + ":" + std::to_string(run);
  job.payload["campaign_id"] = id.str();
  job.payload["run_number"] = run;
  job.max_attempts = 20;
  return job;
}

}  // namespace

Task<Result<Campaign>> Campaigns::pause(Context context, CampaignId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  auto const status = next_status(before->status, Verb::pause);
  if (!status) co_return refused(before->status, Verb::pause);
  auto const now = clock_.now();
  auto after = *before;
  after.status = *status;
  auto tx = co_await store_.begin();
  if (!co_await move(tx, context, *before, after, "paused", now)) co_return faster();
  co_await tx.exec(sql::campaigns::close_lanes, context.tenant, id);
  tx.announce("sending");
  co_await tx.commit();
  co_return after;
}

Task<Result<Campaign>> Campaigns::resume(Context context, CampaignId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  auto const status = next_status(before->status, Verb::resume);
  if (!status) co_return refused(before->status, Verb::resume);
  auto const now = clock_.now();
  auto after = *before;
  after.status = *status;
  // A series goes on with its next run: those that fell into the pause were not wanted.
  if (after.next_run_at && *after.next_run_at <= now) {
    auto const next = Schedule::parse(before->schedule)->next(now);
    after.next_run_at.reset();
    if (next) after.next_run_at = next->start;
  }
  auto tx = co_await store_.begin();
  if (!co_await move(tx, context, *before, after, "resumed", now)) co_return faster();
  co_await tx.exec(sql::campaigns::switch_lanes, context.tenant, id, true, now);
  tx.announce("sending");
  co_await tx.commit();
  co_return after;
}

Task<Result<Campaign>> Campaigns::cancel(Context context, CampaignId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  auto const status = next_status(before->status, Verb::cancel);
  if (!status) co_return refused(before->status, Verb::cancel);
  auto const now = clock_.now();
  auto after = *before;
  after.status = *status;
  after.next_run_at.reset();
  after.hold_reason.reset();
  after.held_for.reset();
  after.undo_until.reset();
  after.completed_at = now;
  auto tx = co_await store_.begin();
  if (!co_await move(tx, context, *before, after, "canceled", now)) co_return faster();
  auto const ended = co_await tx.all(sql::campaigns::end_runs, context.tenant, id, "canceled", now);
  std::vector<jobs::NewJob> sweeps;
  for (auto const row : ended) {
    sweeps.push_back(sweep_job(id, static_cast<int>(row.integer(0))));
    co_await tx.all(sql::campaigns::cancel_messages, context.tenant, id, row.text(0), now, canceled_at_once);
  }
  co_await tx.exec(sql::campaigns::close_lanes, context.tenant, id);
  if (!sweeps.empty()) co_await jobs::enqueue(tx, context.tenant, std::move(sweeps), ids_, now);
  tx.announce("sending");
  co_await tx.commit();
  co_return after;
}

Task<Result<std::int64_t>> Campaigns::retry_failed(Context context, CampaignId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  auto const status = next_status(before->status, Verb::retry);
  if (!status) co_return refused(before->status, Verb::retry);
  auto const now = clock_.now();
  auto after = *before;
  after.status = *status;
  after.completed_at.reset();
  auto tx = co_await store_.begin(db::Lane::background);
  if (!co_await move(tx, context, *before, after, "retried", now)) co_return faster();
  auto const again = co_await tx.all(sql::campaigns::retry_failed, context.tenant, id, now);
  if (again.empty()) co_return std::int64_t(0);  // nothing is written
  std::map<int, std::int64_t> by_run;
  for (auto const row : again) ++by_run[std::stoi(row.text(0))];
  double const tokens = before->throttle_per_minute ? 1.0 : 0.0;
  for (auto const& [run, messages] : by_run) {
    auto const lane = co_await tx.one(sql::campaigns::reopen_run, context.tenant, id, run, now);
    co_await tx.exec(sql::sending::open_lane, context.tenant, lane.id<LaneId>(0), id, before->priority, true, now, before->throttle_per_minute, tokens);
  }
  tx.announce("sending");
  co_await tx.commit();
  co_return static_cast<std::int64_t>(again.size());
}

}  // namespace postrider::campaigns
