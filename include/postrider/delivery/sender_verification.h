// Proves that a sender's address is read by whoever wants to send in its name: a signed link goes there, and the button on its page
// verifies the sender. Opening the link changes nothing: mail scanners do that too.
#pragma once

#include "postrider/base/context.h"
#include "postrider/crypto/tokens.h"
#include "postrider/delivery/identities.h"

#include <optional>
#include <string>
#include <string_view>

namespace postrider::delivery {

class SenderVerification {
 public:
  SenderVerification(db::Store& store, Clock const& clock, Ids& ids, Identities& identities, crypto::Tokens const& tokens, std::string const& public_url)
      : store_(store), clock_(clock), ids_(ids), identities_(identities), tokens_(tokens), public_url_(public_url) {}

  struct Sent {
    std::string to;
    MessageId message;
  };
  // Fails with not_found; conflict when it is verified already; paced: at most one a minute.
  Task<Result<Sent>> send(Context context, SenderId id);

  // The sender a link speaks of; nothing when it is not one of ours, or the address has changed since.
  Task<std::optional<Sender>> sender_of(std::string_view token);
  // What the button does. Nothing as above.
  Task<std::optional<Sender>> confirm(std::string_view token, Context recipient);

 private:
  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  Identities& identities_;
  crypto::Tokens const& tokens_;
  std::string const& public_url_;
};

}  // namespace postrider::delivery
