// One marketing effort to many, once or again and again: drafts, schedules, launch, pause, resume, cancel, undo, retry. The audience of
// each run is fixed at its start and becomes ledger rows in resumable chunks; nobody gets a run twice.
#pragma once

#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/campaigns/findings.h"
#include "postrider/campaigns/machine.h"
#include "postrider/campaigns/schedule.h"
#include "postrider/content/templates.h"
#include "postrider/db/store.h"
#include "postrider/jobs/job.h"
#include "postrider/segments/segments.h"

#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postrider::campaigns {

struct Campaign {
  CampaignId id;
  std::string name;
  std::string type = "broadcast";  // or recurring
  Status status = Status::draft;
  std::vector<SegmentId> segment_ids, exclude_segment_ids;
  std::optional<TemplateId> template_id;
  std::optional<TemplateVersionId> template_version_id;  // of the newest run
  std::optional<SenderId> sender_id;
  boost::json::object schedule;
  std::optional<std::int64_t> throttle_per_minute;
  int priority = 5;
  bool tracking = true;
  boost::json::object metadata;
  std::optional<std::int64_t> audience;  // of all runs
  int run_number = 0;                    // of the newest run
  std::optional<Instant> launched_at, completed_at, next_run_at;
  std::optional<std::string> hold_reason;  // set: waits for approve
  std::optional<Instant> held_for;         // the time that was missed
  std::optional<Instant> undo_until;
  Instant created_at;
  Instant updated_at;
};

struct Change {
  std::optional<std::string> name = {};
  std::optional<std::vector<SegmentId>> segment_ids = {}, exclude_segment_ids = {};
  std::optional<std::optional<TemplateId>> template_id = {};
  std::optional<std::optional<SenderId>> sender_id = {};
  std::optional<boost::json::object> schedule = {};
  std::optional<std::optional<std::int64_t>> throttle_per_minute = {};
  std::optional<int> priority = {};
  std::optional<bool> tracking = {};
  std::optional<boost::json::object> metadata = {};
};

struct Filter {
  std::optional<std::string> status = {}, type = {};
};

struct Settings {
  Duration latest_start = std::chrono::hours(6);     // what was missed by more waits for approval
  Duration undo_window = std::chrono::seconds(20);   // after a person's launch nothing leaves for so long
  std::int64_t chunk = 20'000;                       // contacts that become messages in one transaction
};

class Campaigns {
 public:
  Campaigns(db::Store& store, Clock const& clock, Ids& ids, segments::Segments& segments, content::Templates& templates, Settings settings = {})
      : store_(store), clock_(clock), ids_(ids), segments_(segments), templates_(templates), settings_(settings) {}

  // Fails with invalid; types journey and outreach cannot be made yet.
  Task<Result<Campaign>> create(Context context, std::string type, Change wanted);
  // What may change depends on the state (machine.h). Fails with conflict, naming each field; precondition when `expected` is old.
  Task<Result<Campaign>> change(Context context, CampaignId id, Change change, std::optional<Instant> expected);
  Task<Result<Campaign>> find(TenantId tenant, CampaignId id);
  Task<std::vector<Campaign>> list(TenantId tenant, Filter filter, std::optional<CampaignId> before, int limit);
  // Drafts and scheduled ones.
  Task<Result<void>> remove(Context context, CampaignId id);

  // Each fails with conflict, naming the state that forbids it; launch, schedule and approve with invalid, naming what is missing.
  // A broadcast starts now; a series begins with its next occurrence. Nothing is handed over before `undo` has passed (absent: the
  // setting's for a person, none for a program). Emits campaign_launched with each run, queues campaign:expand.
  Task<Result<Campaign>> launch(Context context, CampaignId id, std::optional<Duration> undo = {});
  // The schedule given, or the campaign's own.
  Task<Result<Campaign>> schedule(Context context, CampaignId id, std::optional<boost::json::object> wanted);
  // Starts now what is held.
  Task<Result<Campaign>> approve(Context context, CampaignId id);
  // Back to a draft, as long as nothing was handed over.
  Task<Result<Campaign>> undo(Context context, CampaignId id);
  Task<Result<Campaign>> pause(Context context, CampaignId id);
  Task<Result<Campaign>> resume(Context context, CampaignId id);
  // What is on its way ends; the rest is canceled, in the background when it is much.
  Task<Result<Campaign>> cancel(Context context, CampaignId id);
  // Once more for those that failed for a passing reason. Tells how many.
  Task<Result<std::int64_t>> retry_failed(Context context, CampaignId id);

  // Who would get it now and who would not, in the gate's own order and words; dynamic segments are brought up to date first.
  Task<Result<Forecast>> forecast(TenantId tenant, CampaignId id);
  Task<std::vector<Finding>> findings(TenantId tenant, Campaign campaign);

  // Handlers of the queue "campaigns".
  std::map<std::string, jobs::Handler> job_handlers();
  // Starts what is due, completes what has ended, counts what is running. Called every second by a scheduler.
  Task<void> tick();

 private:
  struct Start {
    Instant scheduled_for;
    Instant not_before;
    std::optional<LocalTime> local = {};  // for each contact's own zone
    int missed = 0;
  };

  Task<Result<void>> check_references(TenantId tenant, Campaign const& campaign);
  Task<Result<void>> check_ready(TenantId tenant, Campaign campaign);
  Task<void> refresh_segments(TenantId tenant, std::vector<SegmentId> ids, Duration older_than);
  Task<void> add_segment_findings(TenantId tenant, Campaign const& campaign, std::vector<Finding>& all);
  Task<void> add_template_findings(TenantId tenant, Campaign const& campaign, std::vector<Finding>& all);
  Task<void> add_sender_findings(TenantId tenant, Campaign const& campaign, std::vector<Finding>& all);

  // Writes `after` over `before` with its audit entry; false when somebody else was faster.
  Task<bool> move(db::Transaction& tx, Context const& context, Campaign const& before, Campaign& after, std::string_view action, Instant now);
  Task<Result<Campaign>> begin_run(Context context, Campaign before, Campaign after, Start start, std::string_view action);
  Task<void> start_due(TenantId tenant, CampaignId id, Instant now);
  Task<Result<Campaign>> start_occurrence(Context context, Campaign campaign, Schedule const& schedule, Occurrence occurrence, int missed, std::string_view action);
  Task<void> hold(TenantId tenant, Campaign before, std::string reason, std::optional<Instant> held_for, std::optional<Instant> next_run_at);
  Task<void> complete_finished(Instant now);
  Task<void> count_running(Instant now);
  Task<jobs::Answer> expand(jobs::Job const& job);
  Task<jobs::Answer> sweep(jobs::Job const& job);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  segments::Segments& segments_;
  content::Templates& templates_;
  Settings settings_;
};

}  // namespace postrider::campaigns
