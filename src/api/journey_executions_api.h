// Who is on the way through journeys: lists, the story of one, counts, and what people order.
#pragma once

#include "api/resource.h"
#include "postrider/journeys/executions.h"

namespace postrider::api {

class JourneyExecutionsApi {
 public:
  explicit JourneyExecutionsApi(journeys::Executions& executions) : executions_(executions) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list(http::Request& request);
  Answer of_contact(http::Request& request);
  Answer explain(http::Request& request);
  Answer stats(http::Request& request);
  Answer leave(http::Request& request);
  Answer move(http::Request& request);
  Answer retry(http::Request& request);
  Answer release(http::Request& request);

  journeys::Executions& executions_;
};

}  // namespace postrider::api
