#include "api/recipient_pages.h"

#include "api/public_page.h"
#include "postrider/consent/consent.h"
#include "postrider/consent/suppression.h"
#include "postrider/identity/identity.h"
#include "sql/contacts.h"
#include "sql/identity.h"

namespace postrider::api {

namespace {

using Member = Task<http::Response> (RecipientPages::*)(http::Request&);

http::Route open_route(std::string method, std::string pattern, RecipientPages* api, Member member) {
  bool const posts = method == "POST";
  http::Route route{.method = std::move(method),
                    .pattern = std::move(pattern),
                    .right = http::Right(identity::right::anonymous),
                    .handler = [api, member](http::Request& request) { return (api->*member)(request); }};
  // Mail programs send the RFC 8058 body as a form or as multipart; what it says does not matter.
  if (posts) route.body = http::BodyKind::raw;
  route.body_limit = 64 * 1024;
  route.doc.hidden = true;
  return route;
}

http::Response broken_link() {
  PublicPage const page{.brand = "", .title = "This link does not work", .paragraphs = {"It may have been shortened or changed on its way. Please use the link in the original mail."}};
  return public_page(404, page);
}

Context recipient(http::Request const& request, TenantId tenant) {
  Context context;
  context.tenant = tenant;
  context.actor = Actor{ActorKind::recipient, Uuid()};
  context.request_id = request.request_id;
  context.ip_address = request.remote_ip;
  context.user_agent = std::string(request.headers.get("User-Agent").substr(0, 400));
  return context;
}

}  // namespace

std::vector<http::Route> RecipientPages::routes() {
  std::vector<http::Route> all;
  all.push_back(open_route("GET", "/u/{token}", this, &RecipientPages::show_unsubscribe));
  all.push_back(open_route("POST", "/u/{token}", this, &RecipientPages::unsubscribe));
  all.push_back(open_route("GET", "/p/{token}", this, &RecipientPages::show_preferences));
  all.push_back(open_route("POST", "/p/{token}", this, &RecipientPages::set_preferences));
  return all;
}

Task<http::Response> RecipientPages::show_unsubscribe(http::Request& request) {
  auto const token = tokens_.unsubscribe(request.parameter("token"));
  if (!token) co_return broken_link();
  auto const tenant = co_await store_.maybe(sql::identity::tenant, token->tenant);
  PublicPage page{.brand = tenant ? tenant->text(1) : "", .title = "Unsubscribe", .paragraphs = {"Press the button and you will get no more of these mails."}};
  page.form = "<form method=\"post\"><button type=\"submit\">Unsubscribe</button></form>";
  co_return public_page(200, page);
}

Task<http::Response> RecipientPages::unsubscribe(http::Request& request) {
  auto const token = tokens_.unsubscribe(request.parameter("token"));
  if (!token) co_return broken_link();
  auto const contact = co_await store_.maybe(sql::contacts::find, token->tenant, token->contact);
  if (contact && !contact->is_null(1)) {
    auto tx = co_await store_.begin();
    std::vector<consent::Suppress> wanted;
    wanted.push_back(consent::Suppress{.email_address = contact->text(1), .reason = "unsubscribe", .source = "unsubscribe_link", .message_id = token->message});
    co_await consent::suppress(tx, recipient(request, token->tenant), std::move(wanted), ids_, clock_.now());
    co_await tx.exec(sql::contacts::note_unsubscribe, token->tenant, token->message, clock_.now());
    co_await tx.commit();
  }
  auto const tenant = co_await store_.maybe(sql::identity::tenant, token->tenant);
  PublicPage const page{.brand = tenant ? tenant->text(1) : "", .title = "You are unsubscribed", .paragraphs = {"It has taken effect. You will get no more of these mails."}};
  co_return public_page(200, page);
}

Task<http::Response> RecipientPages::show_preferences(http::Request& request) {
  auto const token = tokens_.preferences(request.parameter("token"));
  if (!token) co_return broken_link();
  auto const tenant = co_await store_.maybe(sql::identity::tenant, token->tenant);
  bool granted = false;
  for (auto const& c : co_await consent::of_contact(store_, token->tenant, token->contact))
    if (c.channel == "email" && c.consent_type == "marketing") granted = c.status == "granted";
  PublicPage page{.brand = tenant ? tenant->text(1) : "", .title = "Your preferences", .paragraphs = {"Choose what you want to get."}};
  page.form = "<form method=\"post\"><label><input type=\"checkbox\" name=\"email_marketing\" value=\"1\"" + std::string(granted ? " checked" : "") +
              "> News and offers by e-mail</label><p></p><button type=\"submit\">Save</button></form>";
  co_return public_page(200, page);
}

Task<http::Response> RecipientPages::set_preferences(http::Request& request) {
  auto const token = tokens_.preferences(request.parameter("token"));
  if (!token) co_return broken_link();
  bool const wants = request.body.find("email_marketing=1") != std::string::npos;
  auto const context = recipient(request, token->tenant);
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  consent::Proof proof{.status = wants ? "granted" : "denied", .source = "preference_page", .ip_address = context.ip_address, .user_agent = context.user_agent};
  auto const set = co_await consent::set(tx, context, token->contact, "email", "marketing", std::move(proof), ids_, now);
  if (!set) co_return broken_link();
  if (wants) co_await tx.exec(sql::contacts::lift_unsubscribe, token->tenant, token->contact);
  co_await tx.commit();
  auto const tenant = co_await store_.maybe(sql::identity::tenant, token->tenant);
  PublicPage const page{.brand = tenant ? tenant->text(1) : "", .title = "Saved", .paragraphs = {wants ? "You will get our news by e-mail." : "You will get no news by e-mail."}};
  co_return public_page(200, page);
}

}  // namespace postrider::api
