#include "api/people_api.h"

#include "postrider/consent/consent.h"
#include "postrider/consent/suppression.h"
#include "postrider/contacts/email_address.h"
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

struct ConsentIn {
  std::string status;
  std::optional<std::string> source, ip_address, text_shown;
  std::optional<Instant> expires_at;
  static constexpr json::Rule json_rules[] = {json::length("source", 0, 100), json::length("ip_address", 0, 60), json::length("text_shown", 0, 4000)};
  static constexpr std::string_view json_name = "ConsentInput";
};
BOOST_DESCRIBE_STRUCT(ConsentIn, (), (status, source, ip_address, text_shown, expires_at))

struct ConsentOut {
  Uuid id;
  ContactId contact_id;
  std::string channel, consent_type, status;
  std::optional<std::string> source, ip_address, text_shown;
  std::optional<Instant> granted_at, revoked_at, expires_at;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "Consent";
};
BOOST_DESCRIBE_STRUCT(ConsentOut, (), (id, contact_id, channel, consent_type, status, source, ip_address, text_shown, granted_at, revoked_at, expires_at, created_at, updated_at))

struct SuppressionIn {
  std::string email_address;
  json::Defaulted<std::string> reason = std::string("manual");
  std::optional<std::string> source;
  static constexpr std::string_view json_name = "SuppressionInput";
};
BOOST_DESCRIBE_STRUCT(SuppressionIn, (), (email_address, reason, source))

struct SuppressionOut {
  SuppressionId id;
  std::string email_address, reason;
  std::optional<std::string> source;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "Suppression";
};
BOOST_DESCRIBE_STRUCT(SuppressionOut, (), (id, email_address, reason, source, created_at, updated_at))

struct SegmentIn {
  std::string name;
  json::Defaulted<std::string> description = std::string();
  json::Defaulted<bool> is_dynamic = true;
  std::optional<boost::json::object> conditions;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255)};
  static constexpr std::string_view json_name = "SegmentInput";
  static constexpr std::string_view json_read_only[] = {"id", "member_count", "last_calculated_at", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(SegmentIn, (), (name, description, is_dynamic, conditions))

struct SegmentChangeIn {
  json::Given<std::string> name;
  json::Given<std::string> description;
  json::Given<boost::json::object> conditions;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255)};
  static constexpr std::string_view json_name = "SegmentChange";
  static constexpr std::string_view json_read_only[] = {"id", "is_dynamic", "member_count", "last_calculated_at", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(SegmentChangeIn, (), (name, description, conditions))

struct SegmentOut {
  SegmentId id;
  std::string name, description;
  bool is_dynamic;
  boost::json::value conditions;
  std::int64_t member_count;
  std::optional<Instant> last_calculated_at;
  std::optional<std::string> calculation_error;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "Segment";
};
BOOST_DESCRIBE_STRUCT(SegmentOut, (), (id, name, description, is_dynamic, conditions, member_count, last_calculated_at, calculation_error, created_at, updated_at))

struct PreviewIn {
  boost::json::object conditions;
  static constexpr std::string_view json_name = "SegmentPreviewInput";
};
BOOST_DESCRIBE_STRUCT(PreviewIn, (), (conditions))

struct PersonOut {
  ContactId id;
  ContactId contact_id;
  std::optional<std::string> email, first_name, last_name;
  std::optional<Instant> added_at;
  static constexpr std::string_view json_name = "SegmentMember";
};
BOOST_DESCRIBE_STRUCT(PersonOut, (), (id, contact_id, email, first_name, last_name, added_at))

struct PreviewOut {
  std::int64_t count;
  std::vector<PersonOut> sample;
  static constexpr std::string_view json_name = "SegmentPreview";
};
BOOST_DESCRIBE_STRUCT(PreviewOut, (), (count, sample))

boost::json::value shown(contacts::Contact const& c) {
  ContactOut const out{c.id, c.email, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id, c.lead_id, c.attributes, c.tags, c.tracking, c.created_at, c.updated_at};
  return json::encode(out);
}

boost::json::value shown(consent::Consent const& c) {
  ConsentOut const out{c.id, c.contact_id, c.channel, c.consent_type, c.status, c.source, c.ip_address, c.text_shown, c.granted_at, c.revoked_at, c.expires_at, c.created_at, c.updated_at};
  return json::encode(out);
}

boost::json::value shown(consent::Suppression const& s) {
  SuppressionOut const out{s.id, s.email_address, s.reason, s.source, s.created_at, s.updated_at};
  return json::encode(out);
}

boost::json::value shown(segments::Segment const& s) {
  SegmentOut const out{s.id, s.name, s.description, s.is_dynamic, s.conditions, s.member_count, s.last_calculated_at, s.calculation_error, s.created_at, s.updated_at};
  return json::encode(out);
}

PersonOut out_of(segments::Person const& p) { return PersonOut{p.id, p.id, p.email, p.first_name, p.last_name, p.added_at}; }

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

template <class T>
std::optional<T> after_of(Page const& page) {
  if (!page.after) return std::nullopt;
  return T::parse(page.after->front());
}

std::optional<Instant> expected_version(http::Request const& request, Instant updated_at) {
  auto const* const wanted = request.headers.find("If-Match");
  if (!wanted || *wanted == "*") return std::nullopt;
  // Another ETag than the current one names a version that is gone.
  return *wanted == etag_of(updated_at) ? updated_at : Instant();
}

}  // namespace

