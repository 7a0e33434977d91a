// The pages of recipients: unsubscribing (RFC 8058) and preferences. Opening one changes nothing; only a POST does.
#pragma once

#include "postrider/crypto/tokens.h"
#include "postrider/db/store.h"
#include "postrider/http/router.h"

#include <vector>

namespace postrider::api {

class RecipientPages {
 public:
  RecipientPages(db::Store& store, Clock const& clock, Ids& ids, crypto::Tokens const& tokens) : store_(store), clock_(clock), ids_(ids), tokens_(tokens) {}
  std::vector<http::Route> routes();

 private:
  Task<http::Response> show_unsubscribe(http::Request& request);
  Task<http::Response> unsubscribe(http::Request& request);
  Task<http::Response> show_preferences(http::Request& request);
  Task<http::Response> set_preferences(http::Request& request);
  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  crypto::Tokens const& tokens_;
};

}  // namespace postrider::api
