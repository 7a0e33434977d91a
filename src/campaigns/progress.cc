// Progress of the newest run, from the counts that the scheduler keeps; and the export of every message.
#include "campaigns/record.h"
#include "postrider/campaigns/reports.h"
#include "sql/campaign_reports.h"
#include "sql/campaigns.h"

namespace postrider::campaigns {

namespace {

constexpr int export_page_size = 2000;
constexpr std::string_view export_header =
    "message_id,run,contact_id,email,status,skip_reason,error,attempt_count,scheduled_at,sent_at,delivered_at,opened_at,machine_opened_at,clicked_at,bounced_at,"
    "bounce_class,complained_at,unsubscribed_at,provider_message_id\r\n";

// Quoted when it must be; what a spreadsheet would take for a formula gets an apostrophe before it.
void add_cell(std::string& line, std::string_view value) {
  bool const formula = !value.empty() && (std::string_view("=+-@\t\r").find(value.front()) != std::string_view::npos || value.starts_with("\uff1d"));
  bool const quoted = formula || value.find_first_of(",\"\r\n;") != std::string_view::npos;
  if (!quoted) {
    line += value;
    return;
  }
  line += '"';
  if (formula) line += '\'';
  for (char const c : value) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

bool is_time(std::size_t column) { return (column >= 8 && column <= 14) || column == 16 || column == 17; }

}  // namespace

Task<Result<Progress>> Reports::progress(TenantId tenant, CampaignId id) {
  auto const row = co_await store_.maybe(sql::campaigns::find, tenant, id);
  if (!row) co_return not_found("campaign", id.str());
  auto const campaign = read_campaign(*row);
  Progress p;
  auto const now = clock_.now();
  p.status = campaign.status;
  p.hold_reason = campaign.hold_reason;
  p.next_run_at = campaign.next_run_at;
  if (campaign.undo_until && *campaign.undo_until > now) p.undo_until = campaign.undo_until;
  p.as_of = now;
  auto const newest = co_await store_.maybe(sql::campaigns::run, tenant, id, campaign.run_number);
  if (!newest) co_return p;
  auto run = read_run(*newest);
  p.run_number = run.number;
  if (run.settled) {
    // Rarely asked, and events may have changed what was settled: counted anew, from the index.
    run.counts.clear();
    for (auto const state : co_await store_.all(sql::campaign_reports::states_of_run, tenant, id, std::to_string(run.number))) run.counts[state.text(0)] = state.integer(1);
  } else {
    p.as_of = run.counted_at.value_or(run.started_at);
  }
  p.states = states_of(run, run.counts);
  auto const waiting = p.states.queued + p.states.sending;
  p.done = p.states.audience - waiting;
  if (run.status != "active" || campaign.status != Status::active) co_return p;
  p.rate_per_minute = run.rate_per_minute;
  if (waiting == 0) co_return p;
  std::optional<Instant> last_due;
  auto const due = co_await store_.maybe(sql::campaigns::last_due, tenant, run.lane);
  if (due) last_due = due->maybe_instant(0);
  if (p.rate_per_minute && *p.rate_per_minute > 0) {
    auto const minutes = static_cast<double>(waiting) / *p.rate_per_minute;
    if (minutes < 60.0 * 24 * 3650) p.finishes_at = now + Duration(static_cast<std::int64_t>(minutes * 60e6));
  }
  if (last_due && *last_due > now && (!p.finishes_at || *p.finishes_at < *last_due)) p.finishes_at = last_due;
  co_return p;
}

Task<Reports::Page> Reports::export_page(TenantId tenant, CampaignId id, ExportFilter filter, std::optional<MessageId> after) {
  Page page;
  if (!after) page.lines = export_header;
  auto const rows = co_await store_.all_on(db::Lane::background, sql::campaign_reports::export_page, tenant, id, filter.run, filter.status, filter.skip_reason,
                                           after.value_or(MessageId()), export_page_size);
  for (auto const row : rows) {
    for (std::size_t column = 0; column < rows.columns(); ++column) {
      if (column > 0) page.lines += ',';
      if (row.is_null(column)) continue;
      if (is_time(column)) add_cell(page.lines, to_rfc3339(row.instant(column)));
      else add_cell(page.lines, row.view(column));
    }
    page.lines += "\r\n";
    page.last = row.id<MessageId>(0);
  }
  co_return page;
}

}  // namespace postrider::campaigns
