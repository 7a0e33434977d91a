// Budgets, retries and the frequency cap of a tenant.
#pragma once

#include "api/resource.h"
#include "postrider/db/store.h"

namespace postrider::api {

class SendingPolicyApi {
 public:
  SendingPolicyApi(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer show_limits(http::Request& request);
  Answer put_limits(http::Request& request);
  Answer show_policy(http::Request& request);
  Answer put_policy(http::Request& request);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

}  // namespace postrider::api
