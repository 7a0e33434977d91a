// What came of a campaign, recounted from the ledger: end states that add up to the audience at any moment, opens and clicks told apart
// by who did them, and the same by hour, link, domain and run. Progress is cheap: the scheduler keeps counts of what is running.
#pragma once

#include "postrider/base/error.h"
#include "postrider/campaigns/machine.h"
#include "postrider/db/store.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postrider::campaigns {

struct Run {
  int number = 1;
  LaneId lane;
  Uuid id_base;
  std::string status = "active";  // completed, canceled
  TemplateVersionId version;
  SenderId sender;
  std::int64_t audience = 0;
  std::int64_t expanded_to = 0;
  Instant scheduled_for, not_before;
  std::optional<std::string> local_time, fallback_time_zone;
  int missed = 0;        // occurrences before it that an outage swallowed
  bool settled = false;  // nothing of it can change any more but by events
  std::map<std::string, std::int64_t> counts = {};
  std::optional<double> rate_per_minute;
  std::optional<Instant> counted_at;
  Instant started_at;
  std::optional<Instant> completed_at;
};
Run read_run(db::Row row);

// queued + sending + sent + skipped + failed + uncertain + canceled = audience.
struct States {
  std::int64_t audience = 0, queued = 0, sending = 0, sent = 0, skipped = 0, failed = 0, uncertain = 0, canceled = 0;
};

struct Report {
  States states;
  std::int64_t delivered = 0, opened = 0, machine_opened = 0, clicked = 0, machine_clicked = 0, bounced = 0, complained = 0, unsubscribed = 0;  // messages
  std::int64_t opens = 0, machine_opens = 0, clicks = 0, machine_clicks = 0;                                                                    // hits
  std::map<std::string, std::int64_t> skip_reasons = {}, bounces = {};
  std::optional<Instant> first_sent_at, last_sent_at;
  Instant as_of;
};

struct RunReport {
  Run run;
  States states;
  std::int64_t opened = 0, clicked = 0, bounced = 0;
};

struct HourReport {
  std::string hour;
  std::map<std::string, std::int64_t> counts = {};
};

struct LinkReport {
  std::string url;
  std::int64_t clicks = 0, machine_clicks = 0, contacts = 0;
};

struct BounceReport {
  std::string bounce_class;  // hard, soft, block, ...
  std::string reason;        // what the server said, as far as it is known
  std::int64_t count = 0;
  Instant last_at;
};

struct DomainReport {
  std::string domain;  // empty: the contact is gone
  std::int64_t messages = 0, sent = 0, delivered = 0, opened = 0, clicked = 0, bounced = 0, complained = 0, failed = 0;
};

struct Progress {
  Status status = Status::draft;
  int run_number = 0;
  States states;
  std::int64_t done = 0;  // in an end state
  std::optional<double> rate_per_minute;
  std::optional<Instant> finishes_at;
  std::optional<std::string> hold_reason;
  std::optional<Instant> undo_until, next_run_at;
  Instant as_of;  // when the counts were taken
};

struct ExportFilter {
  std::optional<std::string> run = {}, status = {}, skip_reason = {};
};

class Reports {
 public:
  Reports(db::Store& store, Clock const& clock) : store_(store), clock_(clock) {}

  // `run` is a run's number; absent: all of them together. All fail with not_found.
  Task<Result<Report>> report(TenantId tenant, CampaignId id, std::optional<std::string> run = {});
  Task<Result<std::vector<RunReport>>> runs(TenantId tenant, CampaignId id, int before, int limit);
  Task<Result<std::vector<HourReport>>> series(TenantId tenant, CampaignId id, std::optional<std::string> run);
  Task<Result<std::vector<LinkReport>>> links(TenantId tenant, CampaignId id, std::optional<std::string> run);
  Task<Result<std::vector<BounceReport>>> bounces(TenantId tenant, CampaignId id, std::optional<std::string> run);
  Task<Result<std::vector<DomainReport>>> domains(TenantId tenant, CampaignId id, std::optional<std::string> run, int limit);
  // Of a campaign that has ended and whose messages are settled: words that change when it goes on. Until then, or without it: nothing.
  Task<std::optional<std::string>> ending(TenantId tenant, CampaignId id);
  // Of the newest run.
  Task<Result<Progress>> progress(TenantId tenant, CampaignId id);
  // Lines of CSV (the first page with its header), and the last message's id to go on from; no lines at the end.
  struct Page {
    std::string lines;
    std::optional<MessageId> last;
  };
  Task<Page> export_page(TenantId tenant, CampaignId id, ExportFilter filter, std::optional<MessageId> after);

 private:
  Task<bool> exists(TenantId tenant, CampaignId id);
  db::Store& store_;
  Clock const& clock_;
};

// The states of a run by the counts of its messages; what is not a message yet is queued, or canceled with the run.
States states_of(Run const& run, std::map<std::string, std::int64_t> const& counts);

}  // namespace postrider::campaigns
