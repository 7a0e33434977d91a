#include "postrider/campaigns/campaigns.h"

#include "postrider/audit/audit.h"
#include "postrider/base/fail_point.h"
#include "postrider/events/event_log.h"
#include "postrider/jobs/queue.h"
#include "sql/campaigns.h"
#include "sql/sending.h"

#include <boost/json/value.hpp>

namespace postrider::campaigns {

POSTRIDER_DECLARE_FAIL_POINT(point_expanded, "campaigns.chunk_expanded");

namespace {

constexpr int chunk = 5000;
constexpr auto latest_start = std::chrono::hours(6);

template <class T>
std::vector<T> read_ids(boost::json::value const& json) {
  std::vector<T> ids;
  for (auto const& item : json.as_array())
    if (auto const id = T::parse(std::string_view(item.as_string()))) ids.push_back(*id);
  return ids;
}

template <class T>
boost::json::array array_of(std::vector<T> const& ids) {
  boost::json::array out;
  for (auto const& id : ids) out.emplace_back(id.str());
  return out;
}

Campaign read_campaign(db::Row row) {
  Campaign c;
  c.id = row.id<CampaignId>(0);
  c.name = row.text(1);
  c.type = row.text(2);
  c.status = row.text(3);
  c.segment_ids = read_ids<SegmentId>(row.json(4));
  c.exclude_segment_ids = read_ids<SegmentId>(row.json(5));
  c.template_id = row.maybe_id<TemplateId>(6);
  c.template_version_id = row.maybe_id<TemplateVersionId>(7);
  c.sender_id = row.maybe_id<SenderId>(8);
  c.schedule = row.json(9).as_object();
  c.throttle_per_minute = row.maybe_integer(10);
  c.priority = static_cast<int>(row.integer(11));
  c.tracking = row.boolean(12);
  c.metadata = row.json(13).as_object();
  c.audience = row.maybe_integer(14);
  c.expanded = row.boolean(15);
  c.launched_at = row.maybe_instant(16);
  c.completed_at = row.maybe_instant(17);
  c.next_run_at = row.maybe_instant(18);
  c.hold_reason = row.maybe_text(19);
  c.created_at = row.instant(20);
  c.updated_at = row.instant(21);
  return c;
}

template <class T>
boost::json::value id_or_null(std::optional<T> const& id) {
  return id ? boost::json::value(id->str()) : boost::json::value(nullptr);
}

boost::json::object described(Campaign const& c) {
  boost::json::object out;
  out["name"] = c.name;
  out["type"] = c.type;
  out["status"] = c.status;
  out["segment_ids"] = array_of(c.segment_ids);
  out["exclude_segment_ids"] = array_of(c.exclude_segment_ids);
  out["template_id"] = id_or_null(c.template_id);
  out["sender_id"] = id_or_null(c.sender_id);
  out["schedule"] = c.schedule;
  out["throttle_per_minute"] = c.throttle_per_minute ? boost::json::value(*c.throttle_per_minute) : boost::json::value(nullptr);
  out["priority"] = c.priority;
  out["tracking"] = c.tracking;
  out["metadata"] = c.metadata;
  return out;
}

LaneId lane_of(CampaignId id) { return LaneId(id.uuid()); }

// The same message of the same campaign to the same contact has the same id, however often a chunk is expanded.
MessageId message_of(TenantId tenant, CampaignId campaign, std::string_view contact) {
  return MessageId(uuid_from_name("message:" + tenant.str() + ":" + campaign.str() + ":1:" + std::string(contact) + ":email"));
}

}  // namespace

Task<Result<void>> Campaigns::check(TenantId tenant, Campaign const& c, bool complete) {
  std::vector<FieldError> mistakes;
  auto missing = [&mistakes](char const* pointer, char const* what) { mistakes.push_back(FieldError{pointer, "required", what}); };
  if (c.name.empty() || c.name.size() > 255) mistakes.push_back(FieldError{"/name", "required", "a campaign needs a name of 1 to 255 characters"});
  if (c.throttle_per_minute && *c.throttle_per_minute < 1) mistakes.push_back(FieldError{"/throttle_per_minute", "out_of_range", "must be at least 1, or null"});
  if (c.priority < 1 || c.priority > 10) mistakes.push_back(FieldError{"/priority", "out_of_range", "must be from 1 (urgent) to 10 (bulk)"});
  if (complete) {
    if (c.segment_ids.empty()) missing("/segment_ids", "choose at least one segment to send to");
    if (!c.template_id) missing("/template_id", "choose a template");
    if (!c.sender_id) missing("/sender_id", "choose a sender");
  }
  if (c.template_id) {
    auto const version = co_await store_.maybe(sql::campaigns::current_version, tenant, *c.template_id);
    if (!version) mistakes.push_back(FieldError{"/template_id", "invalid_value", "there is no template with this id"});
  }
  if (c.sender_id) {
    auto const sender = co_await store_.maybe(sql::campaigns::sender, tenant, *c.sender_id);
    if (!sender) mistakes.push_back(FieldError{"/sender_id", "invalid_value", "there is no sender with this id"});
    else if (complete && !sender->boolean(0)) mistakes.push_back(FieldError{"/sender_id", "invalid_value", "the sender is not verified yet"});
  }
  if (!mistakes.empty()) co_return invalid((complete ? "the campaign is not ready: " : "the campaign cannot be saved: ") + mistakes.front().message, mistakes);
  co_return Result<void>();
}

namespace {

void apply(Campaign& c, Change const& change) {
  if (change.name) c.name = *change.name;
  if (change.segment_ids) c.segment_ids = *change.segment_ids;
  if (change.exclude_segment_ids) c.exclude_segment_ids = *change.exclude_segment_ids;
  if (change.template_id) c.template_id = *change.template_id;
  if (change.sender_id) c.sender_id = *change.sender_id;
  if (change.schedule) c.schedule = *change.schedule;
  if (change.throttle_per_minute) c.throttle_per_minute = *change.throttle_per_minute;
  if (change.priority) c.priority = *change.priority;
  if (change.tracking) c.tracking = *change.tracking;
  if (change.metadata) c.metadata = *change.metadata;
}

}  // namespace

Task<Result<Campaign>> Campaigns::create(Context context, std::string type, Change wanted) {
  Campaign c;
  c.type = std::move(type);
  apply(c, wanted);
  if (auto const good = co_await check(context.tenant, c, false); !good) co_return good.error();
  auto const now = clock_.now();
  c.id = ids_.make<CampaignId>();
  c.created_at = c.updated_at = now;
  std::optional<Uuid> author;
  if (!context.actor.id.is_nil()) author = context.actor.id;
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::campaigns::insert, context.tenant, c.id, c.name, c.type, array_of(c.segment_ids), array_of(c.exclude_segment_ids), c.template_id, c.sender_id,
                   c.schedule, c.throttle_per_minute, c.priority, c.tracking, c.metadata, author, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"campaign", c.id.uuid(), "created", audit::difference(boost::json::object(), described(c))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return c;
}

Task<Result<Campaign>> Campaigns::find(TenantId tenant, CampaignId id) {
  auto const row = co_await store_.maybe(sql::campaigns::find, tenant, id);
  if (!row) co_return not_found("campaign", id.str());
  co_return read_campaign(*row);
}

Task<std::vector<Campaign>> Campaigns::list(TenantId tenant, std::optional<CampaignId> before, int limit) {
  auto const last = before.value_or(*CampaignId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  auto const rows = co_await store_.all(sql::campaigns::list, tenant, last, limit);
  std::vector<Campaign> all;
  for (auto const row : rows) all.push_back(read_campaign(row));
  co_return all;
}

Task<Result<Campaign>> Campaigns::change(Context context, CampaignId id, Change change, std::optional<Instant> expected) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (expected && *expected != before->updated_at)
    co_return Error(Code::precondition, "the campaign was changed meanwhile: read it again, then repeat your change");
  bool const open = before->status == "draft" || before->status == "scheduled";
  bool const deep = change.segment_ids || change.exclude_segment_ids || change.template_id || change.sender_id || change.schedule || change.tracking ||
                    change.priority || change.throttle_per_minute;
  if (!open && deep) co_return conflict("the campaign is " + before->status + ": only its name and metadata can still be changed");
  auto after = *before;
  apply(after, change);
  if (auto const good = co_await check(context.tenant, after, before->status == "scheduled"); !good) co_return good.error();
  auto const now = clock_.now();
  after.updated_at = now;
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::campaigns::update, context.tenant, id, after.name, array_of(after.segment_ids), array_of(after.exclude_segment_ids), after.template_id,
                   after.sender_id, after.schedule, after.throttle_per_minute, after.priority, after.tracking, after.metadata, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"campaign", id.uuid(), "updated", audit::difference(described(*before), described(after))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return after;
}

Task<Result<void>> Campaigns::remove(Context context, CampaignId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const gone = co_await tx.all(sql::campaigns::remove, context.tenant, id);
  if (gone.empty()) co_return conflict("the campaign is " + before->status + ": what was launched stays on record");
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"campaign", id.uuid(), "deleted", audit::difference(described(*before), boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

Task<Result<Campaign>> Campaigns::launch(Context context, CampaignId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (before->status != "draft" && before->status != "scheduled") co_return conflict("the campaign is " + before->status + " already");
  if (auto const good = co_await check(context.tenant, *before, true); !good) co_return good.error();
  auto const now = clock_.now();
  auto tx = co_await store_.begin(db::Lane::background);
  auto const version = co_await tx.one(sql::campaigns::current_version, context.tenant, *before->template_id);
  co_await tx.all(sql::campaigns::fix_audience, context.tenant, id, db::text_array(before->segment_ids), db::text_array(before->exclude_segment_ids));
  auto const counted = co_await tx.one(sql::campaigns::count_audience, context.tenant, id);
  auto const audience = counted.integer(0);
  auto const moved = co_await tx.exec(sql::campaigns::launch, context.tenant, id, version.id<TemplateVersionId>(0), audience, now);
  if (moved == 0) co_return conflict("somebody else was faster; read the campaign again");
  double const tokens = before->throttle_per_minute ? 1.0 : 0.0;
  co_await tx.exec(sql::sending::open_lane, context.tenant, lane_of(id), id, before->priority, true, now, before->throttle_per_minute, tokens);
  jobs::NewJob job;
  job.queue = "campaigns";
  job.kind = "campaign:expand";
  job.key = "campaign:expand:" + id.str() + ":1";
  job.payload["campaign_id"] = id.str();
  job.max_attempts = 20;
  std::vector<jobs::NewJob> new_jobs;
  new_jobs.push_back(std::move(job));
  co_await jobs::enqueue(tx, context.tenant, std::move(new_jobs), ids_, now);
  events::Event event;
  event.id = ids_.make<EventId>();
  event.type = std::string(events::kind::campaign_launched);
  event.campaign_id = id;
  event.occurred_at = now;
  event.payload["audience"] = audience;
  std::vector<events::Event> happened;
  happened.push_back(std::move(event));
  co_await events::append(tx, context.tenant, std::move(happened), now);
  auto after = *before;
  after.status = "active";
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"campaign", id.uuid(), "launched", audit::difference(described(*before), described(after))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return co_await find(context.tenant, id);
}

Task<Result<Campaign>> Campaigns::schedule(Context context, CampaignId id, Instant at) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (before->status != "draft" && before->status != "scheduled") co_return conflict("the campaign is " + before->status + " already");
  if (auto const good = co_await check(context.tenant, *before, true); !good) co_return good.error();
  auto const now = clock_.now();
  if (at <= now) co_return invalid_field("/at", "out_of_range", "the time has passed; launch the campaign, or choose a later time");
  auto after = *before;
  after.status = "scheduled";
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::campaigns::set_status, context.tenant, id, "scheduled", at, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"campaign", id.uuid(), "scheduled", audit::difference(described(*before), described(after))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return co_await find(context.tenant, id);
}

// pause: active -> paused; resume: paused -> active; cancel: all that has not ended.
Task<Result<Campaign>> Campaigns::move(Context context, CampaignId id, std::string_view verb) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  auto after = *before;
  bool good = false;
  if (verb == "pause") {
    good = before->status == "active";
    after.status = "paused";
  } else if (verb == "resume") {
    good = before->status == "paused";
    after.status = "active";
  } else {
    good = before->status == "active" || before->status == "paused" || before->status == "scheduled" || before->status == "draft";
    after.status = "canceled";
  }
  if (!good) co_return conflict("the campaign is " + before->status + ": it cannot be " + (verb == "cancel" ? "canceled" : std::string(verb) + "d"));
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::campaigns::set_status, context.tenant, id, after.status, std::optional<Instant>(), now);
  co_await tx.exec(sql::sending::switch_lane, context.tenant, lane_of(id), verb == "resume", now);
  if (verb == "cancel") {
    co_await tx.exec(sql::campaigns::cancel_messages, context.tenant, id, now);
    // What the expansion has not reached stays out of the ledger.
    co_await tx.exec(sql::campaigns::forget_audience, context.tenant, id);
  }
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"campaign", id.uuid(), verb == "pause" ? "paused" : verb == "resume" ? "resumed" : "canceled", audit::difference(described(*before), described(after))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  tx.announce("sending");
  co_await tx.commit();
  co_return co_await find(context.tenant, id);
}

