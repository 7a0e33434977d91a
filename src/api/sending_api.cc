#include "api/sending_api.h"

#include "sql/sending.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

struct TemplateIn {
  std::string name;
  json::Defaulted<std::string> channel = std::string("email");
  json::Defaulted<std::string> subject = std::string();
  json::Defaulted<std::string> html_body = std::string();
  std::optional<std::string> text_body;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255), json::length("subject", 0, 500)};
  static constexpr std::string_view json_name = "TemplateInput";
  static constexpr std::string_view json_read_only[] = {"id", "variables", "version", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(TemplateIn, (), (name, channel, subject, html_body, text_body))

struct TemplateChangeIn {
  json::Given<std::string> name, subject, html_body;
  json::Field<std::string> text_body;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255), json::length("subject", 0, 500)};
  static constexpr std::string_view json_name = "TemplateChange";
  static constexpr std::string_view json_read_only[] = {"id", "channel", "variables", "version", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(TemplateChangeIn, (), (name, subject, html_body, text_body))

struct PreviewIn {
  std::optional<ContactId> contact_id;
  static constexpr std::string_view json_name = "TemplatePreviewInput";
};
BOOST_DESCRIBE_STRUCT(PreviewIn, (), (contact_id))

struct ProviderIn {
  std::string name, kind;
  json::Defaulted<boost::json::object> settings = boost::json::object();
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255)};
  static constexpr std::string_view json_name = "ProviderInput";
};
BOOST_DESCRIBE_STRUCT(ProviderIn, (), (name, kind, settings))

struct ProviderChangeIn {
  json::Given<std::string> name;
  json::Given<boost::json::object> settings;
  static constexpr std::string_view json_name = "ProviderChange";
};
BOOST_DESCRIBE_STRUCT(ProviderChangeIn, (), (name, settings))

struct SenderIn {
  json::Given<std::string> from_email, from_name;
  json::Field<std::string> reply_to;
  json::Given<ProviderId> provider_id;
  json::Given<bool> verified;
  static constexpr json::Rule json_rules[] = {json::length("from_name", 0, 200)};
  static constexpr std::string_view json_name = "SenderInput";
};
BOOST_DESCRIBE_STRUCT(SenderIn, (), (from_email, from_name, reply_to, provider_id, verified))

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

boost::json::object shown(content::Template const& t) {
  boost::json::object out;
  out["id"] = t.id.str();
  out["name"] = t.name;
  out["channel"] = t.channel;
  out["subject"] = t.subject;
  out["html_body"] = t.html_body;
  out["text_body"] = text(t.text_body);
  boost::json::array variables;
  for (auto const& variable : t.variables) variables.emplace_back(variable);
  out["variables"] = std::move(variables);
  out["version"] = t.version;
  out["created_at"] = to_rfc3339(t.created_at);
  out["updated_at"] = to_rfc3339(t.updated_at);
  return out;
}

boost::json::object shown(delivery::StoredProvider const& p) {
  boost::json::object out;
  out["id"] = p.id.str();
  out["name"] = p.name;
  out["kind"] = p.kind;
  out["settings"] = p.settings;
  out["check_status"] = text(p.check_status);
  out["check_detail"] = text(p.check_detail);
  out["checked_at"] = time(p.checked_at);
  out["created_at"] = to_rfc3339(p.created_at);
  out["updated_at"] = to_rfc3339(p.updated_at);
  return out;
}

