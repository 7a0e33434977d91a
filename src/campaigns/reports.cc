#include "postrider/campaigns/reports.h"

#include "campaigns/record.h"
#include "sql/campaign_reports.h"
#include "sql/campaigns.h"

#include <algorithm>

namespace postrider::campaigns {

namespace {

constexpr int every_run = 1'000'000'000;

std::int64_t count_of(std::map<std::string, std::int64_t> const& counts, std::string const& status) {
  auto const found = counts.find(status);
  return found == counts.end() ? 0 : found->second;
}

using Counts = std::map<std::string, std::int64_t>;

// What the ledger says of one run.
struct Tally {
  Counts states, skip_reasons, bounces;
  std::int64_t delivered = 0, opened = 0, machine_opened = 0, clicked = 0, bounced = 0, complained = 0, unsubscribed = 0;
  std::optional<Instant> first_sent_at, last_sent_at;
};

void add(Tally& tally, db::Row row) {
  auto const messages = row.integer(4);
  tally.states[row.text(1)] += messages;
  if (!row.is_null(2)) tally.skip_reasons[row.text(2)] += messages;
  if (!row.is_null(3)) tally.bounces[row.text(3)] += messages;
  tally.delivered += row.integer(5);
  tally.opened += row.integer(6);
  tally.machine_opened += row.integer(7);
  tally.clicked += row.integer(8);
  tally.bounced += row.integer(9);
  tally.complained += row.integer(10);
  tally.unsubscribed += row.integer(11);
  auto const first = row.maybe_instant(12), last = row.maybe_instant(13);
  if (first && (!tally.first_sent_at || *first < *tally.first_sent_at)) tally.first_sent_at = first;
  if (last && (!tally.last_sent_at || *last > *tally.last_sent_at)) tally.last_sent_at = last;
}

void add(Counts& sum, Counts const& more) {
  for (auto const& [key, count] : more) sum[key] += count;
}

std::map<std::string, Tally> tallies(db::Rows const& rows) {
  std::map<std::string, Tally> all;
  for (auto const row : rows) add(all[row.text(0)], row);
  return all;
}

void add(States& sum, States const& more) {
  sum.audience += more.audience;
  sum.queued += more.queued;
  sum.sending += more.sending;
  sum.sent += more.sent;
  sum.skipped += more.skipped;
  sum.failed += more.failed;
  sum.uncertain += more.uncertain;
  sum.canceled += more.canceled;
}

}  // namespace

Run read_run(db::Row row) {
  Run r;
  r.number = static_cast<int>(row.integer(0));
  r.lane = row.id<LaneId>(1);
  r.id_base = row.uuid(2);
  r.status = row.text(3);
  r.version = row.id<TemplateVersionId>(4);
  r.sender = row.id<SenderId>(5);
  r.audience = row.integer(6);
  r.expanded_to = row.integer(7);
  r.scheduled_for = row.instant(8);
  r.not_before = row.instant(9);
  r.local_time = row.maybe_text(10);
  r.fallback_time_zone = row.maybe_text(11);
  r.missed = static_cast<int>(row.integer(12));
  r.settled = row.boolean(13);
  auto const counts = row.json(14);
  for (auto const& member : counts.as_object()) r.counts[std::string(member.key())] = member.value().to_number<std::int64_t>();
  if (!row.is_null(15)) r.rate_per_minute = row.real(15);
  r.counted_at = row.maybe_instant(16);
  r.started_at = row.instant(17);
  r.completed_at = row.maybe_instant(18);
  return r;
}

States states_of(Run const& run, std::map<std::string, std::int64_t> const& counts) {
  States s;
  s.audience = run.audience;
  s.queued = count_of(counts, "queued");
  s.sending = count_of(counts, "sending");
  s.sent = count_of(counts, "sent");
  s.skipped = count_of(counts, "skipped");
  s.failed = count_of(counts, "failed");
  s.uncertain = count_of(counts, "uncertain");
  s.canceled = count_of(counts, "canceled");
  auto const outside = s.audience - (s.queued + s.sending + s.sent + s.skipped + s.failed + s.uncertain + s.canceled);
  if (outside == 0) return s;
  // Messages of people who were erased are gone from the ledger; all others outside it have not got there.
  auto const waiting = std::clamp<std::int64_t>(run.audience - run.expanded_to, 0, outside);
  (run.status == "canceled" ? s.canceled : s.queued) += waiting;
  auto const gone = outside - waiting;
  (run.status == "active" ? s.queued : s.skipped) += gone;
  return s;
}

Task<bool> Reports::exists(TenantId tenant, CampaignId id) {
  auto const row = co_await store_.maybe(sql::campaigns::find, tenant, id);
  co_return row.has_value();
}

Task<std::optional<std::string>> Reports::ending(TenantId tenant, CampaignId id) {
  auto const row = co_await store_.maybe(sql::campaign_reports::ending, tenant, id);
  if (!row) co_return std::nullopt;
  auto const last = row->maybe_instant(1);
  co_return to_text(row->instant(0)) + (last ? " " + to_text(*last) : "");
}

Task<Result<Report>> Reports::report(TenantId tenant, CampaignId id, std::optional<std::string> run) {
  if (!co_await exists(tenant, id)) co_return not_found("campaign", id.str());
  Report r;
  r.as_of = clock_.now();
  auto const ledger = co_await store_.all_on(db::Lane::background, sql::campaign_reports::ledger, tenant, id, run);
  auto by_run = tallies(ledger);
  bool found = !run;
  std::int64_t lost = 0;
  for (auto const row : co_await store_.all(sql::campaigns::runs, tenant, id, every_run, every_run)) {
    auto const each = read_run(row);
    auto const visit = std::to_string(each.number);
    if (run && visit != *run) continue;
    found = true;
    auto const& tally = by_run[visit];
    auto const states = states_of(each, tally.states);
    lost += states.skipped - count_of(tally.states, "skipped");
    add(r.states, states);
    add(r.skip_reasons, tally.skip_reasons);
    add(r.bounces, tally.bounces);
    r.delivered += tally.delivered;
    r.opened += tally.opened;
    r.machine_opened += tally.machine_opened;
    r.clicked += tally.clicked;
    r.bounced += tally.bounced;
    r.complained += tally.complained;
    r.unsubscribed += tally.unsubscribed;
    if (tally.first_sent_at && (!r.first_sent_at || *tally.first_sent_at < *r.first_sent_at)) r.first_sent_at = tally.first_sent_at;
    if (tally.last_sent_at && (!r.last_sent_at || *tally.last_sent_at > *r.last_sent_at)) r.last_sent_at = tally.last_sent_at;
  }
  if (!found) co_return not_found("run", *run);
  if (lost > 0) r.skip_reasons["contact_deleted"] += lost;
  for (auto const hit : co_await store_.all_on(db::Lane::background, sql::campaign_reports::hits, tenant, id, run)) {
    bool const machine = hit.view(1) == "machine";
    bool const open = hit.view(0) == "opened";
    (open ? (machine ? r.machine_opens : r.opens) : (machine ? r.machine_clicks : r.clicks)) += hit.integer(2);
    if (!open && machine) r.machine_clicked = hit.integer(3);
  }
  co_return r;
}

Task<Result<std::vector<RunReport>>> Reports::runs(TenantId tenant, CampaignId id, int before, int limit) {
  if (!co_await exists(tenant, id)) co_return not_found("campaign", id.str());
  std::optional<std::string> const every;
  auto const ledger = co_await store_.all_on(db::Lane::background, sql::campaign_reports::ledger, tenant, id, every);
  auto by_run = tallies(ledger);
  std::vector<RunReport> all;
  for (auto const row : co_await store_.all(sql::campaigns::runs, tenant, id, before, limit)) {
    auto const run = read_run(row);
    auto const& tally = by_run[std::to_string(run.number)];
    RunReport report;
    report.states = states_of(run, tally.states);
    report.opened = tally.opened;
    report.clicked = tally.clicked;
    report.bounced = tally.bounced;
    report.run = run;
    all.push_back(std::move(report));
  }
  co_return all;
}

Task<Result<std::vector<HourReport>>> Reports::series(TenantId tenant, CampaignId id, std::optional<std::string> run) {
  if (!co_await exists(tenant, id)) co_return not_found("campaign", id.str());
  std::vector<HourReport> all;
  for (auto const row : co_await store_.all_on(db::Lane::background, sql::campaign_reports::series, tenant, id, run)) {
    if (all.empty() || all.back().hour != row.view(0)) all.push_back(HourReport{row.text(0)});
    all.back().counts[row.text(1)] = row.integer(2);
  }
  co_return all;
}

Task<Result<std::vector<LinkReport>>> Reports::links(TenantId tenant, CampaignId id, std::optional<std::string> run) {
  if (!co_await exists(tenant, id)) co_return not_found("campaign", id.str());
  std::vector<LinkReport> all;
  auto const rows = co_await store_.all_on(db::Lane::background, sql::campaign_reports::links, tenant, id, run);
  for (auto const row : rows) all.push_back(LinkReport{row.text(0), row.integer(1), row.integer(2), row.integer(3)});
  co_return all;
}

Task<Result<std::vector<BounceReport>>> Reports::bounces(TenantId tenant, CampaignId id, std::optional<std::string> run) {
  if (!co_await exists(tenant, id)) co_return not_found("campaign", id.str());
  std::vector<BounceReport> all;
  auto const rows = co_await store_.all_on(db::Lane::background, sql::campaign_reports::bounce_reasons, tenant, id, run);
  for (auto const row : rows) all.push_back(BounceReport{row.text(0), row.text(1), row.integer(2), row.instant(3)});
  co_return all;
}

Task<Result<std::vector<DomainReport>>> Reports::domains(TenantId tenant, CampaignId id, std::optional<std::string> run, int limit) {
  if (!co_await exists(tenant, id)) co_return not_found("campaign", id.str());
  std::vector<DomainReport> all;
  auto const rows = co_await store_.all_on(db::Lane::background, sql::campaign_reports::domains, tenant, id, run, limit);
  for (auto const row : rows)
    all.push_back(DomainReport{row.text(0), row.integer(1), row.integer(2), row.integer(3), row.integer(4), row.integer(5), row.integer(6), row.integer(7), row.integer(8)});
  co_return all;
}

}  // namespace postrider::campaigns
