#include "postrider/content/templates.h"

#include "postrider/audit/audit.h"
#include "sql/content.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace postrider::content {

namespace {

constexpr std::size_t cached_versions = 256;

std::optional<std::string> mjml_in(db::Row row, std::size_t column) {
  if (row.is_null(column)) return std::nullopt;
  auto const source = row.json(column);
  auto const* const mjml = source.as_object().if_contains("mjml");
  if (!mjml) return std::nullopt;
  return std::string(mjml->as_string());
}

// The column `source` holds an object, by the kind of editor.
std::optional<boost::json::object> source_column(std::optional<std::string> const& mjml) {
  if (!mjml) return std::nullopt;
  boost::json::object source;
  source["mjml"] = *mjml;
  return source;
}

Template read_template(db::Row row) {
  Template t;
  t.id = row.id<TemplateId>(0);
  t.name = row.text(1);
  t.channel = row.text(2);
  t.version_id = row.id<TemplateVersionId>(3);
  t.version = static_cast<int>(row.integer(4));
  t.subject = row.text(5);
  t.html_body = row.text(6);
  t.text_body = row.maybe_text(7);
  auto const variables = row.json(8);
  for (auto const& path : variables.as_array()) t.variables.emplace_back(path.as_string());
  t.created_at = row.instant(9);
  t.updated_at = row.instant(10);
  t.archived_at = row.maybe_instant(11);
  t.mjml_body = mjml_in(row, 12);
  return t;
}

TemplateVersion read_version(db::Row row) {
  TemplateVersion v;
  v.id = row.id<TemplateVersionId>(0);
  v.version = static_cast<int>(row.integer(1));
  v.subject = row.text(2);
  v.html_body = row.text(3);
  v.text_body = row.maybe_text(4);
  auto const variables = row.json(5);
  for (auto const& path : variables.as_array()) v.variables.emplace_back(path.as_string());
  v.created_by = row.is_null(6) ? std::nullopt : std::optional<Uuid>(row.uuid(6));
  v.created_at = row.instant(7);
  v.mjml_body = mjml_in(row, 8);
  return v;
}

// A channel has its own parts: what must be there, and what would never be seen.
Result<void> check_parts(std::string_view channel, std::string_view html_body, std::optional<std::string> const& text_body) {
  if (channel == "email") {
    if (html_body.empty() && (!text_body || text_body->empty())) return invalid_field("/html_body", "required", "a template needs html_body or text_body");
    return {};
  }
  if (!html_body.empty()) return invalid_field("/html_body", "invalid_value", "only mails have an HTML body: put what is to be said into text_body");
  if (!text_body || text_body->empty()) return invalid_field("/text_body", "required", "a template for " + std::string(channel) + " needs text_body");
  return {};
}

// Part of a name, as a pattern of LIKE with ! as its escape.
std::optional<std::string> pattern_of(std::optional<std::string> const& part) {
  if (!part) return std::nullopt;
  std::string pattern = "%";
  for (char const c : *part) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + "%";
}

constexpr int tries = 3;

boost::json::object described(Template const& t) {
  boost::json::object out;
  out["name"] = t.name;
  out["channel"] = t.channel;
  out["version"] = t.version;
  out["subject"] = t.subject;
  out["html_body"] = t.html_body;
  out["text_body"] = t.text_body ? boost::json::value(*t.text_body) : boost::json::value(nullptr);
  out["mjml_body"] = t.mjml_body ? boost::json::value(*t.mjml_body) : boost::json::value(nullptr);
  out["archived"] = t.archived_at.has_value();
  return out;
}

TemplateChannel channel_of(std::string_view text) {
  if (text == "sms") return TemplateChannel::sms;
  if (text == "push") return TemplateChannel::push;
  return TemplateChannel::email;
}

TemplateSource source_of(Template const& t, bool tracking) {
  return TemplateSource{.channel = channel_of(t.channel), .subject = t.subject, .html_body = t.html_body, .text_body = t.text_body.value_or(""), .tracking = tracking};
}

boost::json::value text_or_null(std::optional<std::string> const& text) { return text ? boost::json::value(*text) : boost::json::value(nullptr); }

boost::json::array links_of(CompiledTemplate const& compiled) {
  boost::json::array links;
  for (auto const& link : compiled.links) links.push_back(text_or_null(link.address));
  return links;
}

boost::json::array variables_of(CompiledTemplate const& compiled) {
  boost::json::array variables;
  for (auto const& use : compiled.variables) variables.emplace_back(use.path);
  return variables;
}

}  // namespace

