#include "api/contacts_api.h"

#include "api/consent_api.h"
#include "postrider/consent/consent.h"
#include "postrider/events/event_log.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

struct ContactIn {
  json::Field<std::string> email, phone, first_name, last_name, time_zone, locale, external_id;
  json::Field<LeadId> lead_id;
  json::Given<boost::json::object> attributes;
  json::Given<std::vector<std::string>> tags;
  json::Given<bool> tracking;
  static constexpr json::Rule json_rules[] = {json::length("first_name", 0, 200), json::length("last_name", 0, 200), json::length("locale", 0, 35), json::length("external_id", 0, 200)};
  static constexpr std::string_view json_name = "ContactInput";
  static constexpr std::string_view json_read_only[] = {"id", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(ContactIn, (), (email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking))

struct ContactOut {
  ContactId id;
  std::optional<std::string> email, phone, first_name, last_name, time_zone, locale, external_id;
  std::optional<LeadId> lead_id;
  boost::json::object attributes;
  std::vector<std::string> tags;
  bool tracking;
  Instant created_at;
  Instant updated_at;
  static constexpr std::string_view json_name = "Contact";
};
BOOST_DESCRIBE_STRUCT(ContactOut, (), (id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at))

boost::json::value shown(contacts::Contact const& c) {
  ContactOut const out{c.id, c.email, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id, c.lead_id, c.attributes, c.tags, c.tracking, c.created_at, c.updated_at};
  return json::encode(out);
}

contacts::Change change_of(ContactIn const& in) {
  contacts::Change c;
  c.email = in.email;
  c.phone = in.phone;
  c.first_name = in.first_name;
  c.last_name = in.last_name;
  c.time_zone = in.time_zone;
  c.locale = in.locale;
  c.external_id = in.external_id;
  c.lead_id = in.lead_id;
  c.attributes = in.attributes;
  c.tags = in.tags;
  c.tracking = in.tracking;
  return c;
}

}  // namespace

std::vector<http::Route> ContactsApi::routes() {
  std::vector<http::Route> all;
  all.push_back(get("/contacts", right::read, on(this, &ContactsApi::list_contacts),
                    doc("list_contacts", "Contacts, newest first", "contacts").paged().query("search", "Beginning of the e-mail address").query("email", "Exactly this address")
                        .query("external_id", "Exactly this id").query("tag", "Has this tag").query("segment_id", "Belongs to this segment").answers_list<ContactOut>()));
  all.push_back(post("/contacts", right::write, on(this, &ContactsApi::create_contact),
                     doc("create_contact", "Add a contact, or change the one with this address", "contacts").query("upsert", "Change a known contact instead of refusing", "string", {"email"})
                         .takes<ContactIn>().answers<ContactOut>(201).answers<ContactOut>(200)));
  all.push_back(get("/contacts/{id}", right::read, on(this, &ContactsApi::show_contact), doc("show_contact", "One contact", "contacts").answers<ContactOut>()));
  all.push_back(patch("/contacts/{id}", right::write, on(this, &ContactsApi::change_contact), doc("change_contact", "Change a contact", "contacts").takes<ContactIn>().answers<ContactOut>()));
  all.push_back(del("/contacts/{id}", right::write, on(this, &ContactsApi::remove_contact), doc("delete_contact", "Delete a contact", "contacts").answer(204)));
  all.push_back(get("/contacts/{id}/export", right::read, on(this, &ContactsApi::export_contact), doc("export_contact", "Everything about a person", "contacts").answer(200)));
  all.push_back(post("/contacts/{id}/erase", right::admin, on(this, &ContactsApi::erase_contact), doc("erase_contact", "Remove what identifies a person, for good", "contacts").answer(204), http::BodyKind::none));
  all.push_back(get("/contacts/{id}/timeline", right::read, on(this, &ContactsApi::timeline), doc("contact_timeline", "What happened with a contact, newest first", "contacts").paged().answer(200)));
  return all;
}

ContactsApi::Answer ContactsApi::list_contacts(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  contacts::Filter filter;
  auto const segment = query_id<SegmentId>(request, "segment_id");
  if (!segment) co_return segment.error();
  filter.segment = *segment;
  for (auto const& [name, slot] : {std::pair{"search", &filter.search}, std::pair{"email", &filter.email}, std::pair{"external_id", &filter.external_id}, std::pair{"tag", &filter.tag}}) {
    auto const text = query_text(request, name);
    if (!text) co_return text.error();
    *slot = *text;
  }
  auto const found = co_await contacts_.list(caller(request).context.tenant, filter, last_id<ContactId>(*page), page->limit + 1);
  auto encode = [](contacts::Contact const& c) { return shown(c); };
  auto key = [](contacts::Contact const& c) { return std::vector<std::string>{c.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

ContactsApi::Answer ContactsApi::create_contact(http::Request& request) {
  auto wanted = json::read<ContactIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const upsert = query_text(request, "upsert");
  if (!upsert) co_return upsert.error();
  if (*upsert && **upsert != "email") co_return query_error("upsert", "invalid_value", "must be email");
  auto saved = co_await contacts_.create(context_of(request), change_of(*wanted), upsert->has_value());
  if (!saved) co_return saved.error();
  if (!saved->created) co_return with_etag(ok(shown(saved->contact)), saved->contact.updated_at);
  co_return with_etag(created("/contacts/" + saved->contact.id.str(), shown(saved->contact)), saved->contact.updated_at);
}

ContactsApi::Answer ContactsApi::show_contact(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const c = co_await contacts_.find(caller(request).context.tenant, *id);
  if (!c) co_return c.error();
  co_return with_etag(ok(shown(*c)), c->updated_at);
}

ContactsApi::Answer ContactsApi::change_contact(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto wanted = json::read<ContactIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const before = co_await contacts_.find(caller(request).context.tenant, *id);
  if (!before) co_return before.error();
  auto const c = co_await contacts_.change(context_of(request), *id, change_of(*wanted), expected_version(request, before->updated_at));
  if (!c) co_return c.error();
  co_return with_etag(ok(shown(*c)), c->updated_at);
}

ContactsApi::Answer ContactsApi::remove_contact(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const gone = co_await contacts_.remove(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

ContactsApi::Answer ContactsApi::export_contact(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const tenant = caller(request).context.tenant;
  auto out = co_await contacts_.export_of(tenant, *id);
  if (!out) co_return out.error();
  boost::json::array consents;
  for (auto const& c : co_await consent::of_contact(store_, tenant, *id)) consents.push_back(consent_answer(c));
  (*out)["consents"] = std::move(consents);
  co_return ok(*out);
}

ContactsApi::Answer ContactsApi::erase_contact(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const gone = co_await contacts_.erase(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

ContactsApi::Answer ContactsApi::timeline(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const tenant = caller(request).context.tenant;
  auto const c = co_await contacts_.find(tenant, *id);
  if (!c) co_return c.error();
  events::EventFilter filter;
  filter.contact_id = *id;
  std::optional<std::pair<Instant, EventId>> after;
  if (page->after && page->after->size() == 2)
    if (auto const at = parse_instant((*page->after)[0]))
      if (auto const event = EventId::parse((*page->after)[1])) after.emplace(*at, *event);
  auto const found = co_await events::list(store_, tenant, filter, after, page->limit + 1);
  auto encode = [](events::Listed const& e) {
    boost::json::object out;
    out["id"] = e.event.id.str();
    out["type"] = e.event.type;
    out["occurred_at"] = to_rfc3339(e.event.occurred_at);
    out["campaign_id"] = e.event.campaign_id ? boost::json::value(e.event.campaign_id->str()) : boost::json::value(nullptr);
    out["message_id"] = e.event.message_id ? boost::json::value(e.event.message_id->str()) : boost::json::value(nullptr);
    out["properties"] = e.event.payload;
    return boost::json::value(out);
  };
  auto key = [](events::Listed const& e) { return std::vector<std::string>{to_text(e.created_at), e.event.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

}  // namespace postrider::api
