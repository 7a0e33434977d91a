#include "api/consent_api.h"

#include "postrider/contacts/csv_cell.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

struct ConsentIn {
  std::string status;
  std::optional<std::string> source, ip_address, text_shown;
  std::optional<Instant> expires_at;
  static constexpr json::Rule json_rules[] = {json::length("source", 0, 100), json::length("ip_address", 0, 60), json::length("text_shown", 0, 4000)};
  static constexpr std::string_view json_name = "ConsentInput";
  static constexpr std::string_view json_read_only[] = {"id", "contact_id", "channel", "consent_type", "granted_at", "revoked_at", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(ConsentIn, (), (status, source, ip_address, text_shown, expires_at))

struct ConsentRequestIn {
  std::optional<std::string> source, ip_address, text_shown;
  static constexpr json::Rule json_rules[] = {json::length("source", 0, 80), json::length("ip_address", 0, 60), json::length("text_shown", 0, 4000)};
  static constexpr std::string_view json_name = "ConsentRequestInput";
};
BOOST_DESCRIBE_STRUCT(ConsentRequestIn, (), (source, ip_address, text_shown))

struct ConsentRequestOut {
  Uuid id;
  ContactId contact_id;
  std::string channel, consent_type, status;
  Instant requested_at, expires_at;
  std::optional<Instant> confirmed_at;
  std::optional<MessageId> message_id;
  static constexpr std::string_view json_name = "ConsentRequest";
};
BOOST_DESCRIBE_STRUCT(ConsentRequestOut, (), (id, contact_id, channel, consent_type, status, requested_at, expires_at, confirmed_at, message_id))

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

struct ConsentEntryOut {
  Uuid id;
  ContactId contact_id;
  std::string channel, consent_type, status;
  std::optional<std::string> source, ip_address, user_agent, text_shown;
  std::string actor_kind;
  std::optional<Uuid> actor_id;
  Instant occurred_at;
  static constexpr std::string_view json_name = "ConsentEntry";
};
BOOST_DESCRIBE_STRUCT(ConsentEntryOut, (), (id, contact_id, channel, consent_type, status, source, ip_address, user_agent, text_shown, actor_kind, actor_id, occurred_at))

boost::json::value shown(consent::Consent const& c) {
  ConsentOut const out{c.id, c.contact_id, c.channel, c.consent_type, c.status, c.source, c.ip_address, c.text_shown, c.granted_at, c.revoked_at, c.expires_at, c.created_at, c.updated_at};
  return json::encode(out);
}

boost::json::value shown(consent::Entry const& e) {
  ConsentEntryOut const out{e.id, e.contact_id, e.channel, e.consent_type, e.status, e.source, e.ip_address, e.user_agent, e.text_shown, e.actor_kind, e.actor_id, e.occurred_at};
  return json::encode(out);
}

std::optional<consent::Place> place_of(Page const& page) {
  if (!page.after || page.after->size() != 2) return std::nullopt;
  auto const at = parse_instant((*page.after)[0]);
  auto const id = Uuid::parse((*page.after)[1]);
  if (!at || !id) return std::nullopt;
  return consent::Place(*at, *id);
}

// The whole history, in the order it was written.
class HistoryStream : public http::BodyStream {
 public:
  HistoryStream(db::Store& store, TenantId tenant) : store_(store), tenant_(tenant) {}

  Task<std::optional<std::string>> next() override {
    if (ended_) co_return std::nullopt;
    std::string out;
    if (after_.is_nil()) out = "id,occurred_at,contact_id,email,channel,consent_type,status,source,ip_address,user_agent,text_shown,actor_kind,actor_id\r\n";
    auto const found = co_await consent::whole_history(store_, tenant_, after_, page);
    for (auto const& e : found) {
      out += e.id.str() + "," + to_rfc3339(e.occurred_at) + "," + e.contact_id.str();
      for (auto const& text : {e.email, std::optional(e.channel), std::optional(e.consent_type), std::optional(e.status), e.source, e.ip_address, e.user_agent,
                               e.text_shown, std::optional(e.actor_kind)}) {
        out += ',';
        if (text) contacts::append_csv_cell(out, *text);
      }
      out += "," + (e.actor_id ? e.actor_id->str() : std::string()) + "\r\n";
      after_ = e.id;
    }
    ended_ = static_cast<int>(found.size()) < page;
    co_return out;
  }

 private:
  static constexpr int page = 1000;
  db::Store& store_;
  TenantId tenant_;
  Uuid after_;
  bool ended_ = false;
};

}  // namespace

std::vector<http::Route> ConsentApi::routes() {
  std::vector<http::Route> all;
  all.push_back(put("/contacts/{id}/consents/{channel}/{type}", right::write, on(this, &ConsentApi::put_consent),
                    doc("set_consent", "Record consent with its proof; nothing is sent, whatever the status", "consent").takes<ConsentIn>().answers<ConsentOut>()));
  all.push_back(post("/contacts/{id}/consents/{channel}/{type}/request", right::write, on(this, &ConsentApi::request_consent),
                     doc("request_consent", "Ask for consent by mail (double opt-in): it is pending until the link in the mail is confirmed", "consent")
                         .takes<ConsentRequestIn>().answers<ConsentRequestOut>(202, "The mail is queued").answers<ConsentRequestOut>(200, "Consent is granted already; nothing is sent")));
  all.push_back(get("/contacts/{id}/consents", right::read, on(this, &ConsentApi::of_contact), doc("contact_consents", "Consents of a contact", "consent").paged().answers_list<ConsentOut>()));
  all.push_back(get("/contacts/{id}/consents/history", right::read, on(this, &ConsentApi::history),
                    doc("consent_history", "Every change of a contact's consents with its proof, latest first", "consent").paged().answers_list<ConsentEntryOut>()));
  all.push_back(get("/consents", right::read, on(this, &ConsentApi::list_consents),
                    doc("list_consents", "Consents, latest change first", "consent").paged().query("contact_id", "Of this contact")
                        .query("status", "With this status", "string", {"granted", "denied", "pending"}).query("channel", "For this channel", "string", {"email", "sms", "push"})
                        .query("consent_type", "For this purpose", "string", {"marketing", "transactional"}).answers_list<ConsentOut>()));
  all.push_back(get("/consents/export", right::admin, on(this, &ConsentApi::export_history),
                    doc("export_consents", "Every consent ever recorded, with its proof, as CSV", "consent").answer(200, "", "", "text/csv")));
  return all;
}

ConsentApi::Answer ConsentApi::put_consent(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto wanted = json::read<ConsentIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const context = context_of(request);
  consent::Proof proof{.status = wanted->status, .source = wanted->source, .ip_address = wanted->ip_address, .text_shown = wanted->text_shown, .expires_at = wanted->expires_at};
  auto tx = co_await store_.begin();
  auto const set = co_await consent::set(tx, context, *id, std::string(request.parameter("channel")), std::string(request.parameter("type")), std::move(proof), ids_, clock_.now());
  if (!set) co_return set.error();
  co_await tx.commit();
  co_return ok(shown(*set));
}

ConsentApi::Answer ConsentApi::request_consent(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto wanted = json::read<ConsentRequestIn>(request.body.empty() ? std::string_view("{}") : std::string_view(request.body));
  if (!wanted) co_return wanted.error();
  consent::Proof proof{.status = "pending", .source = wanted->source, .ip_address = wanted->ip_address, .text_shown = wanted->text_shown};
  auto const asked = co_await confirmations_.ask(context_of(request), *id, std::string(request.parameter("channel")), std::string(request.parameter("type")), std::move(proof));
  if (!asked) co_return asked.error();
  auto const& o = asked->opt_in;
  ConsentRequestOut const out{o.id, o.contact_id, o.channel, o.consent_type, o.confirmed_at ? "granted" : "pending", o.requested_at, o.expires_at, o.confirmed_at, asked->message};
  co_return ok(json::encode(out), o.confirmed_at ? 200 : 202);
}

ConsentApi::Answer ConsentApi::of_contact(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const tenant = caller(request).context.tenant;
  auto const known = co_await contacts_.find(tenant, *id);
  if (!known) co_return known.error();
  consent::ConsentFilter filter;
  filter.contact = *id;
  auto const found = co_await consent::list(store_, tenant, filter, place_of(*page), page->limit + 1);
  auto encode = [](consent::Consent const& c) { return shown(c); };
  auto key = [](consent::Consent const& c) { return std::vector<std::string>{to_text(c.updated_at), c.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

ConsentApi::Answer ConsentApi::history(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const tenant = caller(request).context.tenant;
  auto const known = co_await contacts_.find(tenant, *id);
  if (!known) co_return known.error();
  auto const found = co_await consent::history(store_, tenant, *id, place_of(*page), page->limit + 1);
  auto encode = [](consent::Entry const& e) { return shown(e); };
  auto key = [](consent::Entry const& e) { return std::vector<std::string>{to_text(e.occurred_at), e.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

ConsentApi::Answer ConsentApi::list_consents(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  consent::ConsentFilter filter;
  auto const contact = query_id<ContactId>(request, "contact_id");
  if (!contact) co_return contact.error();
  filter.contact = *contact;
  for (auto const& [name, slot] : {std::pair{"status", &filter.status}, std::pair{"channel", &filter.channel}, std::pair{"consent_type", &filter.type}}) {
    auto text = query_text(request, name);
    if (!text) co_return text.error();
    *slot = std::move(*text);
  }
  auto const found = co_await consent::list(store_, caller(request).context.tenant, filter, place_of(*page), page->limit + 1);
  auto encode = [](consent::Consent const& c) { return shown(c); };
  auto key = [](consent::Consent const& c) { return std::vector<std::string>{to_text(c.updated_at), c.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

ConsentApi::Answer ConsentApi::export_history(http::Request& request) {
  http::Response response;
  response.headers.set("Content-Type", "text/csv; charset=utf-8");
  response.headers.set("Content-Disposition", "attachment; filename=\"consents.csv\"");
  response.headers.set("Cache-Control", "no-store");
  response.stream = std::make_unique<HistoryStream>(store_, caller(request).context.tenant);
  co_return response;
}

}  // namespace postrider::api
