#include "api/provider_webhooks.h"

#include "postrider/base/metrics.h"
#include "postrider/crypto/signing.h"
#include "postrider/delivery/sendgrid_events.h"
#include "postrider/http/problem.h"
#include "postrider/identity/identity.h"

namespace postrider::api {

namespace {

// A post of SendGrid's holds at most 768 KB; batches of thousands by other hands fit as well.
constexpr std::uint64_t body_limit = 16 * 1024 * 1024;

void refused(char const* why) {
  metrics::counter("postrider_api_webhooks_refused_total", "Provider webhooks refused", {{"reason", why}}).add();
}

}  // namespace

std::vector<http::Route> ProviderWebhooks::routes() {
  http::Route route{.method = "POST",
                    .pattern = "/webhooks/sendgrid/{provider_id}/events",
                    .right = http::Right(identity::right::anonymous),
                    .handler = [this](http::Request& request) { return sendgrid_events(request); },
                    .body = http::BodyKind::raw,
                    .body_limit = body_limit};
  route.doc.hidden = true;
  std::vector<http::Route> all;
  all.push_back(std::move(route));
  return all;
}

Task<http::Response> ProviderWebhooks::sendgrid_events(http::Request& request) {
  auto const id = ProviderId::parse(request.parameter("provider_id"));
  std::optional<WebhookOwner> owner;
  if (id) owner = co_await find_owner_(*id);
  if (!owner || owner->kind != "sendgrid") co_return http::problem(not_found("provider", request.parameter("provider_id")));
  if (owner->public_key.empty()) {
    refused("no_key");
    co_return http::problem(forbidden("set settings.webhook_public_key of this provider first: unsigned events are not taken"));
  }
  auto const verifier = crypto::EcdsaVerifier::create(owner->public_key);
  auto const timestamp = request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp");
  auto const signature = request.headers.get("X-Twilio-Email-Event-Webhook-Signature");
  // Over the raw bytes: a re-serialised body would not verify.
  bool const good = verifier && !signature.empty() && verifier->verify(std::string(timestamp) + request.body, signature);
  if (!good) {
    refused("signature");
    co_return http::problem(forbidden("the signature does not fit this body and the provider's public key"));
  }
  auto facts = delivery::read_sendgrid_events(request.body, clock_.now());
  if (!facts) {
    refused("malformed");
    co_return http::problem(facts.error());
  }
  co_await ingest_.take(owner->tenant, std::move(*facts));
  co_return http::no_content();
}

}  // namespace postrider::api
