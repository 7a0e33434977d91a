// Plans that bring those on the way from one version of a journey to another.
#pragma once

#include "api/resource.h"
#include "postrider/journeys/migrations.h"

namespace postrider::api {

class JourneyMigrationsApi {
 public:
  explicit JourneyMigrationsApi(journeys::Migrations& migrations) : migrations_(migrations) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list(http::Request& request);
  Answer plan(http::Request& request);
  Answer start(http::Request& request);
  Answer show(http::Request& request);
  Answer roll_back(http::Request& request);

  journeys::Migrations& migrations_;
};

}  // namespace postrider::api