Task<Result<TemplateVersionId>> keep_inline(db::Session& session, TenantId tenant, InlineContent content, Instant now) {
  Template t;
  t.channel = std::move(content.channel);
  t.subject = std::move(content.subject);
  t.html_body = std::move(content.html_body);
  t.text_body = std::move(content.text_body);
  if (auto const good = check_parts(t.channel, t.html_body, t.text_body); !good) co_return good.error();
  auto const compiled = compile_template(source_of(t, true));
  if (!compiled) co_return compiled.error();
  auto const parts = boost::json::array{t.channel, t.subject, t.html_body, text_or_null(t.text_body)};
  auto const name = tenant.str() + boost::json::serialize(parts);
  t.id = TemplateId(uuid_from_name("inline template:" + name));
  t.version_id = TemplateVersionId(uuid_from_name("inline version:" + name));
  auto const links = links_of(*compiled);
  auto const variables = variables_of(*compiled);
  co_await session.exec(sql::content::insert_inline, tenant, t.id, t.channel, t.version_id, now);
  co_await session.exec(sql::content::insert_inline_version, tenant, t.version_id, t.id, t.subject, t.html_body, t.text_body, variables, links, now);
  co_return t.version_id;
}

boost::json::object contact_root(contacts::Contact const& c) {
  boost::json::object contact;
  contact["id"] = c.id.str();
  contact["email"] = text_or_null(c.email);
  contact["phone"] = text_or_null(c.phone);
  contact["first_name"] = text_or_null(c.first_name);
  contact["last_name"] = text_or_null(c.last_name);
  contact["time_zone"] = text_or_null(c.time_zone);
  contact["locale"] = text_or_null(c.locale);
  contact["external_id"] = text_or_null(c.external_id);
  boost::json::array tags;
  for (auto const& tag : c.tags) tags.emplace_back(tag);
  contact["tags"] = std::move(tags);
  contact["attributes"] = c.attributes;
  contact["lead"] = nullptr;
  if (c.lead) {
    boost::json::object lead;
    lead["id"] = c.lead->id.str();
    lead["name"] = c.lead->name;
    lead["domain"] = text_or_null(c.lead->domain);
    lead["attributes"] = c.lead->attributes;
    contact["lead"] = std::move(lead);
  }
  contact["created_at"] = to_rfc3339(c.created_at);
  return contact;
}

contacts::Contact sample_contact() {
  contacts::Contact c;
  c.email = "jane@example.net";
  c.first_name = "Jane";
  c.last_name = "Doe";
  c.time_zone = "Europe/Rome";
  c.locale = "en";
  return c;
}

contacts::Contact sample_contact(CompiledTemplate const& compiled) {
  constexpr std::string_view attributes = "contact.attributes.";
  auto c = sample_contact();
  for (auto const& use : compiled.variables) {
    if (!use.path.starts_with(attributes) || use.path.find('[') != std::string::npos) continue;
    auto rest = std::string_view(use.path).substr(attributes.size());
    auto* object = &c.attributes;
    for (auto dot = rest.find('.'); dot != std::string_view::npos && object; dot = rest.find('.')) {
      auto& inner = (*object)[rest.substr(0, dot)];
      if (!inner.is_object()) inner = boost::json::object();
      object = &inner.as_object();
      rest.remove_prefix(dot + 1);
    }
    if (!object->contains(rest)) (*object)[rest] = "[" + std::string(rest) + "]";
  }
  return c;
}