boost::json::object shown(delivery::Sender const& s) {
  boost::json::object out;
  out["id"] = s.id.str();
  out["from_email"] = s.from_email;
  out["from_name"] = s.from_name;
  out["reply_to"] = text(s.reply_to);
  out["provider_id"] = s.provider_id.str();
  out["verified"] = s.verified;
  out["created_at"] = to_rfc3339(s.created_at);
  out["updated_at"] = to_rfc3339(s.updated_at);
  return out;
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

// The columns of sql/sending.sql's messages.
boost::json::object message(db::Row row) {
  boost::json::object out;
  auto maybe = [&row](std::size_t column) { return text(row.maybe_text(column)); };
  auto when = [&row](std::size_t column) { return time(row.maybe_instant(column)); };
  out["id"] = row.text(0);
  out["campaign_id"] = maybe(1);
  out["contact_id"] = row.text(2);
  out["channel"] = row.text(3);
  out["purpose"] = row.text(4);
  out["status"] = row.text(5);
  out["skip_reason"] = maybe(6);
  out["attempt_count"] = row.integer(7);
  out["priority"] = row.integer(8);
  out["provider_message_id"] = maybe(9);
  out["scheduled_at"] = when(10);
  out["sent_at"] = when(11);
  out["error"] = maybe(12);
  out["delivered_at"] = when(13);
  out["opened_at"] = when(14);
  out["clicked_at"] = when(15);
  out["bounced_at"] = when(16);
  out["complained_at"] = when(17);
  out["unsubscribed_at"] = when(18);
  out["created_at"] = when(19);
  out["updated_at"] = when(20);
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

delivery::SenderChange change_of(SenderIn const& in) {
  delivery::SenderChange c;
  if (in.from_email) c.from_email = *in.from_email;
  if (in.from_name) c.from_name = *in.from_name;
  if (!in.reply_to.absent()) c.reply_to = in.reply_to.over(std::nullopt);
  if (in.provider_id) c.provider_id = *in.provider_id;
  if (in.verified) c.verified = *in.verified;
  return c;
}

// Only admins and owners may vouch for an address.
Result<void> may_verify(http::Request const& request, SenderIn const& in) {
  if (in.verified && *in.verified && !identity::may(caller(request), right::admin)) return forbidden("only an admin may set verified; others verify by mail");
  return {};
}

boost::json::object list_body(boost::json::array items) {
  boost::json::object body;
  body["items"] = std::move(items);
  body["next_cursor"] = nullptr;
  return body;
}

}  // namespace

std::vector<http::Route> SendingApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](http::Route route) { all.push_back(std::move(route)); };
  add(get("/templates", right::read, on(this, &SendingApi::list_templates), doc("list_templates", "Templates, newest first", "templates").paged().answer(200)));
  add(post("/templates", right::write, on(this, &SendingApi::create_template), doc("create_template", "Add a template", "templates").takes<TemplateIn>().answer(201)));
  add(get("/templates/{id}", right::read, on(this, &SendingApi::show_template), doc("show_template", "One template", "templates").answer(200)));
  add(patch("/templates/{id}", right::write, on(this, &SendingApi::change_template), doc("change_template", "Change a template; subject and bodies make a version", "templates").takes<TemplateChangeIn>().answer(200)));
  add(del("/templates/{id}", right::write, on(this, &SendingApi::remove_template), doc("delete_template", "Delete a template", "templates").answer(204)));
  add(post("/templates/{id}/preview", right::read, on(this, &SendingApi::preview_template), doc("preview_template", "Render it for a contact", "templates").takes<PreviewIn>().answer(200)));
  add(get("/providers", right::read, on(this, &SendingApi::list_providers), doc("list_providers", "Providers", "providers").paged().answer(200)));
  add(post("/providers", right::admin, on(this, &SendingApi::create_provider), doc("create_provider", "Add a provider", "providers").takes<ProviderIn>().answer(201)));
  add(get("/providers/{id}", right::read, on(this, &SendingApi::show_provider), doc("show_provider", "One provider; secrets are never shown", "providers").answer(200)));
  add(patch("/providers/{id}", right::admin, on(this, &SendingApi::change_provider), doc("change_provider", "Change a provider", "providers").takes<ProviderChangeIn>().answer(200)));
  add(del("/providers/{id}", right::admin, on(this, &SendingApi::remove_provider), doc("delete_provider", "Delete a provider", "providers").answer(204)));
  add(post("/providers/{id}/check", right::write, on(this, &SendingApi::check_provider), doc("check_provider", "Try it without sending", "providers").answer(200), http::BodyKind::none));
  add(get("/senders", right::read, on(this, &SendingApi::list_senders), doc("list_senders", "Senders", "senders").paged().answer(200)));
  add(post("/senders", right::write, on(this, &SendingApi::create_sender), doc("create_sender", "Add a sender", "senders").takes<SenderIn>().answer(201)));
  add(get("/senders/{id}", right::read, on(this, &SendingApi::show_sender), doc("show_sender", "One sender", "senders").answer(200)));
  add(patch("/senders/{id}", right::write, on(this, &SendingApi::change_sender), doc("change_sender", "Change a sender", "senders").takes<SenderIn>().answer(200)));
  add(del("/senders/{id}", right::write, on(this, &SendingApi::remove_sender), doc("delete_sender", "Delete a sender", "senders").answer(204)));
  add(get("/campaigns", right::read, on(this, &SendingApi::list_campaigns), doc("list_campaigns", "Campaigns, newest first", "campaigns").paged().answer(200)));
  add(post("/campaigns", right::write, on(this, &SendingApi::create_campaign), doc("create_campaign", "Add a campaign", "campaigns").takes<CampaignIn>().answer(201)));
  add(get("/campaigns/{id}", right::read, on(this, &SendingApi::show_campaign), doc("show_campaign", "One campaign", "campaigns").answer(200)));
  add(patch("/campaigns/{id}", right::write, on(this, &SendingApi::change_campaign), doc("change_campaign", "Change a campaign", "campaigns").takes<CampaignIn>().answer(200)));
  add(del("/campaigns/{id}", right::write, on(this, &SendingApi::remove_campaign), doc("delete_campaign", "Delete a draft", "campaigns").answer(204)));
  for (auto const* const name : {"launch", "pause", "resume", "cancel"})
    add(post("/campaigns/{id}/" + std::string(name), right::send, on(this, &SendingApi::verb), doc(std::string(name) + "_campaign", "Campaign: " + std::string(name), "campaigns").answer(200), http::BodyKind::none));
  add(post("/campaigns/{id}/schedule", right::send, on(this, &SendingApi::schedule), doc("schedule_campaign", "Launch it at a time", "campaigns").takes<ScheduleIn>().answer(200)));
  add(post("/campaigns/{id}/forecast", right::read, on(this, &SendingApi::forecast), doc("forecast_campaign", "Who would get it, and who would not", "campaigns").answer(200), http::BodyKind::none));
  add(get("/campaigns/{id}/report", right::read, on(this, &SendingApi::report), doc("campaign_report", "End states that add up to the audience", "campaigns").answer(200)));
  add(get("/messages", right::read, on(this, &SendingApi::list_messages),
          doc("list_messages", "Messages, newest first", "messages").paged().query("campaign_id", "Of this campaign").query("contact_id", "To this contact").query("status", "In this state").query("channel", "On this channel").answer(200)));
  add(get("/messages/{id}", right::read, on(this, &SendingApi::show_message), doc("show_message", "One message with its attempts and events", "messages").answer(200)));
  add(get("/messages/{id}/explain", right::read, on(this, &SendingApi::explain_message), doc("explain_message", "Every gate, what it read, and its verdict", "messages").answer(200)));
  add(get("/inbox", right::read, on(this, &SendingApi::inbox), doc("list_inbox", "What the built-in inbox has caught", "messages").paged().answer(200)));
  return all;
}

