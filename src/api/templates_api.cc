#include "api/templates_api.h"

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

boost::json::value text(std::optional<std::string> const& value) { return value ? boost::json::value(*value) : boost::json::value(nullptr); }

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

template <class T>
std::optional<T> after_of(Page const& page) {
  if (!page.after) return std::nullopt;
  return T::parse(page.after->front());
}

}  // namespace

std::vector<http::Route> TemplatesApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](http::Route route) { all.push_back(std::move(route)); };
  add(get("/templates", right::read, on(this, &TemplatesApi::list_templates), doc("list_templates", "Templates, newest first", "templates").paged().answer(200)));
  add(post("/templates", right::write, on(this, &TemplatesApi::create_template), doc("create_template", "Add a template", "templates").takes<TemplateIn>().answer(201)));
  add(get("/templates/{id}", right::read, on(this, &TemplatesApi::show_template), doc("show_template", "One template", "templates").answer(200)));
  add(patch("/templates/{id}", right::write, on(this, &TemplatesApi::change_template), doc("change_template", "Change a template; subject and bodies make a version", "templates").takes<TemplateChangeIn>().answer(200)));
  add(del("/templates/{id}", right::write, on(this, &TemplatesApi::remove_template), doc("delete_template", "Delete a template", "templates").answer(204)));
  add(post("/templates/{id}/preview", right::read, on(this, &TemplatesApi::preview_template), doc("preview_template", "Render it for a contact", "templates").takes<PreviewIn>().answer(200)));
  return all;
}

TemplatesApi::Answer TemplatesApi::list_templates(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const found = co_await templates_.list(caller(request).context.tenant, after_of<TemplateId>(*page), page->limit + 1);
  auto encode = [](content::Template const& t) { return boost::json::value(shown(t)); };
  auto key = [](content::Template const& t) { return std::vector<std::string>{t.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

TemplatesApi::Answer TemplatesApi::create_template(http::Request& request) {
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

TemplatesApi::Answer TemplatesApi::show_template(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const t = co_await templates_.find(caller(request).context.tenant, *id);
  if (!t) co_return t.error();
  co_return with_etag(ok(shown(*t)), t->updated_at);
}

TemplatesApi::Answer TemplatesApi::change_template(http::Request& request) {
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

TemplatesApi::Answer TemplatesApi::remove_template(http::Request& request) {
  auto const id = path_id<TemplateId>(request, "template");
  if (!id) co_return id.error();
  auto const gone = co_await templates_.remove(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

TemplatesApi::Answer TemplatesApi::preview_template(http::Request& request) {
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

}  // namespace postrider::api
