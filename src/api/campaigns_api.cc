#include "api/campaigns_api.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

struct CampaignIn {
  json::Given<std::string> name, type;
  json::Given<std::vector<SegmentId>> segment_ids, exclude_segment_ids;
  json::Field<TemplateId> template_id;
  json::Field<SenderId> sender_id;
  json::Given<boost::json::object> schedule;
  json::Field<std::int64_t> throttle_per_minute;
  json::Given<int> priority;
  json::Given<bool> tracking;
  json::Given<boost::json::object> metadata;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255), json::items("segment_ids", 0, 100), json::items("exclude_segment_ids", 0, 100)};
  static constexpr std::string_view json_name = "CampaignInput";
  static constexpr std::string_view json_read_only[] = {"id",           "status",      "audience",    "run_number", "launched_at", "completed_at", "next_run_at",
                                                        "hold_reason", "held_for",    "undo_until", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(CampaignIn, (), (name, type, segment_ids, exclude_segment_ids, template_id, sender_id, schedule, throttle_per_minute, priority, tracking, metadata))

struct LaunchIn {
  json::Given<int> undo_seconds;
  static constexpr json::Rule json_rules[] = {json::range("undo_seconds", 0, 3600)};
  static constexpr std::string_view json_name = "LaunchInput";
};
BOOST_DESCRIBE_STRUCT(LaunchIn, (), (undo_seconds))

// For the description only: campaigns::Schedule reads the object itself.
struct ScheduleIn {
  json::Given<std::string> at, local, rrule, cron, start, end, time_zone, fallback_time_zone;
  json::Given<std::int64_t> count;
  static constexpr std::string_view json_name = "ScheduleInput";
};
BOOST_DESCRIBE_STRUCT(ScheduleIn, (), (at, local, rrule, cron, start, end, count, time_zone, fallback_time_zone))

struct CampaignOut {
  CampaignId id;
  std::string name, type, status;
  std::vector<SegmentId> segment_ids, exclude_segment_ids;
  std::optional<TemplateId> template_id;
  std::optional<SenderId> sender_id;
  boost::json::object schedule;
  std::optional<std::int64_t> throttle_per_minute;
  int priority = 5;
  bool tracking = true;
  boost::json::object metadata;
  std::optional<std::int64_t> audience;
  int run_number = 0;
  std::optional<Instant> launched_at, completed_at, next_run_at;
  std::optional<std::string> hold_reason;
  std::optional<Instant> held_for, undo_until;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "Campaign";
};
BOOST_DESCRIBE_STRUCT(CampaignOut, (),
                      (id, name, type, status, segment_ids, exclude_segment_ids, template_id, sender_id, schedule, throttle_per_minute, priority, tracking, metadata,
                       audience, run_number, launched_at, completed_at, next_run_at, hold_reason, held_for, undo_until, created_at, updated_at))

struct FindingOut {
  std::string severity, code, message, pointer;
  static constexpr std::string_view json_name = "CampaignCheck";
};
BOOST_DESCRIBE_STRUCT(FindingOut, (), (severity, code, message, pointer))

struct LaunchedOut : CampaignOut {
  std::vector<FindingOut> checks;
  static constexpr std::string_view json_name = "LaunchedCampaign";
};
BOOST_DESCRIBE_STRUCT(LaunchedOut, (CampaignOut), (checks))

struct RetriedOut {
  std::int64_t retried = 0;
  static constexpr std::string_view json_name = "CampaignRetry";
};
BOOST_DESCRIBE_STRUCT(RetriedOut, (), (retried))

struct ForecastSegmentOut {
  SegmentId id;
  std::string name;
  std::int64_t member_count = 0;
  std::optional<Instant> calculated_at;
  std::optional<std::int64_t> age_seconds;
  static constexpr std::string_view json_name = "ForecastSegment";
};
BOOST_DESCRIBE_STRUCT(ForecastSegmentOut, (), (id, name, member_count, calculated_at, age_seconds))

struct ForecastOut {
  std::int64_t audience = 0, will_send = 0, no_address = 0, suppressed = 0, no_consent = 0;
  std::map<std::string, std::int64_t> skipped;
  std::vector<FindingOut> checks;
  bool ready = false;
  std::vector<ForecastSegmentOut> segments;
  std::optional<double> rate_per_minute;
  std::string limited_by;
  std::optional<Instant> starts_at, finishes_at;
  Instant as_of;
  static constexpr std::string_view json_name = "CampaignForecast";
};
BOOST_DESCRIBE_STRUCT(ForecastOut, (),
                      (audience, will_send, no_address, suppressed, no_consent, skipped, checks, ready, segments, rate_per_minute, limited_by, starts_at, finishes_at, as_of))

void fill(CampaignOut& out, campaigns::Campaign const& c) {
  out.id = c.id;
  out.name = c.name;
  out.type = c.type;
  out.status = json::name_of(c.status);
  out.segment_ids = c.segment_ids;
  out.exclude_segment_ids = c.exclude_segment_ids;
  out.template_id = c.template_id;
  out.sender_id = c.sender_id;
  out.schedule = c.schedule;
  out.throttle_per_minute = c.throttle_per_minute;
  out.priority = c.priority;
  out.tracking = c.tracking;
  out.metadata = c.metadata;
  out.audience = c.audience;
  out.run_number = c.run_number;
  out.launched_at = c.launched_at;
  out.completed_at = c.completed_at;
  out.next_run_at = c.next_run_at;
  out.hold_reason = c.hold_reason;
  out.held_for = c.held_for;
  out.undo_until = c.undo_until;
  out.created_at = c.created_at;
  out.updated_at = c.updated_at;
}

boost::json::value shown(campaigns::Campaign const& c) {
  CampaignOut out;
  fill(out, c);
  return json::encode(out);
}

std::vector<FindingOut> shown(std::vector<campaigns::Finding> const& findings) {
  std::vector<FindingOut> all;
  for (auto const& f : findings) all.push_back(FindingOut{std::string(json::name_of(f.severity)), f.code, f.message, f.pointer});
  return all;
}

campaigns::Change change_of(CampaignIn const& in) {
  campaigns::Change c;
  if (in.name) c.name = *in.name;
  if (in.segment_ids) c.segment_ids = *in.segment_ids;
  if (in.exclude_segment_ids) c.exclude_segment_ids = *in.exclude_segment_ids;
  if (!in.template_id.absent()) c.template_id = in.template_id.over(std::nullopt);
  if (!in.sender_id.absent()) c.sender_id = in.sender_id.over(std::nullopt);
  if (in.schedule) c.schedule = *in.schedule;
  if (!in.throttle_per_minute.absent()) c.throttle_per_minute = in.throttle_per_minute.over(std::nullopt);
  if (in.priority) c.priority = *in.priority;
  if (in.tracking) c.tracking = *in.tracking;
  if (in.metadata) c.metadata = *in.metadata;
  return c;
}

http::Response answer_with(campaigns::Campaign const& c) { return with_etag(ok(shown(c)), c.updated_at); }

std::optional<CampaignId> last_of(Page const& page) {
  if (!page.after) return std::nullopt;
  return CampaignId::parse(page.after->front());
}

}  // namespace

