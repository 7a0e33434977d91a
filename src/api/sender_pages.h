// The page behind a sender's verification mail. Only its button changes something.
#pragma once

#include "postrider/delivery/sender_verification.h"
#include "postrider/http/router.h"

#include <vector>

namespace postrider::api {

class SenderPages {
 public:
  explicit SenderPages(delivery::SenderVerification& verification) : verification_(verification) {}
  std::vector<http::Route> routes();

 private:
  Task<http::Response> show(http::Request& request);
  Task<http::Response> confirm(http::Request& request);

  delivery::SenderVerification& verification_;
};

}  // namespace postrider::api
