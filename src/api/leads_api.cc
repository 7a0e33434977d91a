#include "api/leads_api.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

struct LeadIn {
  std::string name;
  json::Field<std::string> domain;
  json::Given<boost::json::object> attributes;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255), json::length("domain", 0, 255)};
  static constexpr std::string_view json_name = "LeadInput";
  static constexpr std::string_view json_read_only[] = {"id", "contact_count", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(LeadIn, (), (name, domain, attributes))

struct LeadChangeIn {
  json::Given<std::string> name;
  json::Field<std::string> domain;
  json::Given<boost::json::object> attributes;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255), json::length("domain", 0, 255)};
  static constexpr std::string_view json_name = "LeadChange";
  static constexpr std::string_view json_read_only[] = {"id", "contact_count", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(LeadChangeIn, (), (name, domain, attributes))

struct LeadOut {
  LeadId id;
  std::string name;
  std::optional<std::string> domain;
  boost::json::object attributes;
  std::int64_t contact_count;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "Lead";
};
BOOST_DESCRIBE_STRUCT(LeadOut, (), (id, name, domain, attributes, contact_count, created_at, updated_at))

boost::json::value shown(contacts::Lead const& l) {
  LeadOut const out{l.id, l.name, l.domain, l.attributes, l.contact_count, l.created_at, l.updated_at};
  return json::encode(out);
}

}  // namespace

std::vector<http::Route> LeadsApi::routes() {
  std::vector<http::Route> all;
  all.push_back(get("/leads", right::read, on(this, &LeadsApi::list_leads),
                    doc("list_leads", "Leads, newest first", "leads").paged().query("name", "Beginning of the name").query("domain", "Exactly this domain").answers_list<LeadOut>()));
  all.push_back(post("/leads", right::write, on(this, &LeadsApi::create_lead), doc("create_lead", "Add a lead", "leads").takes<LeadIn>().answers<LeadOut>(201)));
  all.push_back(get("/leads/{id}", right::read, on(this, &LeadsApi::show_lead), doc("show_lead", "One lead", "leads").answers<LeadOut>()));
  all.push_back(patch("/leads/{id}", right::write, on(this, &LeadsApi::change_lead), doc("change_lead", "Change a lead", "leads").takes<LeadChangeIn>().answers<LeadOut>()));
  all.push_back(del("/leads/{id}", right::write, on(this, &LeadsApi::remove_lead),
                    doc("delete_lead", "Delete a lead that no contact belongs to", "leads").query("detach", "Let its contacts go first", "boolean").answer(204)));
  return all;
}

LeadsApi::Answer LeadsApi::list_leads(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  contacts::LeadFilter filter;
  auto const lead_name = query_text(request, "name");
  if (!lead_name) co_return lead_name.error();
  auto const domain = query_text(request, "domain");
  if (!domain) co_return domain.error();
  filter.name = *lead_name;
  filter.domain = *domain;
  auto const found = co_await leads_.list(caller(request).context.tenant, filter, last_id<LeadId>(*page), page->limit + 1);
  auto encode = [](contacts::Lead const& l) { return shown(l); };
  auto key = [](contacts::Lead const& l) { return std::vector<std::string>{l.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

LeadsApi::Answer LeadsApi::create_lead(http::Request& request) {
  auto wanted = json::read<LeadIn>(request.body);
  if (!wanted) co_return wanted.error();
  contacts::LeadChange change;
  change.name = wanted->name;
  change.domain = wanted->domain;
  change.attributes = wanted->attributes;
  auto const l = co_await leads_.create(context_of(request), std::move(change));
  if (!l) co_return l.error();
  co_return with_etag(created("/leads/" + l->id.str(), shown(*l)), l->updated_at);
}

LeadsApi::Answer LeadsApi::show_lead(http::Request& request) {
  auto const id = path_id<LeadId>(request, "lead");
  if (!id) co_return id.error();
  auto const l = co_await leads_.find(caller(request).context.tenant, *id);
  if (!l) co_return l.error();
  co_return with_etag(ok(shown(*l)), l->updated_at);
}

LeadsApi::Answer LeadsApi::change_lead(http::Request& request) {
  auto const id = path_id<LeadId>(request, "lead");
  if (!id) co_return id.error();
  auto wanted = json::read<LeadChangeIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const before = co_await leads_.find(caller(request).context.tenant, *id);
  if (!before) co_return before.error();
  contacts::LeadChange change;
  change.name = wanted->name;
  change.domain = wanted->domain;
  change.attributes = wanted->attributes;
  auto const l = co_await leads_.change(context_of(request), *id, std::move(change), expected_version(request, before->updated_at));
  if (!l) co_return l.error();
  co_return with_etag(ok(shown(*l)), l->updated_at);
}

LeadsApi::Answer LeadsApi::remove_lead(http::Request& request) {
  auto const id = path_id<LeadId>(request, "lead");
  if (!id) co_return id.error();
  auto const detach = query_flag(request, "detach");
  if (!detach) co_return detach.error();
  auto const gone = co_await leads_.remove(context_of(request), *id, detach->value_or(false));
  if (!gone) co_return gone.error();
  co_return no_content();
}

}  // namespace postrider::api
