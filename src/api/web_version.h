// "View in browser": a message as a web page. Its links are not tracked, nothing is recorded, and nothing in it runs.
#pragma once

#include "postrider/crypto/tokens.h"
#include "postrider/delivery/messages.h"
#include "postrider/http/router.h"

#include <vector>

namespace postrider::api {

class WebVersion {
 public:
  WebVersion(delivery::Messages& messages, crypto::Tokens const& tokens) : messages_(messages), tokens_(tokens) {}
  std::vector<http::Route> routes();

 private:
  Task<http::Response> show(http::Request& request);

  delivery::Messages& messages_;
  crypto::Tokens const& tokens_;
};

}  // namespace postrider::api
