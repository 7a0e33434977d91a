#include "api/contacts_api.h"

#include "api/contact_stream.h"
#include "api/contact_wire.h"
#include "api/row_json.h"
#include "postrider/contacts/timeline.h"

namespace postrider::api {

namespace {

constexpr std::size_t most_ids = 200;

boost::json::value shown(contacts::Contact const& c) {
  ContactOut const out{c.id, c.email, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id, c.lead_id, c.attributes, c.tags, c.tracking, c.created_at, c.updated_at};
  return json::encode(out);
}

boost::json::value shown(contacts::Happening const& h) {
  HappeningOut const out{h.id, h.kind, h.type, h.occurred_at, h.campaign_id, h.message_id, h.channel, h.subject, h.note, h.actor, h.ip_address, h.detail};
  return json::encode(out);
}

boost::json::value shown(contacts::Tagging const& t) {
  TaggingOut const out{t.id, t.status, t.add, t.remove, t.total, t.changed, t.unchanged, t.skipped, t.skip_reasons, t.created_at, t.updated_at, t.completed_at};
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

constexpr std::size_t updated_at_column = 13;

contacts::Order order_of(std::string const& sort) {
  if (sort == "created_at") return contacts::Order::oldest;
  if (sort == "email") return contacts::Order::address;
  if (sort == "-email") return contacts::Order::address_backwards;
  return contacts::Order::newest;
}

// ?ids=: the people that a page of messages or events names, asked for at once.
Result<std::optional<std::vector<ContactId>>> query_ids(http::Request const& request) {
  auto const* const text = request.query.find("ids");
  if (!text) return std::optional<std::vector<ContactId>>();
  std::vector<ContactId> ids;
  for (std::string_view rest = *text;;) {
    auto const comma = rest.find(',');
    auto const id = ContactId::parse(rest.substr(0, comma));
    if (!id) return query_error("ids", "wrong_type", "must be UUIDs with commas between them");
    ids.push_back(*id);
    if (ids.size() > most_ids) return query_error("ids", "too_long", "at most 200 at once");
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return std::optional(std::move(ids));
}

Doc filtered(Doc doc) {
  describe_contact_filter(doc);
  return doc;
}

}  // namespace

Result<contacts::Filter> contact_filter(http::Request const& request) {
  contacts::Filter filter;
  for (auto const& [name, slot] : {std::pair{"search", &filter.search}, std::pair{"email", &filter.email}, std::pair{"external_id", &filter.external_id},
                                   std::pair{"tag", &filter.tag}}) {
    auto text = query_text(request, name);
    if (!text) return text.error();
    *slot = std::move(*text);
  }
  auto const segment = query_id<SegmentId>(request, "segment_id");
  if (!segment) return segment.error();
  filter.segment = *segment;
  auto const lead = query_id<LeadId>(request, "lead_id");
  if (!lead) return lead.error();
  filter.lead = *lead;
  auto const from = query_instant(request, "created_from");
  if (!from) return from.error();
  filter.created_from = *from;
  auto const to = query_instant(request, "created_to");
  if (!to) return to.error();
  filter.created_to = *to;
  auto const ids = query_ids(request);
  if (!ids) return ids.error();
  filter.ids = *ids;
  return filter;
}

void describe_contact_filter(Doc& doc) {
  doc.query("search", "Each word begins a word of the name or of the address")
      .query("email", "Exactly this address")
      .query("external_id", "Exactly this id")
      .query("tag", "Has this tag")
      .query("segment_id", "Belongs to this segment")
      .query("lead_id", "Belongs to this lead")
      .query("created_from", "Added at this time or later")
      .query("created_to", "Added before this time")
      .query("ids", "Only these, with commas between them; at most 200");
}

std::vector<http::Route> ContactsApi::routes() {
  std::vector<http::Route> all;
  all.push_back(get("/contacts", right::read, on(this, &ContactsApi::list_contacts),
                    filtered(doc("list_contacts", "Contacts, newest first; by address, those without one come last", "contacts"))
                        .paged({"-created_at", "created_at", "email", "-email"}).answers_list<ContactOut>()));
  all.push_back(get("/contacts/count", right::read, on(this, &ContactsApi::count_contacts),
                    filtered(doc("count_contacts", "How many fit; with a filter it counts to 100,000, and then tells that there are more", "contacts")).answers<ContactCountOut>()));
  all.push_back(get("/contacts/export", right::write, on(this, &ContactsApi::export_contacts),
                    filtered(doc("export_contacts", "All that fit, as a CSV file that can be imported again", "contacts")).answer(200, "", "", "text/csv")));
  all.push_back(post("/contacts", right::write, on(this, &ContactsApi::create_contact),
                     doc("create_contact", "Add a contact, or change the one with this address", "contacts").query("upsert", "Change a known contact instead of refusing", "string", {"email"})
                         .takes<ContactIn>().answers<ContactOut>(201).answers<ContactOut>(200)));
  all.push_back(get("/contacts/{id}", right::read, on(this, &ContactsApi::show_contact), doc("show_contact", "One contact", "contacts").answers<ContactOut>()));
  all.push_back(patch("/contacts/{id}", right::write, on(this, &ContactsApi::change_contact), doc("change_contact", "Change a contact", "contacts").takes<ContactIn>().answers<ContactOut>()));
  all.push_back(del("/contacts/{id}", right::write, on(this, &ContactsApi::remove_contact), doc("delete_contact", "Delete a contact; what is queued for it is canceled", "contacts").answer(204)));
  all.push_back(get("/contacts/{id}/export", right::read, on(this, &ContactsApi::export_contact), doc("export_contact", "Everything about a person", "contacts").answers<ContactExportOut>()));
  all.push_back(post("/contacts/{id}/erase", right::admin, on(this, &ContactsApi::erase_contact), doc("erase_contact", "Remove what identifies a person, for good", "contacts").answer(204), http::BodyKind::none));
  all.push_back(get("/contacts/{id}/timeline", right::read, on(this, &ContactsApi::timeline), doc("contact_timeline", "What happened with a contact, newest first", "contacts").paged().answers_list<HappeningOut>()));
  all.push_back(post("/contacts/tags", right::write, on(this, &ContactsApi::start_tagging),
                     doc("change_tags", "Add and remove tags on many contacts: those named, or all that fit a filter", "contacts").takes<TaggingIn>().answers<TaggingOut>(202)));
  all.push_back(get("/contacts/tags/{id}", right::read, on(this, &ContactsApi::show_tagging), doc("show_tagging", "How far it is", "contacts").answers<TaggingOut>()));
  all.push_back(post("/contacts/tags/{id}/cancel", right::write, on(this, &ContactsApi::cancel_tagging), doc("cancel_tagging", "Stop it; what is done stays", "contacts").answers<TaggingOut>(), http::BodyKind::none));
  return all;
}

ContactsApi::Answer ContactsApi::list_contacts(http::Request& request) {
  auto const page = page_of(request, {"-created_at", "created_at", "email", "-email"});
  if (!page) co_return page.error();
  auto const filter = contact_filter(request);
  if (!filter) co_return filter.error();
  auto const order = order_of(page->sort);
  auto const found = co_await contacts_.rows(caller(request).context.tenant, *filter, order, page->after, page->limit + 1);
  auto key = [order](db::Row c) { return contacts::Contacts::place(c, order); };
  co_return rows_answer(request, *page, found, row_members<ContactOut>, key);
}

ContactsApi::Answer ContactsApi::count_contacts(http::Request& request) {
  auto const filter = contact_filter(request);
  if (!filter) co_return filter.error();
  auto const count = co_await contacts_.count(caller(request).context.tenant, *filter);
  ContactCountOut const out{count.contacts, count.is_exact};
  co_return ok(json::encode(out));
}

ContactsApi::Answer ContactsApi::export_contacts(http::Request& request) {
  auto const filter = contact_filter(request);
  if (!filter) co_return filter.error();
  auto const tenant = caller(request).context.tenant;
  auto keys = co_await contacts_.attribute_keys(tenant);
  http::Response response;
  response.headers.set("Content-Type", "text/csv; charset=utf-8");
  response.headers.set("Content-Disposition", "attachment; filename=\"contacts.csv\"");
  response.headers.set("Cache-Control", "no-store");
  response.stream = contact_stream(contacts_, tenant, *filter, std::move(keys));
  co_return response;
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
  auto const c = co_await contacts_.row(caller(request).context.tenant, *id);
  if (!c) co_return not_found("contact", id->str());
  co_return with_etag(row_answer(*c, row_members<ContactOut>), c->instant(updated_at_column));
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
  auto const before = co_await contacts_.find(caller(request).context.tenant, *id);
  if (!before) co_return before.error();
  if (auto const fresh = check_if_match(request, before->updated_at); !fresh) co_return fresh.error();
  auto const gone = co_await contacts_.remove(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

ContactsApi::Answer ContactsApi::export_contact(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const out = co_await contacts_.export_of(caller(request).context.tenant, *id);
  if (!out) co_return out.error();
  auto response = ok(*out);
  response.headers.set("Content-Disposition", "attachment; filename=\"contact-" + id->str() + ".json\"");
  response.headers.set("Cache-Control", "no-store");
  co_return response;
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
  std::optional<contacts::TimelinePlace> after;
  if (page->after && page->after->size() == 2)
    if (auto const at = parse_instant((*page->after)[0]))
      if (auto const last = Uuid::parse((*page->after)[1])) after.emplace(*at, *last);
  auto const found = co_await contacts::timeline(store_, tenant, *id, after, page->limit + 1);
  auto encode = [](contacts::Happening const& h) { return shown(h); };
  auto key = [](contacts::Happening const& h) { return std::vector<std::string>{to_text(h.at), h.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

ContactsApi::Answer ContactsApi::start_tagging(http::Request& request) {
  auto wanted = json::read<TaggingIn>(request.body);
  if (!wanted) co_return wanted.error();
  if (wanted->contact_ids.has_value() == wanted->filter.has_value())
    co_return invalid_field("/filter", "required", "give either contact_ids or a filter; an empty filter means everybody");
  contacts::TagChange change;
  change.add = *wanted->add;
  change.remove = *wanted->remove;
  change.ids = wanted->contact_ids;
  if (auto const& f = wanted->filter) {
    change.filter.search = f->search;
    change.filter.email = f->email;
    change.filter.external_id = f->external_id;
    change.filter.tag = f->tag;
    change.filter.segment = f->segment_id;
    change.filter.lead = f->lead_id;
    change.filter.created_from = f->created_from;
    change.filter.created_to = f->created_to;
  }
  auto const t = co_await taggings_.start(context_of(request), std::move(change));
  if (!t) co_return t.error();
  auto response = ok(shown(*t), 202);
  response.headers.set("Location", std::string(prefix) + "/contacts/tags/" + t->id.str());
  co_return response;
}

ContactsApi::Answer ContactsApi::show_tagging(http::Request& request) {
  auto const id = Uuid::parse(request.parameter("id"));
  if (!id) co_return not_found("tagging", request.parameter("id"));
  auto const t = co_await taggings_.find(caller(request).context.tenant, *id);
  if (!t) co_return t.error();
  co_return ok(shown(*t));
}

ContactsApi::Answer ContactsApi::cancel_tagging(http::Request& request) {
  auto const id = Uuid::parse(request.parameter("id"));
  if (!id) co_return not_found("tagging", request.parameter("id"));
  auto const t = co_await taggings_.cancel(context_of(request), *id);
  if (!t) co_return t.error();
  co_return ok(shown(*t));
}

}  // namespace postrider::api