std::vector<http::Route> CampaignsApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](http::Route route) { all.push_back(std::move(route)); };
  std::vector<std::string> const states{"draft", "scheduled", "active", "paused", "completed", "canceled"};
  add(get("/campaigns", right::read, on(this, &CampaignsApi::list),
          doc("list_campaigns", "Campaigns, newest first", "campaigns").paged().query("status", "In this state", "string", states).query("type", "Of this type").answers_list<CampaignOut>()));
  add(post("/campaigns", right::write, on(this, &CampaignsApi::create), doc("create_campaign", "Add a campaign", "campaigns").takes<CampaignIn>().answers<CampaignOut>(201)));
  add(get("/campaigns/{id}", right::read, on(this, &CampaignsApi::show), doc("show_campaign", "One campaign", "campaigns").answers<CampaignOut>()));
  add(patch("/campaigns/{id}", right::write, on(this, &CampaignsApi::change),
            doc("change_campaign", "Change a campaign; after its launch only name, metadata and throttle", "campaigns").takes<CampaignIn>().answers<CampaignOut>()));
  add(del("/campaigns/{id}", right::write, on(this, &CampaignsApi::remove), doc("delete_campaign", "Delete a draft", "campaigns").answer(204)));
  add(post("/campaigns/{id}/launch", right::send, on(this, &CampaignsApi::launch),
           doc("launch_campaign", "Send it now, or begin its series; nothing leaves before undo_seconds", "campaigns").takes<LaunchIn>().answers<LaunchedOut>()));
  add(post("/campaigns/{id}/schedule", right::send, on(this, &CampaignsApi::schedule),
           doc("schedule_campaign", "Send it at its schedule, or the one given", "campaigns").takes<ScheduleIn>().answers<CampaignOut>()));
  struct Steering {
    char const* verb;
    char const* summary;
  };
  for (auto const& [verb, summary] : {Steering{"approve", "Start now what is held"}, Steering{"undo", "Back to a draft, while nothing was handed over"},
                                      Steering{"pause", "Hand nothing over until it is resumed"}, Steering{"resume", "Go on after a pause"},
                                      Steering{"cancel", "End it: what has not left never will"}})
    add(post("/campaigns/{id}/" + std::string(verb), right::send, on(this, &CampaignsApi::steer),
             doc(std::string(verb) + "_campaign", summary, "campaigns").answers<CampaignOut>(), http::BodyKind::none));
  add(post("/campaigns/{id}/retry-failed", right::send, on(this, &CampaignsApi::retry_failed),
           doc("retry_campaign", "Once more for those that failed for a passing reason", "campaigns").answers<RetriedOut>(), http::BodyKind::none));
  add(post("/campaigns/{id}/forecast", right::read, on(this, &CampaignsApi::forecast),
           doc("forecast_campaign", "Who would get it, who would not and why, and what stands in its way", "campaigns").answers<ForecastOut>(), http::BodyKind::none));
  return all;
}

