// The pages of recipients: unsubscribing (RFC 8058), with a way back, and preferences. Opening one changes nothing; only a POST does.
#pragma once

#include "api/recipient.h"
#include "postrider/crypto/tokens.h"
#include "postrider/db/store.h"

#include <vector>

namespace postrider::api {

class RecipientPages {
 public:
  RecipientPages(db::Store& store, Clock const& clock, Ids& ids, crypto::Tokens const& tokens, identity::Identity& identity, contacts::Contacts& contacts)
      : store_(store), clock_(clock), ids_(ids), tokens_(tokens), identity_(identity), contacts_(contacts) {}
  std::vector<http::Route> routes();

 private:
  Task<http::Response> show_unsubscribe(http::Request& request);
  Task<http::Response> unsubscribe(http::Request& request);
  Task<http::Response> show_preferences(http::Request& request);
  Task<http::Response> set_preferences(http::Request& request);

  struct Channel {
    std::string name;
    std::string_view label;
    bool granted = false;
    bool blocked = false;  // the address is suppressed for more than an unsubscribe
  };
  // What this person can choose among.
  Task<std::vector<Channel>> channels(Recipient const& recipient);
  Task<void> turn_off_mail(db::Transaction& tx, Recipient const& recipient, MessageId message, std::string source);
  Task<void> turn_on_mail(db::Transaction& tx, Recipient const& recipient, std::string source, std::string text_shown);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  crypto::Tokens const& tokens_;
  identity::Identity& identity_;
  contacts::Contacts& contacts_;
};

}  // namespace postrider::api
