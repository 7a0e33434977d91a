#include "api/templates_api.h"

#include "api/template_shapes.h"

#include <charconv>

namespace postrider::api {

namespace {

std::vector<std::string> const channels{"email", "sms", "push"};

Result<void> check_channel(std::string_view channel) {
  for (auto const& known : channels)
    if (known == channel) return {};
  return invalid_field("/channel", "invalid_value", "channel must be email, sms or push");
}

Result<int> number_of(http::Request const& request, std::string_view parameter) {
  auto const text = request.parameter(parameter);
  int number = 0;
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number < 1) return not_found("template version", text);
  return number;
}

Result<int> query_version(http::Request const& request, std::string_view name) {
  auto const* const text = request.query.find(name);
  int number = 0;
  if (!text) return query_error(name, "required", "is needed: the number of a version");
  auto const [end, failure] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (failure != std::errc() || end != text->data() + text->size() || number < 1) return query_error(name, "wrong_type", "must be the number of a version");
  return number;
}

bool overrides(TrialIn const& in) { return in.subject || in.html_body || !in.text_body.absent(); }

delivery::Trial trial_of(TrialIn const& in) {
  delivery::Trial trial;
  trial.contact = in.contact_id;
  trial.sender = in.sender_id;
  trial.variables = *in.variables;
  trial.content.channel = in.channel.over("email");
  trial.content.subject = in.subject.over("");
  trial.content.html_body = in.html_body.over("");
  trial.content.text_body = in.text_body.over(std::nullopt);
  return trial;
}

// The saved template, a version of it, or either with parts that are not saved yet.
delivery::Trial trial_on(TrialIn const& in, content::Template const& saved, content::TemplateVersion const* old) {
  auto trial = trial_of(in);
  trial.content.channel = saved.channel;
  trial.content.subject = in.subject.over(old ? old->subject : saved.subject);
  trial.content.html_body = in.html_body.over(old ? old->html_body : saved.html_body);
  trial.content.text_body = in.text_body.over(old ? old->text_body : saved.text_body);
  if (!overrides(in)) trial.version = old ? old->id : saved.version_id;
  return trial;
}

Task<Result<delivery::Trial>> trial_for(content::Templates& templates, TenantId tenant, TemplateId id, TrialIn const& in) {
  auto const saved = co_await templates.find(tenant, id);
  if (!saved) co_return saved.error();
  if (in.channel && *in.channel != saved->channel) co_return invalid_field("/channel", "read_only", "a template's channel cannot be changed");
  if (!in.version) co_return trial_on(in, *saved, nullptr);
  auto const old = co_await templates.version(tenant, id, *in.version);
  if (!old) co_return invalid_field("/version", "invalid_value", "the template has no version of this number");
  co_return trial_on(in, *saved, &*old);
}

// A test mail reaches people: without the right to send, only oneself.
Result<void> may_test(http::Request const& request, std::vector<std::string> const& to) {
  if (identity::may(caller(request), right::send)) return {};
  for (auto const& address : to)
    if (caller(request).email.empty() || address != caller(request).email) return forbidden("without the right to send, tests can go to your own address only");
  return {};
}

}  // namespace

