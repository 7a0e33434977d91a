// Opens and clicks, classed again when the rules have learned.
#pragma once

#include "api/resource.h"
#include "postrider/delivery/reclassify.h"

namespace postrider::api {

class EngagementApi {
 public:
  explicit EngagementApi(delivery::Reclassification& reclassification) : reclassification_(reclassification) {}
  std::vector<http::Route> routes();

 private:
  Task<Result<http::Response>> reclassify(http::Request& request);

  delivery::Reclassification& reclassification_;
};

}  // namespace postrider::api
