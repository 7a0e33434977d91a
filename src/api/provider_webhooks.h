// What providers call: signed events about messages. Answers 2xx only when they are durable.
#pragma once

#include "postrider/db/store.h"
#include "postrider/delivery/ingest.h"
#include "postrider/http/router.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace postrider::api {

// Who a provider's address belongs to, and the public key that its posts are signed with.
struct WebhookOwner {
  TenantId tenant;
  std::string kind;
  std::string public_key;  // base64 SPKI; empty when none is set
};
using FindWebhookOwner = std::function<Task<std::optional<WebhookOwner>>(ProviderId provider)>;

class ProviderWebhooks {
 public:
  ProviderWebhooks(FindWebhookOwner find_owner, delivery::Ingest& ingest, Clock const& clock)
      : find_owner_(std::move(find_owner)), ingest_(ingest), clock_(clock) {}
  std::vector<http::Route> routes();

 private:
  Task<http::Response> sendgrid_events(http::Request& request);
  FindWebhookOwner find_owner_;
  delivery::Ingest& ingest_;
  Clock const& clock_;
};

}  // namespace postrider::api
