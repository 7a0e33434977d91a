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
  static constexpr std::string_view json_read_only[] = {"id", "status", "audience", "launched_at", "completed_at", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(CampaignIn, (), (name, type, segment_ids, exclude_segment_ids, template_id, sender_id, schedule, throttle_per_minute, priority, tracking, metadata))

struct ScheduleIn {
  Instant at;
  static constexpr std::string_view json_name = "ScheduleInput";
};
BOOST_DESCRIBE_STRUCT(ScheduleIn, (), (at))

boost::json::value text(std::optional<std::string> const& value) { return value ? boost::json::value(*value) : boost::json::value(nullptr); }
boost::json::value time(std::optional<Instant> const& value) { return value ? boost::json::value(to_rfc3339(*value)) : boost::json::value(nullptr); }
template <class T>
boost::json::value id_or_null(std::optional<T> const& id) {
  return id ? boost::json::value(id->str()) : boost::json::value(nullptr);
}

boost::json::object shown(campaigns::Campaign const& c) {
  boost::json::object out;
  out["id"] = c.id.str();
  out["name"] = c.name;
  out["type"] = c.type;
  out["status"] = c.status;
  boost::json::array segments, excluded;
  for (auto const& id : c.segment_ids) segments.emplace_back(id.str());
  for (auto const& id : c.exclude_segment_ids) excluded.emplace_back(id.str());
  out["segment_ids"] = std::move(segments);
  out["exclude_segment_ids"] = std::move(excluded);
  out["template_id"] = id_or_null(c.template_id);
  out["sender_id"] = id_or_null(c.sender_id);
  out["schedule"] = c.schedule;
  out["throttle_per_minute"] = c.throttle_per_minute ? boost::json::value(*c.throttle_per_minute) : boost::json::value(nullptr);
  out["priority"] = c.priority;
  out["tracking"] = c.tracking;
  out["metadata"] = c.metadata;
  out["audience"] = c.audience ? boost::json::value(*c.audience) : boost::json::value(nullptr);
  out["launched_at"] = time(c.launched_at);
  out["completed_at"] = time(c.completed_at);
  out["next_run_at"] = time(c.next_run_at);
  out["hold_reason"] = text(c.hold_reason);
  out["created_at"] = to_rfc3339(c.created_at);
  out["updated_at"] = to_rfc3339(c.updated_at);
  return out;
}

template <class T>
std::optional<T> after_of(Page const& page) {
  if (!page.after) return std::nullopt;
  return T::parse(page.after->front());
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

}  // namespace

std::vector<http::Route> CampaignsApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](http::Route route) { all.push_back(std::move(route)); };
  add(get("/campaigns", right::read, on(this, &CampaignsApi::list_campaigns), doc("list_campaigns", "Campaigns, newest first", "campaigns").paged().answer(200)));
  add(post("/campaigns", right::write, on(this, &CampaignsApi::create_campaign), doc("create_campaign", "Add a campaign", "campaigns").takes<CampaignIn>().answer(201)));
  add(get("/campaigns/{id}", right::read, on(this, &CampaignsApi::show_campaign), doc("show_campaign", "One campaign", "campaigns").answer(200)));
  add(patch("/campaigns/{id}", right::write, on(this, &CampaignsApi::change_campaign), doc("change_campaign", "Change a campaign", "campaigns").takes<CampaignIn>().answer(200)));
  add(del("/campaigns/{id}", right::write, on(this, &CampaignsApi::remove_campaign), doc("delete_campaign", "Delete a draft", "campaigns").answer(204)));
  for (auto const* const name : {"launch", "pause", "resume", "cancel"})
    add(post("/campaigns/{id}/" + std::string(name), right::send, on(this, &CampaignsApi::verb), doc(std::string(name) + "_campaign", "Campaign: " + std::string(name), "campaigns").answer(200), http::BodyKind::none));
  add(post("/campaigns/{id}/schedule", right::send, on(this, &CampaignsApi::schedule), doc("schedule_campaign", "Launch it at a time", "campaigns").takes<ScheduleIn>().answer(200)));
  add(post("/campaigns/{id}/forecast", right::read, on(this, &CampaignsApi::forecast), doc("forecast_campaign", "Who would get it, and who would not", "campaigns").answer(200), http::BodyKind::none));
  add(get("/campaigns/{id}/report", right::read, on(this, &CampaignsApi::report), doc("campaign_report", "End states that add up to the audience", "campaigns").answer(200)));
  return all;
}