Task<Result<Template>> Templates::create(Context context, std::string template_name, std::string channel, TemplateChange parts) {
  Template t;
  t.name = std::move(template_name);
  t.channel = std::move(channel);
  t.version = 0;
  t.subject = parts.subject.value_or("");
  t.html_body = parts.html_body.value_or("");
  t.text_body = parts.text_body.over(std::nullopt);
  t.mjml_body = parts.mjml_body.over(std::nullopt);
  co_return co_await save(context, std::nullopt, std::move(t));
}

Task<Result<Template>> Templates::change(Context context, TemplateId id, TemplateChange change, std::optional<Instant> expected) {
  for (int attempt = 1;; ++attempt) {
    auto const before = co_await find(context.tenant, id);
    if (!before) co_return before.error();
    if (before->archived_at) co_return conflict("the template is archived: restore it first");
    if (expected && *expected != before->updated_at)
      co_return Error(Code::precondition, "the template was changed meanwhile: read it again, then repeat your change");
    auto after = *before;
    if (change.name) after.name = *change.name;
    if (change.subject) after.subject = *change.subject;
    if (change.html_body) after.html_body = *change.html_body;
    after.text_body = change.text_body.over(after.text_body);
    bool const rewritten = after.html_body != before->html_body;
    after.mjml_body = change.mjml_body.over(rewritten ? std::nullopt : after.mjml_body);
    auto saved = co_await save(context, *before, std::move(after));
    // Somebody was faster between reading and writing: on top of his change then, unless that is not wanted.
    bool const again = !saved && saved.error().code == Code::precondition && !expected && attempt < tries;
    if (!again) co_return saved;
  }
}

Task<Result<Template>> Templates::save(Context context, std::optional<Template> before, Template after) {
  if (auto const good = check_parts(after.channel, after.html_body, after.text_body); !good) co_return good.error();
  auto const compiled = compile_template(source_of(after, true));
  if (!compiled) co_return compiled.error();
  bool const new_version = !before || before->subject != after.subject || before->html_body != after.html_body || before->text_body != after.text_body ||
                           before->mjml_body != after.mjml_body;
  auto const now = clock_.now();
  std::optional<Uuid> author;
  if (!context.actor.id.is_nil()) author = context.actor.id;
  auto tx = co_await store_.begin();
  if (!before) {
    after.id = ids_.make<TemplateId>();
    after.created_at = now;
  }
  after.updated_at = before ? std::max(now, before->updated_at + Duration(1)) : now;
  if (before) {
    if (new_version) ++after.version;
    auto const version_id = new_version ? ids_.make<TemplateVersionId>() : before->version_id;
    after.version_id = version_id;
    auto const moved = co_await tx.exec(sql::content::update_template, context.tenant, after.id, after.name, after.version_id, after.version, after.archived_at,
                                        after.updated_at, before->updated_at);
    if (moved == 0) co_return Error(Code::precondition, "the template was changed meanwhile: read it again, then repeat your change");
  } else {
    after.version = 1;
    after.version_id = ids_.make<TemplateVersionId>();
  }
  if (new_version) {
    after.variables.clear();
    for (auto const& use : compiled->variables) after.variables.push_back(use.path);
    auto const variables = variables_of(*compiled);
    auto const links = links_of(*compiled);
    auto const source = source_column(after.mjml_body);
    if (!before) co_await tx.exec(sql::content::insert_template, context.tenant, after.id, after.name, after.channel, after.version_id, after.version, author, now);
    co_await tx.exec(sql::content::insert_version, context.tenant, after.version_id, after.id, after.version, after.subject, after.html_body, after.text_body,
                     variables, links, author, now, source);
  }
  auto const* const action = !before ? "created" : before->archived_at.has_value() == after.archived_at.has_value() ? "updated" : after.archived_at ? "archived" : "restored";
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"template", after.id.uuid(), action,
                                 audit::difference(before ? described(*before) : boost::json::object(), described(after))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return after;
}