Task<Result<Campaign>> Campaigns::pause(Context context, CampaignId id) { return move(std::move(context), id, "pause"); }
Task<Result<Campaign>> Campaigns::resume(Context context, CampaignId id) { return move(std::move(context), id, "resume"); }
Task<Result<Campaign>> Campaigns::cancel(Context context, CampaignId id) { return move(std::move(context), id, "cancel"); }

Task<Result<Forecast>> Campaigns::forecast(TenantId tenant, CampaignId id) {
  auto const c = co_await find(tenant, id);
  if (!c) co_return c.error();
  Forecast forecast;
  auto const rows = co_await store_.all_on(db::Lane::background, sql::campaigns::forecast, tenant, db::text_array(c->segment_ids),
                                           db::text_array(c->exclude_segment_ids), clock_.now());
  for (auto const row : rows) {
    auto const verdict = row.text(0);
    auto const count = row.integer(1);
    forecast.audience += count;
    if (verdict == "no_address") forecast.no_address = count;
    else if (verdict == "suppressed") forecast.suppressed = count;
    else if (verdict == "no_consent") forecast.no_consent = count;
    else forecast.will_send = count;
  }
  co_return forecast;
}

Task<Result<Report>> Campaigns::report(TenantId tenant, CampaignId id) {
  auto const c = co_await find(tenant, id);
  if (!c) co_return c.error();
  auto const row = co_await store_.one(sql::campaigns::report, tenant, id);
  Report r;
  auto const in_ledger = row.integer(0);
  r.queued = row.integer(1);
  r.sending = row.integer(2);
  r.sent = row.integer(3);
  r.skipped = row.integer(4);
  r.failed = row.integer(5);
  r.uncertain = row.integer(6);
  r.canceled = row.integer(7);
  r.delivered = row.integer(8);
  r.opened = row.integer(9);
  r.machine_opened = row.integer(10);
  r.clicked = row.integer(11);
  r.bounced = row.integer(12);
  r.complained = row.integer(13);
  r.unsubscribed = row.integer(14);
  r.audience = c->audience.value_or(0);
  // What is not in the ledger yet is waiting, or was canceled before it got there.
  auto const outside = r.audience - in_ledger;
  (c->status == "canceled" ? r.canceled : r.queued) += outside;
  for (auto const reason : co_await store_.all(sql::campaigns::skip_reasons, tenant, id)) r.skip_reasons[reason.text(0)] = reason.integer(1);
  co_return r;
}