CampaignsApi::Answer CampaignsApi::list_campaigns(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const found = co_await campaigns_.list(caller(request).context.tenant, after_of<CampaignId>(*page), page->limit + 1);
  auto encode = [](campaigns::Campaign const& c) { return boost::json::value(shown(c)); };
  auto key = [](campaigns::Campaign const& c) { return std::vector<std::string>{c.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

CampaignsApi::Answer CampaignsApi::create_campaign(http::Request& request) {
  auto wanted = json::read<CampaignIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (!wanted->name) co_return invalid_field("/name", "required", "a campaign needs a name");
  auto const type = wanted->type.over("broadcast");
  if (type != "broadcast") co_return invalid_field("/type", "invalid_value", "only type broadcast can be made here so far");
  auto const c = co_await campaigns_.create(context_of(request), type, change_of(*wanted));
  if (!c) co_return c.error();
  co_return with_etag(created("/campaigns/" + c->id.str(), shown(*c)), c->updated_at);
}

CampaignsApi::Answer CampaignsApi::show_campaign(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const c = co_await campaigns_.find(caller(request).context.tenant, *id);
  if (!c) co_return c.error();
  co_return with_etag(ok(shown(*c)), c->updated_at);
}

CampaignsApi::Answer CampaignsApi::change_campaign(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto wanted = json::read<CampaignIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (wanted->type) co_return invalid_field("/type", "read_only", "a campaign's type cannot be changed");
  auto const before = co_await campaigns_.find(caller(request).context.tenant, *id);
  if (!before) co_return before.error();
  if (auto const fresh = check_if_match(request, before->updated_at); !fresh) co_return fresh.error();
  auto const c = co_await campaigns_.change(context_of(request), *id, change_of(*wanted), std::nullopt);
  if (!c) co_return c.error();
  co_return with_etag(ok(shown(*c)), c->updated_at);
}

CampaignsApi::Answer CampaignsApi::remove_campaign(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const gone = co_await campaigns_.remove(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

CampaignsApi::Answer CampaignsApi::verb(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const name = request.path.substr(request.path.rfind('/') + 1);
  auto context = context_of(request);
  auto done = name == "launch"   ? campaigns_.launch(context, *id)
              : name == "pause"  ? campaigns_.pause(context, *id)
              : name == "resume" ? campaigns_.resume(context, *id)
                                 : campaigns_.cancel(context, *id);
  auto const c = co_await std::move(done);
  if (!c) co_return c.error();
  co_return ok(shown(*c));
}

CampaignsApi::Answer CampaignsApi::schedule(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto wanted = json::read<ScheduleIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const c = co_await campaigns_.schedule(context_of(request), *id, wanted->at);
  if (!c) co_return c.error();
  co_return ok(shown(*c));
}

CampaignsApi::Answer CampaignsApi::forecast(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const f = co_await campaigns_.forecast(caller(request).context.tenant, *id);
  if (!f) co_return f.error();
  boost::json::object out;
  out["audience"] = f->audience;
  out["no_address"] = f->no_address;
  out["suppressed"] = f->suppressed;
  out["no_consent"] = f->no_consent;
  out["will_send"] = f->will_send;
  co_return ok(out);
}

CampaignsApi::Answer CampaignsApi::report(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const r = co_await campaigns_.report(caller(request).context.tenant, *id);
  if (!r) co_return r.error();
  boost::json::object out;
  out["audience"] = r->audience;
  out["queued"] = r->queued;
  out["sending"] = r->sending;
  out["sent"] = r->sent;
  out["delivered"] = r->delivered;
  out["opened"] = r->opened;
  out["machine_opened"] = r->machine_opened;
  out["clicked"] = r->clicked;
  out["bounced"] = r->bounced;
  out["complained"] = r->complained;
  out["unsubscribed"] = r->unsubscribed;
  out["skipped"] = r->skipped;
  out["failed"] = r->failed;
  out["uncertain"] = r->uncertain;
  out["canceled"] = r->canceled;
  boost::json::object reasons;
  for (auto const& [reason, count] : r->skip_reasons) reasons[reason] = count;
  out["skip_reasons"] = std::move(reasons);
  co_return ok(out);
}

}  // namespace postrider::api