std::vector<http::Route> PeopleApi::routes() {
  std::vector<http::Route> all;
  all.push_back(get("/contacts", right::read, on(this, &PeopleApi::list_contacts),
                    doc("list_contacts", "Contacts, newest first", "contacts").paged().query("search", "Beginning of the e-mail address").query("email", "Exactly this address")
                        .query("external_id", "Exactly this id").query("tag", "Has this tag").query("segment_id", "Belongs to this segment").answers_list<ContactOut>()));
  all.push_back(post("/contacts", right::write, on(this, &PeopleApi::create_contact),
                     doc("create_contact", "Add a contact, or change the one with this address", "contacts").query("upsert", "Change a known contact instead of refusing", "string", {"email"})
                         .takes<ContactIn>().answers<ContactOut>(201).answers<ContactOut>(200)));
  all.push_back(get("/contacts/{id}", right::read, on(this, &PeopleApi::show_contact), doc("show_contact", "One contact", "contacts").answers<ContactOut>()));
  all.push_back(patch("/contacts/{id}", right::write, on(this, &PeopleApi::change_contact), doc("change_contact", "Change a contact", "contacts").takes<ContactIn>().answers<ContactOut>()));
  all.push_back(del("/contacts/{id}", right::write, on(this, &PeopleApi::remove_contact), doc("delete_contact", "Delete a contact", "contacts").answer(204)));
  all.push_back(get("/contacts/{id}/export", right::read, on(this, &PeopleApi::export_contact), doc("export_contact", "Everything about a person", "contacts").answer(200)));
  all.push_back(post("/contacts/{id}/erase", right::admin, on(this, &PeopleApi::erase_contact), doc("erase_contact", "Remove what identifies a person, for good", "contacts").answer(204), http::BodyKind::none));
  all.push_back(get("/contacts/{id}/timeline", right::read, on(this, &PeopleApi::timeline), doc("contact_timeline", "What happened with a contact, newest first", "contacts").paged().answer(200)));
  all.push_back(put("/contacts/{id}/consents/{channel}/{type}", right::write, on(this, &PeopleApi::put_consent), doc("set_consent", "Record consent with its proof", "consent").takes<ConsentIn>().answers<ConsentOut>()));
  all.push_back(get("/consents", right::read, on(this, &PeopleApi::list_consents), doc("list_consents", "Consents", "consent").paged().query("contact_id", "Of this contact").query("status", "With this status").answers_list<ConsentOut>()));
  all.push_back(get("/suppressions", right::read, on(this, &PeopleApi::list_suppressions), doc("list_suppressions", "Addresses never to write to", "consent").paged().query("email_address", "Exactly this address").answers_list<SuppressionOut>()));
  all.push_back(post("/suppressions", right::write, on(this, &PeopleApi::create_suppression), doc("create_suppression", "Never write to this address again", "consent").takes<SuppressionIn>().answers<SuppressionOut>(201)));
  all.push_back(del("/suppressions/{id}", right::admin, on(this, &PeopleApi::remove_suppression), doc("delete_suppression", "Allow an address again", "consent").answer(204)));
  all.push_back(get("/segments", right::read, on(this, &PeopleApi::list_segments), doc("list_segments", "Segments, newest first", "segments").paged().answers_list<SegmentOut>()));
  all.push_back(post("/segments", right::write, on(this, &PeopleApi::create_segment), doc("create_segment", "Add a segment", "segments").takes<SegmentIn>().answers<SegmentOut>(201)));
  all.push_back(post("/segments/preview", right::read, on(this, &PeopleApi::preview_segment), doc("preview_segment", "How many fit these conditions, and who for example", "segments").takes<PreviewIn>().answers<PreviewOut>()));
  all.push_back(get("/segments/{id}", right::read, on(this, &PeopleApi::show_segment), doc("show_segment", "One segment", "segments").answers<SegmentOut>()));
  all.push_back(patch("/segments/{id}", right::write, on(this, &PeopleApi::change_segment), doc("change_segment", "Change a segment", "segments").takes<SegmentChangeIn>().answers<SegmentOut>()));
  all.push_back(del("/segments/{id}", right::write, on(this, &PeopleApi::remove_segment), doc("delete_segment", "Delete a segment", "segments").answer(204)));
  all.push_back(post("/segments/{id}/recalculate", right::write, on(this, &PeopleApi::recalculate_segment), doc("recalculate_segment", "Find its members anew, now", "segments").answers<SegmentOut>(202), http::BodyKind::none));
  all.push_back(get("/segments/{id}/members", right::read, on(this, &PeopleApi::list_members), doc("list_segment_members", "Its members", "segments").paged().answers_list<PersonOut>()));
  all.push_back(put("/segments/{id}/members/{contact_id}", right::write, on(this, &PeopleApi::put_member), doc("add_segment_member", "Add to a static segment", "segments").answer(204)));
  all.back().body = http::BodyKind::none;
  all.push_back(del("/segments/{id}/members/{contact_id}", right::write, on(this, &PeopleApi::remove_member), doc("remove_segment_member", "Remove from a static segment", "segments").answer(204)));
  return all;
}

