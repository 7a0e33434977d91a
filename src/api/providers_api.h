// Providers, through which messages leave, and senders, in whose name.
#pragma once

#include "api/resource.h"
#include "postrider/delivery/identities.h"

namespace postrider::api {

class ProvidersApi {
 public:
  explicit ProvidersApi(delivery::Identities& identities)
      : identities_(identities) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list_providers(http::Request& request);
  Answer create_provider(http::Request& request);
  Answer show_provider(http::Request& request);
  Answer change_provider(http::Request& request);
  Answer remove_provider(http::Request& request);
  Answer check_provider(http::Request& request);
  Answer list_senders(http::Request& request);
  Answer create_sender(http::Request& request);
  Answer show_sender(http::Request& request);
  Answer change_sender(http::Request& request);
  Answer remove_sender(http::Request& request);

  delivery::Identities& identities_;
};

}  // namespace postrider::api
