#include "api/consent_api.h"

#include "postrider/consent/suppression.h"
#include "postrider/contacts/email_address.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

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

boost::json::value shown(consent::Suppression const& s) {
  SuppressionOut const out{s.id, s.email_address, s.reason, s.source, s.created_at, s.updated_at};
  return json::encode(out);
}

}  // namespace

boost::json::value consent_answer(consent::Consent const& c) {
  ConsentOut const out{c.id, c.contact_id, c.channel, c.consent_type, c.status, c.source, c.ip_address, c.text_shown, c.granted_at, c.revoked_at, c.expires_at, c.created_at, c.updated_at};
  return json::encode(out);
}

std::vector<http::Route> ConsentApi::routes() {
  std::vector<http::Route> all;
  all.push_back(put("/contacts/{id}/consents/{channel}/{type}", right::write, on(this, &ConsentApi::put_consent), doc("set_consent", "Record consent with its proof", "consent").takes<ConsentIn>().answers<ConsentOut>()));
  all.push_back(get("/consents", right::read, on(this, &ConsentApi::list_consents), doc("list_consents", "Consents", "consent").paged().query("contact_id", "Of this contact").query("status", "With this status").answers_list<ConsentOut>()));
  all.push_back(get("/suppressions", right::read, on(this, &ConsentApi::list_suppressions), doc("list_suppressions", "Addresses never to write to", "consent").paged().query("email_address", "Exactly this address").answers_list<SuppressionOut>()));
  all.push_back(post("/suppressions", right::write, on(this, &ConsentApi::create_suppression), doc("create_suppression", "Never write to this address again", "consent").takes<SuppressionIn>().answers<SuppressionOut>(201)));
  all.push_back(del("/suppressions/{id}", right::admin, on(this, &ConsentApi::remove_suppression), doc("delete_suppression", "Allow an address again", "consent").answer(204)));
  return all;
}

ConsentApi::Answer ConsentApi::put_consent(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto wanted = json::read<ConsentIn>(request.body);
  if (!wanted) co_return wanted.error();
  consent::Proof proof{.status = wanted->status, .source = wanted->source, .ip_address = wanted->ip_address, .text_shown = wanted->text_shown, .expires_at = wanted->expires_at};
  auto tx = co_await store_.begin();
  auto const set = co_await consent::set(tx, context_of(request), *id, std::string(request.parameter("channel")), std::string(request.parameter("type")), std::move(proof), ids_, clock_.now());
  if (!set) co_return set.error();
  co_await tx.commit();
  co_return ok(consent_answer(*set));
}

ConsentApi::Answer ConsentApi::list_consents(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const contact = query_id<ContactId>(request, "contact_id");
  if (!contact) co_return contact.error();
  auto const status = query_text(request, "status");
  if (!status) co_return status.error();
  auto const found = co_await consent::list(store_, caller(request).context.tenant, *contact, *status, page->limit);
  auto encode = [](consent::Consent const& c) { return consent_answer(c); };
  auto key = [](consent::Consent const& c) { return std::vector<std::string>{c.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

ConsentApi::Answer ConsentApi::list_suppressions(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const email = query_text(request, "email_address");
  if (!email) co_return email.error();
  auto const found = co_await consent::list_suppressions(store_, caller(request).context.tenant, *email, last_id<SuppressionId>(*page), page->limit + 1);
  auto encode = [](consent::Suppression const& s) { return shown(s); };
  auto key = [](consent::Suppression const& s) { return std::vector<std::string>{s.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

ConsentApi::Answer ConsentApi::create_suppression(http::Request& request) {
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

ConsentApi::Answer ConsentApi::remove_suppression(http::Request& request) {
  auto const id = path_id<SuppressionId>(request, "suppression");
  if (!id) co_return id.error();
  auto const gone = co_await consent::lift_suppression(store_, context_of(request), *id, ids_, clock_.now());
  if (!gone) co_return gone.error();
  co_return no_content();
}

}  // namespace postrider::api