Task<Result<Template>> Templates::find(TenantId tenant, TemplateId id) {
  auto const row = co_await store_.maybe(sql::content::find, tenant, id);
  if (!row) co_return not_found("template", id.str());
  co_return read_template(*row);
}

Task<std::vector<Template>> Templates::list(TenantId tenant, TemplateFilter filter, std::optional<TemplateId> before, int limit) {
  auto const last = before.value_or(*TemplateId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  auto const rows = co_await store_.all(sql::content::list, tenant, last, limit, filter.archived, filter.channel, pattern_of(filter.search));
  std::vector<Template> all;
  for (auto const row : rows) all.push_back(read_template(row));
  co_return all;
}

Task<Result<void>> Templates::archive(Context context, TemplateId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (before->archived_at) co_return Result<void>();
  std::string waiting;
  for (auto const row : co_await store_.all(sql::content::waiting_campaigns, context.tenant, id)) waiting += (waiting.empty() ? "" : ", ") + row.text(0);
  if (!waiting.empty()) co_return conflict("campaigns wait to be sent with this template: " + waiting + "; give them another one first");
  auto after = *before;
  after.archived_at = clock_.now();
  auto const saved = co_await save(context, *before, std::move(after));
  if (!saved) co_return saved.error();
  co_return Result<void>();
}

Task<Result<Template>> Templates::unarchive(Context context, TemplateId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (!before->archived_at) co_return *before;
  auto after = *before;
  after.archived_at.reset();
  co_return co_await save(context, *before, std::move(after));
}

Task<std::vector<TemplateVersion>> Templates::versions(TenantId tenant, TemplateId id, std::optional<int> before, int limit) {
  std::vector<TemplateVersion> all;
  for (auto const row : co_await store_.all(sql::content::versions, tenant, id, before.value_or(1'000'000'000), limit)) all.push_back(read_version(row));
  co_return all;
}

Task<Result<TemplateVersion>> Templates::version(TenantId tenant, TemplateId id, int number) {
  auto const row = co_await store_.maybe(sql::content::version_numbered, tenant, id, number);
  if (!row) co_return not_found("template version", std::to_string(number));
  co_return read_version(*row);
}

Task<Result<Template>> Templates::restore(Context context, TemplateId id, int number) {
  auto const old = co_await version(context.tenant, id, number);
  if (!old) co_return old.error();
  TemplateChange change_back;
  change_back.subject = old->subject;
  change_back.html_body = old->html_body;
  change_back.text_body = old->text_body ? json::Field<std::string>(*old->text_body) : json::Field<std::string>::null();
  change_back.mjml_body = old->mjml_body ? json::Field<std::string>(*old->mjml_body) : json::Field<std::string>::null();
  co_return co_await change(context, id, std::move(change_back), std::nullopt);
}

Task<std::shared_ptr<CompiledTemplate const>> Templates::compiled(TenantId tenant, TemplateVersionId version, bool tracking) {
  auto const key = tenant.str() + version.str() + (tracking ? "+" : "-");
  if (auto const found = cache_.find(key); found != cache_.end()) co_return found->second;
  auto const row = co_await store_.maybe(sql::content::version, tenant, version);
  if (!row) co_return nullptr;
  TemplateSource const source{.channel = channel_of(row->view(0)), .subject = row->text(1), .html_body = row->text(2), .text_body = row->maybe_text(3).value_or(""), .tracking = tracking};
  auto made = compile_template(source);
  if (!made) co_return nullptr;
  auto shared = std::make_shared<CompiledTemplate const>(std::move(*made));
  if (order_.size() >= cached_versions) {
    cache_.erase(order_.front());
    order_.pop_front();
  }
  if (cache_.emplace(key, shared).second) order_.push_back(key);
  co_return shared;
}

}  // namespace postrider::content
