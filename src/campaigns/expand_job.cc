// The audience becomes messages, chunk by chunk: each is one transaction that moves the run's mark, so that a chunk is done once, whoever
// does it and however often it is begun. And the audience of what was canceled is swept away.
#include "campaigns/record.h"
#include "postrider/base/fail_point.h"
#include "postrider/base/metrics.h"
#include "postrider/campaigns/reports.h"
#include "sql/campaigns.h"
#include "sql/sending.h"

namespace postrider::campaigns {

POSTRIDER_DECLARE_FAIL_POINT(point_chunk_written, "campaigns.chunk_written");
POSTRIDER_DECLARE_FAIL_POINT(point_expanded, "campaigns.chunk_expanded");

namespace {

constexpr int canceled_at_once = 5000;

metrics::Counter& expanded() {
  static auto& counter = metrics::counter("postrider_campaigns_expanded_messages_total", "Contacts of an audience that became messages");
  return counter;
}
metrics::Counter& canceled() {
  static auto& counter = metrics::counter("postrider_campaigns_canceled_messages_total", "Messages canceled with their campaign");
  return counter;
}

int run_of(jobs::Job const& job) { return static_cast<int>(job.payload.at("run_number").as_int64()); }
CampaignId campaign_of(jobs::Job const& job) { return *CampaignId::parse(std::string_view(job.payload.at("campaign_id").as_string())); }

// When each zone of the chunk gets to the local time; never before the run itself may send.
struct DueByZone {
  db::Columns zones = db::Columns(2);
  Instant otherwise, earliest;
};
DueByZone due_by_zone(db::Rows const& rows, Run const& run) {
  DueByZone due;
  auto const local = *parse_local_time(*run.local_time);
  due.otherwise = due.earliest = std::max(resolve(local, run.fallback_time_zone.value_or("UTC")), run.not_before);
  for (auto const row : rows) {
    if (!is_time_zone(row.view(0))) continue;
    auto const at = std::max(resolve(local, row.view(0)), run.not_before);
    due.zones.add(row.view(0), at);
    due.earliest = std::min(due.earliest, at);
  }
  return due;
}

}  // namespace

std::map<std::string, jobs::Handler> Campaigns::job_handlers() {
  std::map<std::string, jobs::Handler> handlers;
  handlers["campaign:expand"] = [this](jobs::Job const& job) { return expand(job); };
  handlers["campaign:sweep"] = [this](jobs::Job const& job) { return sweep(job); };
  return handlers;
}

Task<jobs::Answer> Campaigns::expand(jobs::Job const& job) {
  auto const id = campaign_of(job);
  auto const number = run_of(job);
  auto const campaign = co_await find(job.tenant, id);
  auto const row = co_await store_.maybe(sql::campaigns::run, job.tenant, id, number);
  if (!campaign || !row) co_return jobs::Answer(jobs::Done());  // undone meanwhile
  auto run = read_run(*row);
  auto const visit = std::to_string(number);
  auto const id_prefix = run.id_base.str().substr(0, 28);
  while (run.status == "active" && run.expanded_to < run.audience) {
    auto const now = clock_.now();
    auto earliest = run.not_before;
    auto tx = co_await store_.begin(db::Lane::background);
    auto const size = co_await tx.maybe(sql::campaigns::next_chunk, job.tenant, id, number, run.expanded_to);
    if (!size) co_return jobs::Answer(jobs::Done());  // canceled and swept, or another worker did the rest
    auto const to = run.expanded_to + size->integer(0);
    auto const ours = co_await tx.all(sql::campaigns::advance_run, job.tenant, id, number, run.expanded_to, to, now);
    if (ours.empty()) co_return jobs::Answer(jobs::Done());  // canceled, undone, or another worker is at it
    if (run.local_time) {
      auto const zones = co_await tx.all(sql::campaigns::zones_of_chunk, job.tenant, id, number, run.expanded_to);
      auto const due = due_by_zone(zones, run);
      earliest = due.earliest;
      co_await tx.all(sql::campaigns::expand_by_zone, job.tenant, id, number, run.expanded_to, id_prefix, visit, run.lane, run.version, run.sender, campaign->priority,
                      due.otherwise, now, due.zones);
    } else {
      co_await tx.all(sql::campaigns::expand, job.tenant, id, number, run.expanded_to, id_prefix, visit, run.lane, run.version, run.sender, campaign->priority,
                      run.not_before, now);
    }
    co_await tx.exec(sql::sending::wake_lane, job.tenant, run.lane, earliest);
    tx.announce("sending");
    POSTRIDER_FAIL_POINT("campaigns.chunk_written");
    co_await tx.commit();
    POSTRIDER_FAIL_POINT("campaigns.chunk_expanded");
    expanded().add(static_cast<double>(to - run.expanded_to));
    run.expanded_to = to;
    co_await yield();
  }
  co_await store_.all_on(db::Lane::background, sql::campaigns::forget_audience, job.tenant, id, number);
  co_return jobs::Answer(jobs::Done());
}

// After a cancel: everything still queued, and what comes back to the queue from hand-overs that were refused.
Task<jobs::Answer> Campaigns::sweep(jobs::Job const& job) {
  auto const id = campaign_of(job);
  auto const visit = std::to_string(run_of(job));
  for (;;) {
    auto const some = co_await store_.all_on(db::Lane::background, sql::campaigns::cancel_messages, job.tenant, id, visit, clock_.now(), canceled_at_once);
    if (some.empty()) break;
    canceled().add(static_cast<double>(some.size()));
    co_await yield();
  }
  auto const in_flight = co_await store_.all_on(db::Lane::background, sql::campaigns::any_in_flight, job.tenant, id, visit);
  if (!in_flight.empty()) {
    jobs::Snooze again;
    again.delay = std::chrono::seconds(2);
    co_return jobs::Answer(again);
  }
  co_await store_.all_on(db::Lane::background, sql::campaigns::forget_audience, job.tenant, id, run_of(job));
  co_return jobs::Answer(jobs::Done());
}

}  // namespace postrider::campaigns