std::vector<http::Route> TemplatesApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](http::Route route) { all.push_back(std::move(route)); };
  auto listing = doc("list_templates", "Templates, newest first", "templates").paged();
  listing.query("search", "Part of the name").query("channel", "On this channel", "string", channels);
  listing.query("archived", "Only archived ones; without it, none of them", "boolean");
  add(get("/templates", right::read, on(this, &TemplatesApi::list), listing.answers_list<TemplateOut>()));
  add(post("/templates", right::write, on(this, &TemplatesApi::create), doc("create_template", "Add a template", "templates").takes<TemplateIn>().answers<TemplateOut>(201)));
  add(post("/templates/preview", right::read, on(this, &TemplatesApi::preview_unsaved),
           doc("preview_content", "Render content that is not saved", "templates").takes<PreviewIn>().answers<PreviewOut>()));
  add(post("/templates/test-send", right::write, on(this, &TemplatesApi::test_send_unsaved),
           doc("test_send_content", "Send content that is not saved as a test", "templates").takes<TestSendIn>().answers<TestSendOut>(202)));
  add(get("/templates/{id}", right::read, on(this, &TemplatesApi::show), doc("show_template", "One template", "templates").answers<TemplateOut>()));
  add(patch("/templates/{id}", right::write, on(this, &TemplatesApi::change),
            doc("change_template", "Change a template; subject and bodies make a version", "templates").takes<TemplateChangeIn>().answers<TemplateOut>()));
  add(del("/templates/{id}", right::write, on(this, &TemplatesApi::remove),
          doc("archive_template", "Put a template away; what was sent with it keeps its content", "templates").answer(204)));
  add(post("/templates/{id}/restore", right::write, on(this, &TemplatesApi::unarchive), doc("restore_template", "Take an archived template back", "templates").answers<TemplateOut>(),
           http::BodyKind::none));
  add(get("/templates/{id}/versions", right::read, on(this, &TemplatesApi::versions),
          doc("list_template_versions", "Versions, newest first", "templates").paged().answers_list<TemplateVersionOut>()));
  add(get("/templates/{id}/versions/{number}", right::read, on(this, &TemplatesApi::version), doc("show_template_version", "One version", "templates").answers<TemplateVersionOut>()));
  add(post("/templates/{id}/versions/{number}/restore", right::write, on(this, &TemplatesApi::restore),
           doc("restore_template_version", "Make an old version's content the newest version", "templates").answers<TemplateOut>(), http::BodyKind::none));
  auto differing = doc("diff_template_versions", "What changed between two versions", "templates");
  differing.query("from", "Number of the older version", "integer").query("to", "Number of the newer one", "integer");
  add(get("/templates/{id}/diff", right::read, on(this, &TemplatesApi::diff), differing.answers<TemplateDiffOut>()));
  add(post("/templates/{id}/preview", right::read, on(this, &TemplatesApi::preview),
           doc("preview_template", "Render it as it would be sent", "templates").takes<PreviewIn>().answers<PreviewOut>()));
  add(post("/templates/{id}/test-send", right::write, on(this, &TemplatesApi::test_send),
           doc("test_send_template", "Send it to a few addresses as a test", "templates").takes<TestSendIn>().answers<TestSendOut>(202)));
  return all;
}