PeopleApi::Answer PeopleApi::list_contacts(http::Request& request) {
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
  auto const found = co_await contacts_.list(caller(request).context.tenant, filter, after_of<ContactId>(*page), page->limit + 1);
  auto encode = [](contacts::Contact const& c) { return shown(c); };
  auto key = [](contacts::Contact const& c) { return std::vector<std::string>{c.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

PeopleApi::Answer PeopleApi::create_contact(http::Request& request) {
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

PeopleApi::Answer PeopleApi::show_contact(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const c = co_await contacts_.find(caller(request).context.tenant, *id);
  if (!c) co_return c.error();
  co_return with_etag(ok(shown(*c)), c->updated_at);
}

PeopleApi::Answer PeopleApi::change_contact(http::Request& request) {
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

PeopleApi::Answer PeopleApi::remove_contact(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const gone = co_await contacts_.remove(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

PeopleApi::Answer PeopleApi::export_contact(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const tenant = caller(request).context.tenant;
  auto out = co_await contacts_.export_of(tenant, *id);
  if (!out) co_return out.error();
  boost::json::array consents;
  for (auto const& c : co_await consent::of_contact(store_, tenant, *id)) consents.push_back(shown(c));
  (*out)["consents"] = std::move(consents);
  co_return ok(*out);
}

PeopleApi::Answer PeopleApi::erase_contact(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const gone = co_await contacts_.erase(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

PeopleApi::Answer PeopleApi::timeline(http::Request& request) {
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

PeopleApi::Answer PeopleApi::put_consent(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto wanted = json::read<ConsentIn>(request.body);
  if (!wanted) co_return wanted.error();
  consent::Proof proof{.status = wanted->status, .source = wanted->source, .ip_address = wanted->ip_address, .text_shown = wanted->text_shown, .expires_at = wanted->expires_at};
  auto tx = co_await store_.begin();
  auto const set = co_await consent::set(tx, context_of(request), *id, std::string(request.parameter("channel")), std::string(request.parameter("type")), std::move(proof), ids_, clock_.now());
  if (!set) co_return set.error();
  co_await tx.commit();
  co_return ok(shown(*set));
}

PeopleApi::Answer PeopleApi::list_consents(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const contact = query_id<ContactId>(request, "contact_id");
  if (!contact) co_return contact.error();
  auto const status = query_text(request, "status");
  if (!status) co_return status.error();
  auto const found = co_await consent::list(store_, caller(request).context.tenant, *contact, *status, page->limit);
  auto encode = [](consent::Consent const& c) { return shown(c); };
  auto key = [](consent::Consent const& c) { return std::vector<std::string>{c.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

PeopleApi::Answer PeopleApi::list_suppressions(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const email = query_text(request, "email_address");
  if (!email) co_return email.error();
  auto const found = co_await consent::list_suppressions(store_, caller(request).context.tenant, *email, after_of<SuppressionId>(*page), page->limit + 1);
  auto encode = [](consent::Suppression const& s) { return shown(s); };
  auto key = [](consent::Suppression const& s) { return std::vector<std::string>{s.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

PeopleApi::Answer PeopleApi::create_suppression(http::Request& request) {
  auto wanted = json::read<SuppressionIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const& reason = *wanted->reason;
  if (reason != "manual" && reason != "unsubscribe" && reason != "bounce" && reason != "complaint")
    co_return invalid_field("/reason", "invalid_value", "reason must be manual, unsubscribe, bounce or complaint");
  if (!contacts::parse_email(wanted->email_address)) co_return invalid_field("/email_address", "invalid_value", "must be an e-mail address");
  auto const context = context_of(request);
  std::vector<consent::Suppress> list;
  list.push_back(consent::Suppress{.email_address = wanted->email_address, .reason = reason, .source = wanted->source.value_or("api")});
  auto tx = co_await store_.begin();
  co_await consent::suppress(tx, context, std::move(list), ids_, clock_.now());
  co_await tx.commit();
  auto const made = co_await consent::find_suppression(store_, context.tenant, wanted->email_address);
  if (!made) co_return made.error();
  co_return created("/suppressions/" + made->id.str(), shown(*made));
}

PeopleApi::Answer PeopleApi::remove_suppression(http::Request& request) {
  auto const id = path_id<SuppressionId>(request, "suppression");
  if (!id) co_return id.error();
  auto const gone = co_await consent::lift_suppression(store_, context_of(request), *id, ids_, clock_.now());
  if (!gone) co_return gone.error();
  co_return no_content();
}

PeopleApi::Answer PeopleApi::list_segments(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const found = co_await segments_.list(caller(request).context.tenant, after_of<SegmentId>(*page), page->limit + 1);
  auto encode = [](segments::Segment const& s) { return shown(s); };
  auto key = [](segments::Segment const& s) { return std::vector<std::string>{s.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

PeopleApi::Answer PeopleApi::create_segment(http::Request& request) {
  auto wanted = json::read<SegmentIn>(request.body);
  if (!wanted) co_return wanted.error();
  boost::json::value conditions;
  if (wanted->conditions) conditions = *wanted->conditions;
  auto const s = co_await segments_.create(context_of(request), wanted->name, *wanted->description, *wanted->is_dynamic, std::move(conditions));
  if (!s) co_return s.error();
  co_return with_etag(created("/segments/" + s->id.str(), shown(*s)), s->updated_at);
}

PeopleApi::Answer PeopleApi::show_segment(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const s = co_await segments_.find(caller(request).context.tenant, *id);
  if (!s) co_return s.error();
  co_return with_etag(ok(shown(*s)), s->updated_at);
}

PeopleApi::Answer PeopleApi::change_segment(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto wanted = json::read<SegmentChangeIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const before = co_await segments_.find(caller(request).context.tenant, *id);
  if (!before) co_return before.error();
  std::optional<std::string> name, description;
  std::optional<boost::json::value> conditions;
  if (wanted->name) name = *wanted->name;
  if (wanted->description) description = *wanted->description;
  if (wanted->conditions) conditions = boost::json::value(*wanted->conditions);
  auto const s = co_await segments_.change(context_of(request), *id, name, description, conditions, expected_version(request, before->updated_at));
  if (!s) co_return s.error();
  co_return with_etag(ok(shown(*s)), s->updated_at);
}

PeopleApi::Answer PeopleApi::remove_segment(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const gone = co_await segments_.remove(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

PeopleApi::Answer PeopleApi::preview_segment(http::Request& request) {
  auto wanted = json::read<PreviewIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const found = co_await segments_.preview(caller(request).context.tenant, wanted->conditions);
  if (!found) co_return found.error();
  PreviewOut out;
  out.count = found->count;
  for (auto const& person : found->sample) out.sample.push_back(out_of(person));
  co_return ok(json::encode(out));
}

PeopleApi::Answer PeopleApi::recalculate_segment(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const s = co_await segments_.request_calculation(context_of(request), *id);
  if (!s) co_return s.error();
  co_return ok(shown(*s), 202);
}

PeopleApi::Answer PeopleApi::list_members(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const tenant = caller(request).context.tenant;
  auto const s = co_await segments_.find(tenant, *id);
  if (!s) co_return s.error();
  auto const found = co_await segments_.members(tenant, *id, after_of<ContactId>(*page), page->limit + 1);
  auto encode = [](segments::Person const& p) { return json::encode(out_of(p)); };
  auto key = [](segments::Person const& p) { return std::vector<std::string>{p.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

PeopleApi::Answer PeopleApi::put_member(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const contact = path_id<ContactId>(request, "contact", "contact_id");
  if (!contact) co_return contact.error();
  auto const known = co_await contacts_.find(caller(request).context.tenant, *contact);
  if (!known) co_return known.error();
  auto const done = co_await segments_.put_member(context_of(request), *id, *contact, true);
  if (!done) co_return done.error();
  co_return no_content();
}

PeopleApi::Answer PeopleApi::remove_member(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const contact = path_id<ContactId>(request, "contact", "contact_id");
  if (!contact) co_return contact.error();
  auto const done = co_await segments_.put_member(context_of(request), *id, *contact, false);
  if (!done) co_return done.error();
  co_return no_content();
}

}  // namespace postrider::api
