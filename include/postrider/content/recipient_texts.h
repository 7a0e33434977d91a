// Every word that recipients read on postrider's own pages and in its own mail, in one place and in several languages. {brand} and {address}
// are filled in by `said`; nothing in here is HTML.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace postrider::content {

struct RecipientTexts {
  std::string_view language;  // of the page: "en"
  std::string_view broken_title, broken_lead;
  std::string_view unsubscribe_title, unsubscribe_lead, unsubscribe_button, to_preferences;
  std::string_view unsubscribed_title, unsubscribed_lead, undo_hint, undo_button;
  std::string_view resubscribed_title, resubscribed_lead;
  std::string_view preferences_title, preferences_lead, preferences_legend, email_label, sms_label, push_label, save_button, none_button;
  std::string_view saved_title, saved_some, saved_none, back_to_preferences, blocked_lead;
  std::string_view confirm_title, confirm_consent, confirm_button, confirm_ignore;
  std::string_view confirmed_title, confirmed_lead;
  std::string_view expired_title, expired_lead, withdrawn_lead, again_button, again_title, again_lead, too_soon_lead;
  std::string_view mail_subject, mail_lead, mail_button, mail_expiry, mail_ignore;
};

// The first of these that is spoken here: a contact's locale ("de-AT"), then what the browser asks for (an Accept-Language header).
RecipientTexts const& recipient_texts(std::string_view locale, std::string_view accept_language);

// The text with its {names} filled in.
std::string said(std::string_view text, std::initializer_list<std::pair<std::string_view, std::string_view>> names);

}  // namespace postrider::content