TemplatesApi::Answer TemplatesApi::list(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  content::TemplateFilter filter;
  auto const search = query_text(request, "search");
  if (!search) co_return search.error();
  filter.search = *search;
  auto const channel = query_text(request, "channel");
  if (!channel) co_return channel.error();
  if (*channel && !check_channel(**channel)) co_return query_error("channel", "invalid_value", "must be email, sms or push");
  filter.channel = *channel;
  auto const archived = query_flag(request, "archived");
  if (!archived) co_return archived.error();
  filter.archived = archived->value_or(false);
  std::optional<TemplateId> last;
  if (page->after) last = TemplateId::parse(page->after->front());
  auto const found = co_await templates_.list(caller(request).context.tenant, filter, last, page->limit + 1);
  auto encode = [](content::Template const& t) { return json::encode(shown(t)); };
  auto key = [](content::Template const& t) { return std::vector<std::string>{t.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

TemplatesApi::Answer TemplatesApi::create(http::Request& request) {
  auto wanted = json::read<TemplateIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (auto const good = check_channel(*wanted->channel); !good) co_return good.error();
  content::TemplateChange parts;
  parts.subject = *wanted->subject;
  parts.html_body = *wanted->html_body;
  if (wanted->text_body) parts.text_body = *wanted->text_body;
  if (wanted->mjml_body) parts.mjml_body = *wanted->mjml_body;
  auto const t = co_await templates_.create(context_of(request), wanted->name, *wanted->channel, std::move(parts));
  if (!t) co_return t.error();
  co_return with_etag(created("/templates/" + t->id.str(), json::encode(shown(*t))), t->updated_at);
}

TemplatesApi::Answer TemplatesApi::show(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const t = co_await templates_.find(caller(request).context.tenant, *id);
  if (!t) co_return t.error();
  co_return with_etag(ok(json::encode(shown(*t))), t->updated_at);
}

TemplatesApi::Answer TemplatesApi::change(http::Request& request) {
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
  parts.mjml_body = wanted->mjml_body;
  std::optional<Instant> expected;
  if (request.headers.find("If-Match")) expected = before->updated_at;
  auto const t = co_await templates_.change(context_of(request), *id, std::move(parts), expected);
  if (!t) co_return t.error();
  co_return with_etag(ok(json::encode(shown(*t))), t->updated_at);
}

TemplatesApi::Answer TemplatesApi::remove(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const gone = co_await templates_.archive(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

TemplatesApi::Answer TemplatesApi::unarchive(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const t = co_await templates_.unarchive(context_of(request), *id);
  if (!t) co_return t.error();
  co_return with_etag(ok(json::encode(shown(*t))), t->updated_at);
}

TemplatesApi::Answer TemplatesApi::versions(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const tenant = caller(request).context.tenant;
  auto const t = co_await templates_.find(tenant, *id);
  if (!t) co_return t.error();
  std::optional<int> before;
  if (page->after) before = std::stoi(page->after->front());
  auto const found = co_await templates_.versions(tenant, *id, before, page->limit + 1);
  auto encode = [](content::TemplateVersion const& v) { return json::encode(shown(v)); };
  auto key = [](content::TemplateVersion const& v) { return std::vector<std::string>{std::to_string(v.version)}; };
  co_return list_answer(request, *page, found, encode, key);
}

TemplatesApi::Answer TemplatesApi::version(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const number = number_of(request, "number");
  if (!number) co_return number.error();
  auto const v = co_await templates_.version(caller(request).context.tenant, *id, *number);
  if (!v) co_return v.error();
  co_return ok(json::encode(shown(*v)));
}

TemplatesApi::Answer TemplatesApi::restore(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const number = number_of(request, "number");
  if (!number) co_return number.error();
  auto const t = co_await templates_.restore(context_of(request), *id, *number);
  if (!t) co_return t.error();
  co_return with_etag(ok(json::encode(shown(*t))), t->updated_at);
}

TemplatesApi::Answer TemplatesApi::diff(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const from = query_version(request, "from");
  if (!from) co_return from.error();
  auto const to = query_version(request, "to");
  if (!to) co_return to.error();
  auto const tenant = caller(request).context.tenant;
  auto const older = co_await templates_.version(tenant, *id, *from);
  if (!older) co_return older.error();
  auto const newer = co_await templates_.version(tenant, *id, *to);
  if (!newer) co_return newer.error();
  co_return ok(json::encode(shown_diff(*older, *newer)));
}

TemplatesApi::Answer TemplatesApi::preview(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const wanted = json::read<PreviewIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const tenant = caller(request).context.tenant;
  auto trial = co_await trial_for(templates_, tenant, *id, *wanted);
  if (!trial) co_return trial.error();
  auto const preview = co_await trials_.preview(tenant, std::move(*trial));
  if (!preview) co_return preview.error();
  co_return ok(json::encode(shown(*preview)));
}

TemplatesApi::Answer TemplatesApi::preview_unsaved(http::Request& request) {
  auto const wanted = json::read<PreviewIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto trial = trial_of(*wanted);
  if (auto const good = check_channel(trial.content.channel); !good) co_return good.error();
  auto const preview = co_await trials_.preview(caller(request).context.tenant, std::move(trial));
  if (!preview) co_return preview.error();
  co_return ok(json::encode(shown(*preview)));
}

TemplatesApi::Answer TemplatesApi::test_send(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const wanted = json::read<TestSendIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (auto const allowed = may_test(request, wanted->to.all); !allowed) co_return allowed.error();
  auto trial = co_await trial_for(templates_, caller(request).context.tenant, *id, *wanted);
  if (!trial) co_return trial.error();
  auto const mails = co_await trials_.send(context_of(request), std::move(*trial), wanted->to.all);
  if (!mails) co_return mails.error();
  co_return ok(json::encode(shown(*mails)), 202);
}

TemplatesApi::Answer TemplatesApi::test_send_unsaved(http::Request& request) {
  auto const wanted = json::read<TestSendIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (auto const allowed = may_test(request, wanted->to.all); !allowed) co_return allowed.error();
  auto const mails = co_await trials_.send(context_of(request), trial_of(*wanted), wanted->to.all);
  if (!mails) co_return mails.error();
  co_return ok(json::encode(shown(*mails)), 202);
}

}  // namespace postrider::api
