// What mail programs call: the open pixel and the click redirect. Both record a raw fact and change nothing else.
#pragma once

#include "postrider/crypto/tokens.h"
#include "postrider/delivery/fact_spool.h"
#include "postrider/delivery/ingest.h"
#include "postrider/delivery/link_targets.h"
#include "postrider/http/router.h"

#include <vector>

namespace postrider::api {

class TrackingApi {
 public:
  TrackingApi(crypto::Tokens const& tokens, delivery::Ingest& ingest, delivery::LinkTargets& targets, delivery::FactSpool& spool, Clock const& clock)
      : tokens_(tokens), ingest_(ingest), targets_(targets), spool_(spool), clock_(clock) {}
  std::vector<http::Route> routes();

 private:
  Task<http::Response> opened(http::Request& request);
  Task<http::Response> clicked(http::Request& request);
  Task<std::optional<delivery::LinkTarget>> target_of(crypto::ClickToken const& token);
  // A fact that cannot be stored now goes to the spool rather than that the reader is kept waiting.
  Task<void> record(TenantId tenant, delivery::Fact fact);
  crypto::Tokens const& tokens_;
  delivery::Ingest& ingest_;
  delivery::LinkTargets& targets_;
  delivery::FactSpool& spool_;
  Clock const& clock_;
  std::chrono::steady_clock::time_point away_until_{};  // the database was away a moment ago: do not wait for it again
};

}  // namespace postrider::api
