// What the scheduler does every second: start what is due, hold what is late, complete what has ended, and count what is running.
#include "campaigns/record.h"
#include "postrider/audit/audit.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/campaigns/reports.h"
#include "sql/campaign_reports.h"
#include "sql/campaigns.h"

namespace postrider::campaigns {

namespace {

constexpr auto count_every = std::chrono::seconds(2);
constexpr auto count_idle_every = std::chrono::seconds(10);
constexpr int count_share = 20;  // counting takes at most a twentieth of the time

metrics::Counter& held() {
  static auto& counter = metrics::counter("postrider_campaigns_held_total", "Starts that wait for approval: late, or not ready");
  return counter;
}
metrics::Counter& runs_completed() {
  static auto& counter = metrics::counter("postrider_campaigns_runs_completed_total", "Runs of campaigns of which nothing is on its way any more");
  return counter;
}
metrics::Gauge& running() {
  static auto& gauge = metrics::gauge("postrider_campaigns_running_runs", "Runs that were counted in the last round");
  return gauge;
}

std::int64_t count_of(std::map<std::string, std::int64_t> const& counts, std::string const& status) {
  auto const found = counts.find(status);
  return found == counts.end() ? 0 : found->second;
}

std::int64_t ended(std::map<std::string, std::int64_t> const& counts) {
  std::int64_t all = 0;
  for (auto const* const status : {"sent", "skipped", "failed", "uncertain"}) all += count_of(counts, status);
  return all;
}

// A moving mean: the newest stretch counts half.
std::optional<double> rate_of(Run const& run, std::map<std::string, std::int64_t> const& counts, Instant now) {
  auto const since = run.counted_at.value_or(run.started_at);
  auto const minutes = std::chrono::duration<double>(now - since).count() / 60.0;
  if (minutes < 0.5 / 60.0) return run.rate_per_minute;
  auto const newest = static_cast<double>(ended(counts) - ended(run.counts)) / minutes;
  if (newest <= 0 && !run.rate_per_minute) return std::nullopt;
  return run.rate_per_minute ? (*run.rate_per_minute + std::max(0.0, newest)) / 2 : newest;
}

}  // namespace

Task<void> Campaigns::tick() {
  auto const now = clock_.now();
  for (auto const row : co_await store_.all_on(db::Lane::background, sql::campaigns::due, now))
    co_await start_due(row.id<TenantId>(0), row.id<CampaignId>(1), now);
  co_await complete_finished(now);
  co_await count_running(now);
}

Task<void> Campaigns::hold(TenantId tenant, Campaign before, std::string reason, std::optional<Instant> held_for, std::optional<Instant> next_run_at) {
  auto after = before;
  after.hold_reason = std::move(reason);
  after.held_for = held_for;
  after.next_run_at = next_run_at;
  log::warn("campaign_held", log::field("campaign_id", before.id), log::field("reason", *after.hold_reason));
  auto tx = co_await store_.begin(db::Lane::background);
  auto const context = system_context(tenant);
  if (!co_await move(tx, context, before, after, "held", clock_.now())) co_return;
  co_await tx.commit();
  held().add();
}

// Of several missed times of a series only the last one is made up for.
Task<void> Campaigns::start_due(TenantId tenant, CampaignId id, Instant now) {
  auto const campaign = co_await find(tenant, id);
  if (!campaign || !campaign->next_run_at || *campaign->next_run_at > now) co_return;
  auto const schedule = Schedule::parse(campaign->schedule);
  auto due = *campaign->next_run_at;
  int missed = 0;
  std::optional<Instant> following = due;  // a broadcast keeps its time in view while it is held
  if (campaign->type == "recurring") {
    auto const latest = schedule->latest(due, now);
    if (latest) {
      due = latest->start;
      missed = latest->earlier;
    }
    auto const next = schedule->next(now);
    following.reset();
    if (next) following = next->start;
  }
  if (due < now - settings_.latest_start) {
    auto const hours = std::chrono::duration_cast<std::chrono::minutes>(settings_.latest_start).count() / 60.0;
    auto reason = "it was due at " + to_rfc3339(due) + ", more than " + std::to_string(static_cast<int>(hours)) + " hours ago: approve it to send it now";
    co_await hold(tenant, *campaign, std::move(reason), due, following);
    co_return;
  }
  Occurrence const occurrence{schedule->local_of(due), due, due};
  auto const started = co_await start_occurrence(system_context(tenant), *campaign, *schedule, occurrence, missed, "started");
  // Somebody who was faster has done it already; what is not ready waits for a person.
  if (!started && started.error().code != Code::conflict) co_await hold(tenant, *campaign, "it could not start: " + started.error().message, due, following);
}

Task<void> Campaigns::complete_finished(Instant now) {
  for (auto const row : co_await store_.all_on(db::Lane::background, sql::campaigns::finished_runs, now)) {
    auto const tenant = row.id<TenantId>(0);
    auto const id = row.id<CampaignId>(1);
    auto const campaign = co_await find(tenant, id);
    if (!campaign || campaign->status != Status::active) continue;
    auto tx = co_await store_.begin(db::Lane::background);
    // The campaign first, as everywhere; a series goes on.
    bool const last = campaign->type != "recurring" || (!campaign->next_run_at && !campaign->hold_reason);
    auto const open = co_await tx.one(sql::campaigns::open_runs, tenant, id);
    if (last && open.integer(0) == 1) {
      auto after = *campaign;
      after.status = Status::completed;
      after.completed_at = now;
      after.undo_until.reset();
      auto const context = system_context(tenant);
      if (!co_await move(tx, context, *campaign, after, "completed", now)) continue;
    }
    auto const done = co_await tx.all(sql::campaigns::complete_run, tenant, id, row.integer(2), now);
    co_await tx.commit();
    if (!done.empty()) runs_completed().add();
  }
}

Task<void> Campaigns::count_running(Instant now) {
  auto const rows = co_await store_.all_on(db::Lane::background, sql::campaigns::countable_runs, now);
  for (auto const row : rows) {
    auto const tenant = row.id<TenantId>(0);
    auto const id = row.id<CampaignId>(1);
    auto const number = row.integer(2);
    auto const whole = co_await store_.maybe(sql::campaigns::run, tenant, id, number);
    if (!whole) continue;
    auto const run = read_run(*whole);
    auto const begun = clock_.steady();
    std::map<std::string, std::int64_t> counts;
    auto const states = co_await store_.all_on(db::Lane::background, sql::campaign_reports::states_of_run, tenant, id, std::to_string(number));
    for (auto const state : states) counts[state.text(0)] = state.integer(1);
    auto const took = std::chrono::duration_cast<Duration>(clock_.steady() - begun);
    bool const settled = run.status != "active" && count_of(counts, "queued") == 0 && count_of(counts, "sending") == 0;
    Duration const pause = counts == run.counts ? Duration(count_idle_every) : Duration(count_every);
    boost::json::object kept;
    for (auto const& [status, count] : counts) kept[status] = count;
    co_await store_.all_on(db::Lane::background, sql::campaigns::keep_counts, tenant, id, number, kept, rate_of(run, counts, now), now,
                           now + std::max(pause, took * count_share), settled);
  }
  running().set(static_cast<double>(rows.size()));
}

}  // namespace postrider::campaigns
