// Who would get it: the combinations of facts are counted by the database, and the gate itself judges each of them.
#include "postrider/campaigns/campaigns.h"

#include "postrider/delivery/gate.h"
#include "sql/campaign_reports.h"
#include "sql/campaigns.h"
#include "sql/sending.h"

#include <algorithm>

namespace postrider::campaigns {

namespace {

constexpr std::int64_t longest_refresh_ms = 5000;
constexpr std::int64_t enough_mails = 100;  // for a rate that means something

struct Standing {
  bool sender_exists = true, sender_verified = true, provider_exists = true;
  std::optional<std::int64_t> cap;  // marketing messages to one contact, in so many days
  std::int64_t days = 1;
};

delivery::GateFacts facts_of(db::Row row, Standing const& standing, Instant now) {
  delivery::GateFacts facts;
  facts.purpose = "marketing";
  facts.channel = "email";
  facts.contact_exists = row.boolean(0);
  if (row.boolean(1)) facts.address = "somebody";
  facts.suppression = row.maybe_text(2);
  facts.consent = row.maybe_text(3);
  if (row.boolean(4)) facts.consent_expires_at = now;
  facts.sender_exists = standing.sender_exists;
  facts.sender_verified = standing.sender_verified;
  facts.provider_exists = standing.provider_exists;
  if (standing.cap) {
    facts.frequency_limit = static_cast<int>(*standing.cap);
    facts.frequency_days = static_cast<int>(standing.days);
    if (row.boolean(5)) facts.recent_messages = static_cast<int>(*standing.cap);
  }
  return facts;
}

}  // namespace

// Dynamic ones that were not calculated lately, unless that took so long last time that nobody wants to wait for it.
Task<void> Campaigns::refresh_segments(TenantId tenant, std::vector<SegmentId> ids, Duration older_than) {
  auto const now = clock_.now();
  for (auto const row : co_await store_.all(sql::campaigns::segments, tenant, db::text_array(ids))) {
    auto const calculated = row.maybe_instant(4);
    bool const fresh = calculated && now - *calculated < older_than;
    if (!row.boolean(2) || fresh || row.maybe_integer(6).value_or(0) > longest_refresh_ms) continue;
    co_await segments_.recalculate(tenant, row.id<SegmentId>(0));
  }
}

Task<Result<Forecast>> Campaigns::forecast(TenantId tenant, CampaignId id) {
  auto const c = co_await find(tenant, id);
  if (!c) co_return c.error();
  auto used = c->segment_ids;
  used.insert(used.end(), c->exclude_segment_ids.begin(), c->exclude_segment_ids.end());
  co_await refresh_segments(tenant, used, std::chrono::minutes(1));
  Forecast forecast;
  auto const now = clock_.now();
  forecast.as_of = now;
  forecast.checks = co_await findings(tenant, *c);
  auto const segments = co_await store_.all(sql::campaigns::segments, tenant, db::text_array(used));
  for (auto const row : segments) forecast.segments.push_back(ForecastSegment{row.id<SegmentId>(0), row.text(1), row.integer(3), row.maybe_instant(4)});
  Standing standing;
  if (c->sender_id) {
    auto const sender = co_await store_.maybe(sql::campaigns::sender, tenant, *c->sender_id);
    standing.sender_exists = sender.has_value();
    standing.sender_verified = sender && sender->boolean(0);
    standing.provider_exists = sender && !sender->is_null(2);
  }
  std::optional<Instant> capped_since;
  if (auto const policy = co_await store_.maybe(sql::sending::settings, tenant); policy && !policy->is_null(1)) {
    standing.cap = policy->integer(1);
    standing.days = policy->maybe_integer(2).value_or(1);
    capped_since = now - std::chrono::hours(24 * standing.days);
  }
  auto const rows = co_await store_.all_on(db::Lane::background, sql::campaigns::forecast, tenant, db::text_array(c->segment_ids),
                                           db::text_array(c->exclude_segment_ids), now, capped_since, standing.cap);
  for (auto const row : rows) {
    auto const verdict = delivery::decide(facts_of(row, standing, now), now);
    auto const people = row.integer(6);
    forecast.audience += people;
    if (verdict.decision == delivery::Decision::send) forecast.will_send += people;
    else forecast.skipped[verdict.reason] += people;
  }
  // How fast: what the campaign allows itself, and what the tenant's mail did in the last hour.
  std::optional<double> recent;
  auto const sent = co_await store_.one(sql::campaign_reports::recent_rate, tenant, now - std::chrono::hours(1));
  if (sent.integer(0) >= enough_mails) {
    auto const minutes = std::chrono::duration<double>(sent.instant(2) - sent.instant(1)).count() / 60.0;
    if (minutes > 0) recent = static_cast<double>(sent.integer(0)) / minutes;
  }
  forecast.limited_by = "unknown";
  if (recent) {
    forecast.rate_per_minute = recent;
    forecast.limited_by = "recent_rate";
  }
  if (c->throttle_per_minute && (!recent || static_cast<double>(*c->throttle_per_minute) < *recent)) {
    forecast.rate_per_minute = static_cast<double>(*c->throttle_per_minute);
    forecast.limited_by = "throttle";
  }
  forecast.starts_at = std::max(c->next_run_at.value_or(now), now);
  auto const schedule = Schedule::parse(c->schedule);
  std::optional<Occurrence> occurrence;
  if (schedule && c->status == Status::draft) {
    occurrence = schedule->next(now);
    if (occurrence) forecast.starts_at = occurrence->start;
  }
  if (forecast.rate_per_minute) {
    auto const minutes = static_cast<double>(forecast.will_send) / *forecast.rate_per_minute;
    forecast.finishes_at = *forecast.starts_at + Duration(static_cast<std::int64_t>(minutes * 60e6));
  }
  if (schedule && schedule->per_contact()) {
    auto const last = schedule->next(schedule->recurring() ? now : Instant());
    if (last && (!forecast.finishes_at || *forecast.finishes_at < last->latest)) {
      forecast.finishes_at = last->latest;
      forecast.limited_by = "schedule";
    }
  }
  co_return forecast;
}

}  // namespace postrider::campaigns
