// Double opt-in by mail: asks for consent to be confirmed and queues the mail with the link, in one transaction.
// The tenant's settings (identity/tenant_settings.h) may say: {"double_opt_in": {"template_id": …, "sender_id": …, "valid_for": "7d"}}. A template sees
// variables.confirm_url, variables.brand and variables.valid_until; without one there is a built-in mail in the contact's language.
#pragma once

#include "postrider/consent/double_opt_in.h"
#include "postrider/content/templates.h"
#include "postrider/crypto/tokens.h"
#include "postrider/identity/identity.h"

#include <optional>
#include <string>

namespace postrider::delivery {

struct Asked {
  consent::OptIn opt_in;
  std::optional<MessageId> message = {};  // nothing: consent was granted already
};

class Confirmations {
 public:
  Confirmations(db::Store& store, Clock const& clock, Ids& ids, identity::Identity& identity, contacts::Contacts& contacts, content::Templates& templates,
                crypto::Tokens const& tokens, std::string const& public_url)
      : store_(store), clock_(clock), ids_(ids), identity_(identity), contacts_(contacts), templates_(templates), tokens_(tokens), public_url_(public_url) {}

  // Fails with what consent::ask fails with, and with conflict when there is no verified sender to write from.
  Task<Result<Asked>> ask(Context context, ContactId contact, std::string channel, std::string type, consent::Proof proof);

 private:
  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  identity::Identity& identity_;
  contacts::Contacts& contacts_;
  content::Templates& templates_;
  crypto::Tokens const& tokens_;
  std::string const& public_url_;
};

}  // namespace postrider::delivery
