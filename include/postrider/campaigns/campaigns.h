// One marketing effort to many: drafts, launch, pause, resume, cancel, and the report that adds up. The audience is fixed at launch;
// nobody gets it twice.
#pragma once

#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/db/store.h"
#include "postrider/jobs/job.h"

#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postrider::campaigns {

struct Campaign {
  CampaignId id;
  std::string name;
  std::string type = "broadcast";
  std::string status = "draft";
  std::vector<SegmentId> segment_ids, exclude_segment_ids;
  std::optional<TemplateId> template_id;
  std::optional<TemplateVersionId> template_version_id;  // fixed at launch
  std::optional<SenderId> sender_id;
  boost::json::object schedule;
  std::optional<std::int64_t> throttle_per_minute;
  int priority = 5;
  bool tracking = true;
  boost::json::object metadata;
  std::optional<std::int64_t> audience;
  bool expanded = false;
  std::optional<Instant> launched_at, completed_at, next_run_at;
  std::optional<std::string> hold_reason;
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

// End states and what came of them; the states add up to the audience.
struct Report {
  std::int64_t audience = 0, queued = 0, sending = 0, sent = 0, skipped = 0, failed = 0, uncertain = 0, canceled = 0;
  std::int64_t delivered = 0, opened = 0, machine_opened = 0, clicked = 0, bounced = 0, complained = 0, unsubscribed = 0;
  std::map<std::string, std::int64_t> skip_reasons = {};
};

struct Forecast {
  std::int64_t audience = 0, no_address = 0, suppressed = 0, no_consent = 0, will_send = 0;
};

class Campaigns {
 public:
  Campaigns(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}

  Task<Result<Campaign>> create(Context context, std::string type, Change wanted);
  // Drafts and scheduled ones; of launched ones only name and metadata. Fails with conflict, precondition.
  Task<Result<Campaign>> change(Context context, CampaignId id, Change change, std::optional<Instant> expected);
  Task<Result<Campaign>> find(TenantId tenant, CampaignId id);
  Task<std::vector<Campaign>> list(TenantId tenant, std::optional<CampaignId> before, int limit);
  Task<Result<void>> remove(Context context, CampaignId id);

  // Each fails with conflict, naming the state that forbids it; launch with invalid, naming what is missing.
  Task<Result<Campaign>> launch(Context context, CampaignId id);
  Task<Result<Campaign>> schedule(Context context, CampaignId id, Instant at);
  Task<Result<Campaign>> pause(Context context, CampaignId id);
  Task<Result<Campaign>> resume(Context context, CampaignId id);
  Task<Result<Campaign>> cancel(Context context, CampaignId id);

  Task<Result<Forecast>> forecast(TenantId tenant, CampaignId id);
  Task<Result<Report>> report(TenantId tenant, CampaignId id);

  // Handlers of the queue "campaigns".
  std::map<std::string, jobs::Handler> job_handlers();
  // Launches what is due, completes what has ended. Called every second by a scheduler.
  Task<void> tick();

 private:
  Task<Result<void>> check(TenantId tenant, Campaign const& campaign, bool complete);
  Task<jobs::Answer> expand(jobs::Job const& job);
  Task<Result<Campaign>> move(Context context, CampaignId id, std::string_view verb);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

}  // namespace postrider::campaigns