Task<Result<campaigns::Campaign>> CampaignsApi::wanted(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const c = co_await campaigns_.find(caller(request).context.tenant, *id);
  if (!c) co_return c.error();
  if (auto const fresh = check_if_match(request, c->updated_at); !fresh) co_return fresh.error();
  co_return *c;
}

CampaignsApi::Answer CampaignsApi::list(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const status = query_text(request, "status");
  if (!status) co_return status.error();
  auto const type = query_text(request, "type");
  if (!type) co_return type.error();
  campaigns::Filter filter;
  filter.status = *status;
  filter.type = *type;
  auto const found = co_await campaigns_.list(caller(request).context.tenant, std::move(filter), last_of(*page), page->limit + 1);
  auto encode = [](campaigns::Campaign const& c) { return shown(c); };
  auto key = [](campaigns::Campaign const& c) { return std::vector<std::string>{c.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

CampaignsApi::Answer CampaignsApi::create(http::Request& request) {
  auto wanted = json::read<CampaignIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (!wanted->name) co_return invalid_field("/name", "required", "a campaign needs a name");
  auto const c = co_await campaigns_.create(context_of(request), wanted->type.over("broadcast"), change_of(*wanted));
  if (!c) co_return c.error();
  co_return with_etag(created("/campaigns/" + c->id.str(), shown(*c)), c->updated_at);
}

CampaignsApi::Answer CampaignsApi::show(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const c = co_await campaigns_.find(caller(request).context.tenant, *id);
  if (!c) co_return c.error();
  co_return answer_with(*c);
}

CampaignsApi::Answer CampaignsApi::change(http::Request& request) {
  auto in = json::read<CampaignIn>(request.body);
  if (!in) co_return in.error();
  auto const before = co_await wanted(request);
  if (!before) co_return before.error();
  if (in->type && *in->type != before->type) co_return invalid_field("/type", "read_only", "a campaign's type cannot be changed");
  std::optional<Instant> expected;
  if (request.headers.find("If-Match") && request.headers.get("If-Match") != "*") expected = before->updated_at;
  auto const c = co_await campaigns_.change(context_of(request), before->id, change_of(*in), expected);
  if (!c) co_return c.error();
  co_return answer_with(*c);
}

CampaignsApi::Answer CampaignsApi::remove(http::Request& request) {
  auto const c = co_await wanted(request);
  if (!c) co_return c.error();
  auto const gone = co_await campaigns_.remove(context_of(request), c->id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

CampaignsApi::Answer CampaignsApi::launch(http::Request& request) {
  std::optional<Duration> undo;
  if (!request.body.empty()) {
    auto const in = json::read<LaunchIn>(request.body);
    if (!in) co_return in.error();
    if (in->undo_seconds) undo = std::chrono::seconds(*in->undo_seconds);
  }
  auto const before = co_await wanted(request);
  if (!before) co_return before.error();
  auto const c = co_await campaigns_.launch(context_of(request), before->id, undo);
  if (!c) co_return c.error();
  LaunchedOut out;
  fill(out, *c);
  out.checks = shown(co_await campaigns_.findings(caller(request).context.tenant, *c));
  co_return with_etag(ok(json::encode(out)), c->updated_at);
}

CampaignsApi::Answer CampaignsApi::schedule(http::Request& request) {
  std::optional<boost::json::object> schedule;
  if (!request.body.empty()) {
    auto const in = json::read<boost::json::object>(request.body);
    if (!in) co_return in.error();
    if (!in->empty()) schedule = *in;
  }
  if (schedule) {
    // Here the body is the schedule: mistakes are pointed at without /schedule.
    auto const good = campaigns::Schedule::parse(*schedule, "");
    if (!good) co_return good.error();
  }
  auto const before = co_await wanted(request);
  if (!before) co_return before.error();
  auto const c = co_await campaigns_.schedule(context_of(request), before->id, std::move(schedule));
  if (!c) co_return c.error();
  co_return answer_with(*c);
}

CampaignsApi::Answer CampaignsApi::steer(http::Request& request) {
  auto const before = co_await wanted(request);
  if (!before) co_return before.error();
  auto const verb = request.path.substr(request.path.rfind('/') + 1);
  auto context = context_of(request);
  auto done = verb == "approve"  ? campaigns_.approve(context, before->id)
              : verb == "undo"   ? campaigns_.undo(context, before->id)
              : verb == "pause"  ? campaigns_.pause(context, before->id)
              : verb == "resume" ? campaigns_.resume(context, before->id)
                                 : campaigns_.cancel(context, before->id);
  auto const c = co_await std::move(done);
  if (!c) co_return c.error();
  co_return answer_with(*c);
}

CampaignsApi::Answer CampaignsApi::retry_failed(http::Request& request) {
  auto const before = co_await wanted(request);
  if (!before) co_return before.error();
  auto const retried = co_await campaigns_.retry_failed(context_of(request), before->id);
  if (!retried) co_return retried.error();
  RetriedOut out;
  out.retried = *retried;
  co_return ok(json::encode(out));
}

CampaignsApi::Answer CampaignsApi::forecast(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const f = co_await campaigns_.forecast(caller(request).context.tenant, *id);
  if (!f) co_return f.error();
  ForecastOut out;
  out.audience = f->audience;
  out.will_send = f->will_send;
  out.skipped = f->skipped;
  for (auto const& [reason, people] : f->skipped) {
    if (reason == "no_address") out.no_address = people;
    if (reason == "suppressed") out.suppressed = people;
    if (reason.starts_with("consent_")) out.no_consent += people;
  }
  out.checks = shown(f->checks);
  out.ready = f->checks.empty() || f->checks.front().severity != campaigns::Severity::error;
  for (auto const& segment : f->segments) {
    std::optional<std::int64_t> age;
    if (segment.calculated_at) age = std::chrono::duration_cast<std::chrono::seconds>(f->as_of - *segment.calculated_at).count();
    out.segments.push_back(ForecastSegmentOut{segment.id, segment.name, segment.member_count, segment.calculated_at, age});
  }
  out.rate_per_minute = f->rate_per_minute;
  out.limited_by = f->limited_by;
  out.starts_at = f->starts_at;
  out.finishes_at = f->finishes_at;
  out.as_of = f->as_of;
  co_return ok(json::encode(out));
}

}  // namespace postrider::api
