#include "api/recipient_pages.h"

#include "postrider/consent/consent.h"
#include "postrider/consent/suppression.h"
#include "sql/contacts.h"

namespace postrider::api {

namespace {

using Member = Task<http::Response> (RecipientPages::*)(http::Request&);

http::Route route(std::string method, std::string pattern, RecipientPages* pages, Member member) {
  auto handler = [pages, member](http::Request& request) { return (pages->*member)(request); };
  return page_route(std::move(method), std::move(pattern), std::move(handler));
}

std::string aside(std::string const& html) { return "<div class=\"aside\">" + html + "</div>"; }

}  // namespace

std::vector<http::Route> RecipientPages::routes() {
  std::vector<http::Route> all;
  all.push_back(route("GET", "/u/{token}", this, &RecipientPages::show_unsubscribe));
  all.push_back(route("POST", "/u/{token}", this, &RecipientPages::unsubscribe));
  all.push_back(route("GET", "/p/{token}", this, &RecipientPages::show_preferences));
  all.push_back(route("POST", "/p/{token}", this, &RecipientPages::set_preferences));
  return all;
}

Task<http::Response> RecipientPages::show_unsubscribe(http::Request& request) {
  auto const token = tokens_.unsubscribe(request.parameter("token"));
  if (!token) co_return broken_link(request);
  auto const r = co_await recipient_of(request, identity_, contacts_, token->tenant, token->contact);
  std::vector<std::string> lead;
  lead.push_back(r.say(r.texts->unsubscribe_lead));
  auto page = r.page(r.texts->unsubscribe_title, std::move(lead));
  page.form = "<form method=\"post\">" + button(r.texts->unsubscribe_button) + "</form>";
  if (r.contact) {
    crypto::PreferencesToken const preferences{token->tenant, token->message, token->contact};
    page.form += aside("<a href=\"/p/" + tokens_.encode(preferences) + "\">" + html_escaped(r.texts->to_preferences) + "</a>");
  }
  co_return public_page(200, page);
}

Task<http::Response> RecipientPages::unsubscribe(http::Request& request) {
  auto const token = tokens_.unsubscribe(request.parameter("token"));
  if (!token) co_return broken_link(request);
  auto const r = co_await recipient_of(request, identity_, contacts_, token->tenant, token->contact);
  bool const back = form_field(request, "action") == "undo";
  if (back && r.contact) {
    auto const suppressed = co_await consent::find_suppression(store_, token->tenant, r.address());
    if (suppressed && suppressed->reason != "unsubscribe") {
      std::vector<std::string> lead;
      lead.push_back(r.say(r.texts->blocked_lead));
      co_return public_page(200, r.page(r.texts->preferences_title, std::move(lead)));
    }
    auto tx = co_await store_.begin();
    co_await turn_on_mail(tx, r, "resubscribe_link", std::string(r.texts->undo_button));
    co_await tx.commit();
    std::vector<std::string> lead;
    lead.push_back(r.say(r.texts->resubscribed_lead));
    co_return public_page(200, r.page(r.texts->resubscribed_title, std::move(lead)));
  }
  if (r.contact && !back) {
    auto tx = co_await store_.begin();
    co_await turn_off_mail(tx, r, token->message, "unsubscribe_link");
    co_await tx.commit();
  }
  std::vector<std::string> lead;
  lead.push_back(r.say(r.texts->unsubscribed_lead));
  auto page = r.page(r.texts->unsubscribed_title, std::move(lead));
  if (r.contact)
    page.form = aside(html_escaped(r.texts->undo_hint) + "<form method=\"post\">" + button(r.texts->undo_button, "undo", true) + "</form>");
  co_return public_page(200, page);
}

Task<void> RecipientPages::turn_off_mail(db::Transaction& tx, Recipient const& r, MessageId message, std::string source) {
  auto const now = clock_.now();
  if (r.contact->email) {
    std::vector<consent::Suppress> wanted;
    std::optional<MessageId> cause;
    if (!message.is_nil()) cause = message;
    wanted.push_back(consent::Suppress{.email_address = *r.contact->email, .reason = "unsubscribe", .source = source, .message_id = cause});
    co_await consent::suppress(tx, r.context, std::move(wanted), ids_, now);
  } else {
    consent::Proof proof{.status = "denied", .source = source, .ip_address = r.context.ip_address, .user_agent = r.context.user_agent};
    co_await consent::set(tx, r.context, r.contact->id, "email", "marketing", std::move(proof), ids_, now);
  }
  if (!message.is_nil()) co_await tx.exec(sql::contacts::note_unsubscribe, r.context.tenant, message, now);
}

Task<void> RecipientPages::turn_on_mail(db::Transaction& tx, Recipient const& r, std::string source, std::string text_shown) {
  auto const now = clock_.now();
  co_await consent::lift_unsubscribe(tx, r.context, r.contact->id, ids_, now);
  consent::Proof proof{.status = "granted", .source = std::move(source), .ip_address = r.context.ip_address, .user_agent = r.context.user_agent,
                       .text_shown = std::move(text_shown)};
  co_await consent::set(tx, r.context, r.contact->id, "email", "marketing", std::move(proof), ids_, now);
}

Task<std::vector<RecipientPages::Channel>> RecipientPages::channels(Recipient const& r) {
  std::vector<Channel> all;
  if (!r.contact) co_return all;
  auto const consents = co_await consent::of_contact(store_, r.context.tenant, r.contact->id);
  auto status_of = [&consents](std::string_view channel) -> std::string {
    for (auto const& c : consents)
      if (c.channel == channel && c.consent_type == "marketing") return c.status;
    return {};
  };
  if (r.contact->email) {
    Channel mail{"email", r.texts->email_label, status_of("email") == "granted"};
    auto const suppressed = co_await consent::find_suppression(store_, r.context.tenant, *r.contact->email);
    if (suppressed) mail.granted = false;
    mail.blocked = suppressed && suppressed->reason != "unsubscribe";
    all.push_back(std::move(mail));
  }
  if (r.contact->phone) all.push_back(Channel{"sms", r.texts->sms_label, status_of("sms") == "granted"});
  if (auto const push = status_of("push"); !push.empty()) all.push_back(Channel{"push", r.texts->push_label, push == "granted"});
  co_return all;
}

Task<http::Response> RecipientPages::show_preferences(http::Request& request) {
  auto const token = tokens_.preferences(request.parameter("token"));
  if (!token) co_return broken_link(request);
  auto const r = co_await recipient_of(request, identity_, contacts_, token->tenant, token->contact);
  if (!r.contact) co_return broken_link(request);
  auto const offered = co_await channels(r);
  std::vector<std::string> lead;
  lead.push_back(r.say(r.texts->preferences_lead));
  for (auto const& channel : offered)
    if (channel.blocked) lead.push_back(r.say(r.texts->blocked_lead));
  auto page = r.page(r.texts->preferences_title, std::move(lead));
  page.form = "<form method=\"post\"><fieldset><legend>" + html_escaped(r.texts->preferences_legend) + "</legend>";
  for (auto const& channel : offered) {
    page.form += "<label><input type=\"checkbox\" name=\"" + channel.name + "\" value=\"1\"";
    if (channel.granted) page.form += " checked";
    if (channel.blocked) page.form += " disabled";
    page.form += "> <span>" + html_escaped(channel.label) + "</span></label>";
  }
  page.form += "</fieldset><div class=\"row\">" + button(r.texts->save_button, "save") + button(r.texts->none_button, "none", true) + "</div></form>";
  co_return public_page(200, page);
}

Task<http::Response> RecipientPages::set_preferences(http::Request& request) {
  auto const token = tokens_.preferences(request.parameter("token"));
  if (!token) co_return broken_link(request);
  auto const r = co_await recipient_of(request, identity_, contacts_, token->tenant, token->contact);
  if (!r.contact) co_return broken_link(request);
  auto const offered = co_await channels(r);
  bool const none = form_field(request, "action") == "none";
  auto const now = clock_.now();
  bool any = false;
  auto tx = co_await store_.begin();
  for (auto const& channel : offered) {
    bool const wants = !none && !channel.blocked && form_field(request, channel.name) == "1";
    any = any || wants;
    if (wants == channel.granted || channel.blocked) continue;
    auto shown = std::string(r.texts->preferences_legend) + ": " + std::string(channel.label);
    if (channel.name == "email") {
      if (wants) co_await turn_on_mail(tx, r, "preference_page", std::move(shown));
      else co_await turn_off_mail(tx, r, token->message, "preference_page");
      continue;
    }
    consent::Proof proof{.status = wants ? "granted" : "denied", .source = "preference_page", .ip_address = r.context.ip_address,
                         .user_agent = r.context.user_agent, .text_shown = std::move(shown)};
    co_await consent::set(tx, r.context, r.contact->id, channel.name, "marketing", std::move(proof), ids_, now);
  }
  co_await tx.commit();
  std::vector<std::string> lead;
  lead.push_back(r.say(any ? r.texts->saved_some : r.texts->saved_none));
  auto page = r.page(r.texts->saved_title, std::move(lead));
  page.form = aside("<a href=\"/p/" + html_escaped(request.parameter("token")) + "\">" + html_escaped(r.texts->back_to_preferences) + "</a>");
  co_return public_page(200, page);
}

}  // namespace postrider::api
