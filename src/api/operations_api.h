// What operators and their tools ask: alive, ready, metrics, and the API's own description.
#pragma once

#include "postrider/db/store.h"
#include "postrider/http/router.h"

#include <string>
#include <vector>

namespace postrider::api {

class OperationsApi {
 public:
  explicit OperationsApi(db::Store& store) : store_(store) {}
  std::vector<http::Route> routes();
  // Set once all routes are known.
  void describe(std::string openapi) { openapi_ = std::move(openapi); }
  // From now on /readyz says no: a load balancer sends nothing new.
  void drain() { draining_ = true; }

 private:
  Task<http::Response> alive(http::Request& request);
  Task<http::Response> ready(http::Request& request);
  Task<http::Response> metrics(http::Request& request);
  Task<http::Response> openapi(http::Request& request);
  db::Store& store_;
  std::string openapi_;
  bool draining_ = false;
};

}  // namespace postrider::api