SendingApi::Answer SendingApi::list_templates(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const found = co_await templates_.list(caller(request).context.tenant, after_of<TemplateId>(*page), page->limit + 1);
  auto encode = [](content::Template const& t) { return boost::json::value(shown(t)); };
  auto key = [](content::Template const& t) { return std::vector<std::string>{t.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

SendingApi::Answer SendingApi::create_template(http::Request& request) {
  auto wanted = json::read<TemplateIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const& channel = *wanted->channel;
  if (channel != "email" && channel != "sms" && channel != "push") co_return invalid_field("/channel", "invalid_value", "channel must be email, sms or push");
  content::TemplateChange parts;
  parts.subject = *wanted->subject;
  parts.html_body = *wanted->html_body;
  if (wanted->text_body) parts.text_body = *wanted->text_body;
  auto const t = co_await templates_.create(context_of(request), wanted->name, channel, std::move(parts));
  if (!t) co_return t.error();
  co_return with_etag(created("/templates/" + t->id.str(), shown(*t)), t->updated_at);
}

SendingApi::Answer SendingApi::show_template(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const t = co_await templates_.find(caller(request).context.tenant, *id);
  if (!t) co_return t.error();
  co_return with_etag(ok(shown(*t)), t->updated_at);
}

SendingApi::Answer SendingApi::change_template(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto wanted = json::read<TemplateChangeIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const before = co_await templates_.find(caller(request).context.tenant, *id);
  if (!before) co_return before.error();
  if (auto const fresh = check_if_match(request, before->updated_at); !fresh) co_return fresh.error();
  content::TemplateChange parts;
  if (wanted->name) parts.name = *wanted->name;
  if (wanted->subject) parts.subject = *wanted->subject;
  if (wanted->html_body) parts.html_body = *wanted->html_body;
  parts.text_body = wanted->text_body;
  auto const t = co_await templates_.change(context_of(request), *id, std::move(parts), std::nullopt);
  if (!t) co_return t.error();
  co_return with_etag(ok(shown(*t)), t->updated_at);
}

SendingApi::Answer SendingApi::remove_template(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const gone = co_await templates_.remove(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

SendingApi::Answer SendingApi::preview_template(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto wanted = json::read<PreviewIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const tenant = caller(request).context.tenant;
  auto const t = co_await templates_.find(tenant, *id);
  if (!t) co_return t.error();
  auto person = content::sample_contact();
  if (wanted->contact_id) {
    auto const found = co_await contacts_.find(tenant, *wanted->contact_id);
    if (!found) co_return invalid_field("/contact_id", "invalid_value", "there is no contact with this id");
    person = *found;
  }
  auto const compiled = co_await templates_.compiled(tenant, t->version_id, true);
  if (!compiled) co_return not_found("template version", t->version_id.str());
  boost::json::object root, campaign, sender, message;
  campaign["id"] = "preview";
  campaign["name"] = "Preview";
  sender["from_email"] = "sender@example.com";
  sender["from_name"] = "Sender";
  sender["reply_to"] = nullptr;
  message["id"] = "preview";
  root["contact"] = content::contact_root(person);
  root["campaign"] = std::move(campaign);
  root["sender"] = std::move(sender);
  root["message"] = std::move(message);
  root["unsubscribe_url"] = "https://example.com/unsubscribe";
  root["preferences_url"] = "https://example.com/preferences";
  root["view_url"] = "https://example.com/view";
  root["variables"] = boost::json::object();
  content::RenderContext const context(root);
  content::TemplateRenderOptions const options{.clock = clock_};
  auto const rendered = content::render_template(*compiled, context, options);
  if (!rendered) {
    auto const part = rendered.error().source == "html" ? "/html_body" : rendered.error().source == "text" ? "/text_body" : "/subject";
    co_return invalid_field(part, std::string(content::name(rendered.error().fault)), rendered.error().describe());
  }
  boost::json::object out;
  out["subject"] = rendered->subject;
  out["html"] = rendered->html;
  out["text"] = rendered->text;
  boost::json::array warnings;
  for (auto const& warning : compiled->warnings) {
    boost::json::object item;
    item["code"] = warning.code;
    item["message"] = warning.message;
    item["line"] = warning.line;
    item["column"] = warning.column;
    warnings.push_back(std::move(item));
  }
  out["warnings"] = std::move(warnings);
  co_return ok(out);
}

SendingApi::Answer SendingApi::list_providers(http::Request& request) {
  boost::json::array items;
  for (auto const& p : co_await identities_.list_providers(caller(request).context.tenant)) items.push_back(shown(p));
  co_return ok(list_body(std::move(items)));
}

SendingApi::Answer SendingApi::create_provider(http::Request& request) {
  auto wanted = json::read<ProviderIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const p = co_await identities_.create_provider(context_of(request), wanted->name, wanted->kind, *wanted->settings);
  if (!p) co_return p.error();
  co_return created("/providers/" + p->id.str(), shown(*p));
}

SendingApi::Answer SendingApi::show_provider(http::Request& request) {
  auto const id = path_id<ProviderId>(request, "provider");
  if (!id) co_return id.error();
  auto const p = co_await identities_.find_provider(caller(request).context.tenant, *id);
  if (!p) co_return p.error();
  co_return with_etag(ok(shown(*p)), p->updated_at);
}

SendingApi::Answer SendingApi::change_provider(http::Request& request) {
  auto const id = path_id<ProviderId>(request, "provider");
  if (!id) co_return id.error();
  auto wanted = json::read<ProviderChangeIn>(request.body);
  if (!wanted) co_return wanted.error();
  std::optional<std::string> name;
  std::optional<boost::json::object> settings;
  if (wanted->name) name = *wanted->name;
  if (wanted->settings) settings = *wanted->settings;
  auto const p = co_await identities_.change_provider(context_of(request), *id, name, settings);
  if (!p) co_return p.error();
  co_return with_etag(ok(shown(*p)), p->updated_at);
}

SendingApi::Answer SendingApi::remove_provider(http::Request& request) {
  auto const id = path_id<ProviderId>(request, "provider");
  if (!id) co_return id.error();
  auto const gone = co_await identities_.remove_provider(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

SendingApi::Answer SendingApi::check_provider(http::Request& request) {
  auto const id = path_id<ProviderId>(request, "provider");
  if (!id) co_return id.error();
  auto const report = co_await identities_.check_provider(context_of(request), *id);
  if (!report) co_return report.error();
  boost::json::object out;
  out["ok"] = report->good();
  boost::json::array items;
  for (auto const& item : report->items) {
    boost::json::object one;
    one["name"] = item.name;
    one["ok"] = item.good;
    one["detail"] = item.detail;
    items.push_back(std::move(one));
  }
  out["items"] = std::move(items);
  co_return ok(out);
}

SendingApi::Answer SendingApi::list_senders(http::Request& request) {
  boost::json::array items;
  for (auto const& s : co_await identities_.list_senders(caller(request).context.tenant)) items.push_back(shown(s));
  co_return ok(list_body(std::move(items)));
}

SendingApi::Answer SendingApi::create_sender(http::Request& request) {
  auto wanted = json::read<SenderIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (auto const good = may_verify(request, *wanted); !good) co_return good.error();
  auto const s = co_await identities_.create_sender(context_of(request), change_of(*wanted));
  if (!s) co_return s.error();
  co_return created("/senders/" + s->id.str(), shown(*s));
}

SendingApi::Answer SendingApi::show_sender(http::Request& request) {
  auto const id = path_id<SenderId>(request, "sender");
  if (!id) co_return id.error();
  auto const s = co_await identities_.find_sender(caller(request).context.tenant, *id);
  if (!s) co_return s.error();
  co_return with_etag(ok(shown(*s)), s->updated_at);
}

SendingApi::Answer SendingApi::change_sender(http::Request& request) {
  auto const id = path_id<SenderId>(request, "sender");
  if (!id) co_return id.error();
  auto wanted = json::read<SenderIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (auto const good = may_verify(request, *wanted); !good) co_return good.error();
  auto const s = co_await identities_.change_sender(context_of(request), *id, change_of(*wanted));
  if (!s) co_return s.error();
  co_return with_etag(ok(shown(*s)), s->updated_at);
}

SendingApi::Answer SendingApi::remove_sender(http::Request& request) {
  auto const id = path_id<SenderId>(request, "sender");
  if (!id) co_return id.error();
  auto const gone = co_await identities_.remove_sender(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

SendingApi::Answer SendingApi::list_campaigns(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const found = co_await campaigns_.list(caller(request).context.tenant, after_of<CampaignId>(*page), page->limit + 1);
  auto encode = [](campaigns::Campaign const& c) { return boost::json::value(shown(c)); };
  auto key = [](campaigns::Campaign const& c) { return std::vector<std::string>{c.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

SendingApi::Answer SendingApi::create_campaign(http::Request& request) {
  auto wanted = json::read<CampaignIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (!wanted->name) co_return invalid_field("/name", "required", "a campaign needs a name");
  auto const type = wanted->type.over("broadcast");
  if (type != "broadcast") co_return invalid_field("/type", "invalid_value", "only type broadcast can be made here so far");
  auto const c = co_await campaigns_.create(context_of(request), type, change_of(*wanted));
  if (!c) co_return c.error();
  co_return with_etag(created("/campaigns/" + c->id.str(), shown(*c)), c->updated_at);
}

SendingApi::Answer SendingApi::show_campaign(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const c = co_await campaigns_.find(caller(request).context.tenant, *id);
  if (!c) co_return c.error();
  co_return with_etag(ok(shown(*c)), c->updated_at);
}

SendingApi::Answer SendingApi::change_campaign(http::Request& request) {
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

SendingApi::Answer SendingApi::remove_campaign(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const gone = co_await campaigns_.remove(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

SendingApi::Answer SendingApi::verb(http::Request& request) {
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

SendingApi::Answer SendingApi::schedule(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto wanted = json::read<ScheduleIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const c = co_await campaigns_.schedule(context_of(request), *id, wanted->at);
  if (!c) co_return c.error();
  co_return ok(shown(*c));
}

SendingApi::Answer SendingApi::forecast(http::Request& request) {
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

SendingApi::Answer SendingApi::report(http::Request& request) {
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

SendingApi::Answer SendingApi::list_messages(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const campaign = query_id<CampaignId>(request, "campaign_id");
  if (!campaign) co_return campaign.error();
  auto const contact = query_id<ContactId>(request, "contact_id");
  if (!contact) co_return contact.error();
  auto const status = query_text(request, "status");
  if (!status) co_return status.error();
  auto const channel = query_text(request, "channel");
  if (!channel) co_return channel.error();
  auto const tenant = caller(request).context.tenant;
  auto const last = after_of<MessageId>(*page).value_or(*MessageId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  db::Rows rows;
  if (*campaign) rows = co_await store_.all(sql::sending::messages_of_campaign, tenant, *status, *channel, last, page->limit + 1, **campaign);
  else if (*contact) rows = co_await store_.all(sql::sending::messages_of_contact, tenant, *status, *channel, last, page->limit + 1, **contact);
  else rows = co_await store_.all(sql::sending::messages, tenant, *status, *channel, last, page->limit + 1);
  std::vector<boost::json::object> found;
  for (auto const row : rows) found.push_back(message(row));
  auto encode = [](boost::json::object const& m) { return boost::json::value(m); };
  auto key = [](boost::json::object const& m) { return std::vector<std::string>{std::string(m.at("id").as_string())}; };
  co_return list_answer(request, *page, found, encode, key);
}

SendingApi::Answer SendingApi::show_message(http::Request& request) {
  auto const id = path_id<MessageId>(request, "message");
  if (!id) co_return id.error();
  auto const tenant = caller(request).context.tenant;
  auto const row = co_await store_.maybe(sql::sending::message, tenant, *id);
  if (!row) co_return not_found("message", id->str());
  auto out = message(*row);
  boost::json::array attempts, events;
  for (auto const attempt : co_await store_.all(sql::sending::attempts, tenant, *id)) {
    boost::json::object one;
    one["attempt"] = attempt.integer(0);
    one["outcome"] = attempt.text(1);
    one["code"] = text(attempt.maybe_text(2));
    one["reply"] = text(attempt.maybe_text(3));
    one["started_at"] = time(attempt.maybe_instant(4));
    one["finished_at"] = time(attempt.maybe_instant(5));
    attempts.push_back(std::move(one));
  }
  for (auto const event : co_await store_.all(sql::sending::events_of, tenant, *id)) {
    boost::json::object one;
    one["id"] = event.text(0);
    one["type"] = event.text(1);
    one["actor_class"] = event.text(2);
    one["provider"] = event.text(3);
    one["url"] = text(event.maybe_text(4));
    one["ip_address"] = text(event.maybe_text(5));
    one["user_agent"] = text(event.maybe_text(6));
    one["occurred_at"] = time(event.maybe_instant(7));
    events.push_back(std::move(one));
  }
  out["attempts"] = std::move(attempts);
  out["events"] = std::move(events);
  co_return ok(out);
}

SendingApi::Answer SendingApi::explain_message(http::Request& request) {
  auto const id = path_id<MessageId>(request, "message");
  if (!id) co_return id.error();
  auto const tenant = caller(request).context.tenant;
  auto const row = co_await store_.maybe(sql::sending::message, tenant, *id);
  if (!row) co_return not_found("message", id->str());
  boost::json::object out;
  out["id"] = id->str();
  out["status"] = row->text(5);
  out["skip_reason"] = text(row->maybe_text(6));
  boost::json::array decisions;
  for (auto const attempt : co_await store_.all(sql::sending::attempts, tenant, *id)) {
    boost::json::object one;
    one["attempt"] = attempt.integer(0);
    one["decided_at"] = time(attempt.maybe_instant(4));
    one["outcome"] = attempt.text(1);
    one["gates"] = attempt.json(6);
    decisions.push_back(std::move(one));
  }
  if (decisions.empty()) out["detail"] = "it is waiting: no gate has been asked yet";
  out["decisions"] = std::move(decisions);
  co_return ok(out);
}

SendingApi::Answer SendingApi::inbox(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  std::optional<Uuid> before;
  if (page->after) before = Uuid::parse(page->after->front());
  auto const found = co_await delivery::demo_inbox(store_, caller(request).context.tenant, before, page->limit + 1);
  auto encode = [](delivery::InboxMail const& m) {
    boost::json::object out;
    out["id"] = m.id.str();
    out["to"] = m.to_address;
    out["from"] = m.from_address;
    out["subject"] = m.subject;
    out["html"] = m.html;
    out["text"] = m.text;
    out["unsubscribe_url"] = m.unsubscribe_url;
    out["received_at"] = to_rfc3339(m.received_at);
    return boost::json::value(out);
  };
  auto key = [](delivery::InboxMail const& m) { return std::vector<std::string>{m.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

}  // namespace postrider::api
