// Providers, through which messages leave, and senders, in whose name.
#pragma once

#include "api/resource.h"
#include "postrider/delivery/identities.h"
#include "postrider/delivery/sender_verification.h"

namespace postrider::api {

class ProvidersApi {
 public:
  ProvidersApi(delivery::Identities& identities, delivery::SenderVerification& verification) : identities_(identities), verification_(verification) {}
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
  Answer verify_sender(http::Request& request);
  Answer make_dkim_key(http::Request& request);
  Answer remove_dkim_key(http::Request& request);

  delivery::Identities& identities_;
  delivery::SenderVerification& verification_;
};

}  // namespace postrider::api
