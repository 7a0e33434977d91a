// Who looks at one of the recipients' pages: in whose name it speaks, to whom, and in which language.
#pragma once

#include "api/public_page.h"
#include "postrider/base/context.h"
#include "postrider/contacts/contacts.h"
#include "postrider/content/recipient_texts.h"
#include "postrider/http/router.h"
#include "postrider/identity/identity.h"

#include <optional>
#include <string>
#include <string_view>

namespace postrider::api {

struct Recipient {
  Context context;                             // acts as the recipient
  std::optional<contacts::Contact> contact;    // gone when deleted or erased; none behind the links of test mails
  content::RecipientTexts const* texts = nullptr;
  std::string brand, accent, footer;

  // "j…@example.net": a forwarded mail need not tell the whole address.
  std::string masked() const;
  std::string address() const;
  // One of the texts with brand and address filled in.
  std::string say(std::string_view text) const;
  std::string say_openly(std::string_view text) const;  // with the whole address
  PublicPage page(std::string_view title, std::vector<std::string> paragraphs) const;
};

Task<Recipient> recipient_of(http::Request const& request, identity::Identity& identity, contacts::Contacts& contacts, TenantId tenant, ContactId contact);

// For links that say nothing.
http::Response broken_link(http::Request const& request);

// GET and POST without credentials, outside the API. Bodies are forms of any kind, up to 64 KB.
http::Route page_route(std::string method, std::string pattern, http::Handler handler);
// A field of a form that browsers send (urlencoded); empty when it is not there, or the form is of another kind.
std::string form_field(http::Request const& request, std::string_view name);
// "<button …>": escapes.
std::string button(std::string_view label, std::string_view action = {}, bool quiet = false);

}  // namespace postrider::api
