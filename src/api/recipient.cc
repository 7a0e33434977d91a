#include "api/recipient.h"

namespace postrider::api {

std::string Recipient::address() const { return contact && contact->email ? *contact->email : std::string("…"); }

std::string Recipient::masked() const {
  auto const whole = address();
  auto const at = whole.rfind('@');
  if (at == std::string::npos) return whole;
  // The first character, which may take several bytes.
  std::size_t first = 1;
  while (first < at && (static_cast<unsigned char>(whole[first]) & 0xC0) == 0x80) ++first;
  return whole.substr(0, first) + "…" + whole.substr(at);
}

std::string Recipient::say(std::string_view text) const { return content::said(text, {{"brand", brand}, {"address", masked()}}); }

std::string Recipient::say_openly(std::string_view text) const { return content::said(text, {{"brand", brand}, {"address", address()}}); }

PublicPage Recipient::page(std::string_view title, std::vector<std::string> paragraphs) const {
  PublicPage page;
  page.brand = brand;
  page.title = say(title);
  page.paragraphs = std::move(paragraphs);
  page.language = std::string(texts->language);
  page.accent = accent;
  page.footer = footer;
  return page;
}

Task<Recipient> recipient_of(http::Request const& request, identity::Identity& identity, contacts::Contacts& contacts, TenantId tenant, ContactId contact) {
  Recipient r;
  r.context.tenant = tenant;
  r.context.actor.kind = ActorKind::recipient;
  r.context.request_id = request.request_id;
  r.context.ip_address = request.remote_ip;
  r.context.user_agent = std::string(request.headers.get("User-Agent").substr(0, 400));
  if (!contact.is_nil()) {
    auto found = co_await contacts.find(tenant, contact);
    if (found) r.contact = std::move(*found);
  }
  auto const locale = r.contact ? r.contact->locale.value_or("") : std::string();
  r.texts = &content::recipient_texts(locale, request.headers.get("Accept-Language"));
  auto const owner = co_await identity.tenant(tenant);
  if (!owner) co_return r;
  auto const brand = owner->settings.brand.value_or(identity::Brand());
  r.brand = brand.name.value_or(owner->name);
  r.accent = brand.color.value_or("");
  r.footer = brand.footer.value_or("");
  co_return r;
}

http::Response broken_link(http::Request const& request) {
  auto const& texts = content::recipient_texts("", request.headers.get("Accept-Language"));
  PublicPage page;
  page.title = std::string(texts.broken_title);
  page.paragraphs.emplace_back(texts.broken_lead);
  page.language = std::string(texts.language);
  return public_page(404, page);
}

http::Route page_route(std::string method, std::string pattern, http::Handler handler) {
  bool const posts = method == "POST";
  http::Route route{.method = std::move(method), .pattern = std::move(pattern), .right = http::Right(identity::right::anonymous), .handler = std::move(handler)};
  // Mail programs send the RFC 8058 body as a form or as multipart; what it says does not matter.
  if (posts) route.body = http::BodyKind::raw;
  route.body_limit = 64 * 1024;
  route.doc.hidden = true;
  return route;
}

std::string form_field(http::Request const& request, std::string_view name) {
  auto const form = http::Query::parse(request.body);
  if (!form) return {};
  auto const* const value = form->find(name);
  return value ? *value : std::string();
}

std::string button(std::string_view label, std::string_view action, bool quiet) {
  std::string html = "<button type=\"submit\"";
  if (quiet) html += " class=\"quiet\"";
  if (!action.empty()) html += " name=\"action\" value=\"" + html_escaped(action) + "\"";
  return html + ">" + html_escaped(label) + "</button>";
}

}  // namespace postrider::api
