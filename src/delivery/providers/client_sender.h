// Providers' requests over the one way out (http/client.h), with its guard.
#pragma once

#include "http_sender.h"

#include "postrider/http/client.h"

namespace postrider::delivery {

class ClientSender : public HttpSender {
 public:
  // `client` must outlive it; `purpose` labels its metrics.
  ClientSender(http::Client& client, std::string purpose) : client_(client), purpose_(std::move(purpose)) {}
  Task<HttpAnswer> send(HttpCall call) override;

 private:
  http::Client& client_;
  std::string purpose_;
};

}  // namespace postrider::delivery