std::map<std::string, jobs::Handler> Campaigns::job_handlers() {
  std::map<std::string, jobs::Handler> handlers;
  handlers["campaign:expand"] = [this](jobs::Job const& job) { return expand(job); };
  return handlers;
}

// Walks the audience in the order of contact ids; each chunk is one transaction, and repeating one changes nothing.
Task<jobs::Answer> Campaigns::expand(jobs::Job const& job) {
  auto const id = CampaignId::parse(std::string_view(job.payload.at("campaign_id").as_string()));
  auto const campaign = co_await find(job.tenant, *id);
  if (!campaign) co_return jobs::Answer(jobs::Cancel{"the campaign is gone"});
  std::string after = ContactId().str();
  for (;;) {
    auto const now = clock_.now();
    auto const page = co_await store_.all_on(db::Lane::background, sql::campaigns::audience_page, job.tenant, *id, after, chunk);
    if (page.empty()) break;
    db::Columns rows(2);
    for (auto const row : page) rows.add(message_of(job.tenant, *id, row.view(0)), row.view(0));
    after = page[page.size() - 1].text(0);
    auto tx = co_await store_.begin(db::Lane::background);
    auto const current = co_await tx.one(sql::campaigns::find, job.tenant, *id);
    if (current.view(3) == "canceled") co_return jobs::Answer(jobs::Done());
    co_await tx.all(sql::campaigns::expand, job.tenant, *id, *campaign->template_version_id, *campaign->sender_id, campaign->priority, now, rows);
    co_await tx.exec(sql::sending::wake_lane, job.tenant, lane_of(*id), now);
    tx.announce("sending");
    co_await tx.commit();
    POSTRIDER_FAIL_POINT("campaigns.chunk_expanded");
    co_await yield();
  }
  auto tx = co_await store_.begin(db::Lane::background);
  co_await tx.exec(sql::campaigns::expanded, job.tenant, *id);
  co_await tx.exec(sql::campaigns::forget_audience, job.tenant, *id);
  co_await tx.commit();
  co_return jobs::Answer(jobs::Done());
}

Task<void> Campaigns::tick() {
  auto const now = clock_.now();
  for (auto const row : co_await store_.all_on(db::Lane::background, sql::campaigns::due, now)) {
    auto const tenant = row.id<TenantId>(0);
    auto const id = row.id<CampaignId>(1);
    // After an outage nobody wants the morning's mail at night without being asked.
    if (row.instant(2) < now - latest_start) {
      co_await store_.all_on(db::Lane::background, sql::campaigns::hold, tenant, id, "its time passed more than six hours ago; launch it by hand", now);
      continue;
    }
    Context context;
    context.tenant = tenant;
    auto const launched = co_await launch(context, id);
    if (!launched) co_await store_.all_on(db::Lane::background, sql::campaigns::hold, tenant, id, launched.error().message, now);
  }
  for (auto const row : co_await store_.all_on(db::Lane::background, sql::campaigns::active)) {
    auto const tenant = row.id<TenantId>(0);
    auto const id = row.id<CampaignId>(1);
    auto const left = co_await store_.all_on(db::Lane::background, sql::campaigns::unfinished, tenant, id);
    if (left.empty()) co_await store_.all_on(db::Lane::background, sql::campaigns::complete, tenant, id, now);
  }
}

}  // namespace postrider::campaigns
