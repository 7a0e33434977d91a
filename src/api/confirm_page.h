// The page behind the link of a double opt-in mail: a button confirms, an expired link can be asked for anew. Opening it changes nothing.
#pragma once

#include "api/recipient.h"
#include "postrider/crypto/tokens.h"
#include "postrider/db/store.h"
#include "postrider/delivery/confirmations.h"

#include <vector>

namespace postrider::api {

class ConfirmPage {
 public:
  ConfirmPage(db::Store& store, Clock const& clock, Ids& ids, crypto::Tokens const& tokens, identity::Identity& identity, contacts::Contacts& contacts,
              delivery::Confirmations& confirmations)
      : store_(store), clock_(clock), ids_(ids), tokens_(tokens), identity_(identity), contacts_(contacts), confirmations_(confirmations) {}
  std::vector<http::Route> routes();

 private:
  Task<http::Response> show(http::Request& request);
  Task<http::Response> confirm(http::Request& request);
  Task<http::Response> ask_again(Recipient const& recipient, consent::OptInState const& before);
  static http::Response page_of(http::Request const& request, Recipient const& recipient, consent::OptInState const& state);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  crypto::Tokens const& tokens_;
  identity::Identity& identity_;
  contacts::Contacts& contacts_;
  delivery::Confirmations& confirmations_;
};

}  // namespace postrider::api
