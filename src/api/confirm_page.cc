#include "api/confirm_page.h"

namespace postrider::api {

using consent::Confirmation;

std::vector<http::Route> ConfirmPage::routes() {
  std::vector<http::Route> all;
  all.push_back(page_route("GET", "/confirm/{token}", [this](http::Request& request) { return show(request); }));
  all.push_back(page_route("POST", "/confirm/{token}", [this](http::Request& request) { return confirm(request); }));
  return all;
}

Task<http::Response> ConfirmPage::show(http::Request& request) {
  auto const token = tokens_.confirm(request.parameter("token"));
  if (!token) co_return broken_link(request);
  auto const r = co_await recipient_of(request, identity_, contacts_, token->tenant, token->contact);
  auto const state = co_await consent::state(store_, token->tenant, token->consent, clock_.now());
  co_return page_of(request, r, state);
}

Task<http::Response> ConfirmPage::confirm(http::Request& request) {
  auto const token = tokens_.confirm(request.parameter("token"));
  if (!token) co_return broken_link(request);
  auto const r = co_await recipient_of(request, identity_, contacts_, token->tenant, token->contact);
  auto const before = co_await consent::state(store_, token->tenant, token->consent, clock_.now());
  bool const can_ask = before.confirmation == Confirmation::expired || before.confirmation == Confirmation::withdrawn;
  if (can_ask && r.contact && form_field(request, "action") == "again") co_return co_await ask_again(r, before);
  if (before.confirmation != Confirmation::possible || !r.contact) co_return page_of(request, r, before);
  auto tx = co_await store_.begin();
  auto const after = co_await consent::confirm(tx, r.context, token->consent, r.say_openly(r.texts->confirm_consent), ids_, clock_.now());
  co_await tx.commit();
  co_return page_of(request, r, after);
}

Task<http::Response> ConfirmPage::ask_again(Recipient const& r, consent::OptInState const& before) {
  consent::Proof proof{.status = "pending", .source = before.opt_in.source, .ip_address = r.context.ip_address, .user_agent = r.context.user_agent};
  auto const asked = co_await confirmations_.ask(r.context, r.contact->id, before.opt_in.channel, before.opt_in.consent_type, std::move(proof));
  std::vector<std::string> lead;
  if (asked && asked->opt_in.confirmed_at) {
    lead.push_back(r.say(r.texts->confirmed_lead));
    co_return public_page(200, r.page(r.texts->confirmed_title, std::move(lead)));
  }
  // That nothing can be sent just now is no business of the recipient's: trying later is the remedy in every case.
  lead.push_back(r.say(asked ? r.texts->again_lead : r.texts->too_soon_lead));
  co_return public_page(asked ? 200 : 429, r.page(r.texts->again_title, std::move(lead)));
}

http::Response ConfirmPage::page_of(http::Request const& request, Recipient const& r, consent::OptInState const& state) {
  if (state.confirmation == Confirmation::unknown || !r.contact) return broken_link(request);
  std::vector<std::string> lead;
  if (state.confirmation == Confirmation::confirmed) {
    lead.push_back(r.say(r.texts->confirmed_lead));
    return public_page(200, r.page(r.texts->confirmed_title, std::move(lead)));
  }
  if (state.confirmation == Confirmation::possible) {
    lead.push_back(r.say_openly(r.texts->confirm_consent));
    auto page = r.page(r.texts->confirm_title, std::move(lead));
    page.form = "<form method=\"post\">" + button(r.texts->confirm_button, "confirm") + "</form><div class=\"aside\">" + html_escaped(r.texts->confirm_ignore) + "</div>";
    return public_page(200, page);
  }
  bool const expired = state.confirmation == Confirmation::expired;
  lead.push_back(r.say(expired ? r.texts->expired_lead : r.texts->withdrawn_lead));
  auto page = r.page(r.texts->expired_title, std::move(lead));
  page.form = "<form method=\"post\">" + button(r.texts->again_button, "again") + "</form>";
  return public_page(410, page);
}

}  // namespace postrider::api
