// Who is on the way through journeys: lists, the story of one, counts, and what people order.
#pragma once

#include "api/resource.h"
#include "postrider/journeys/engine.h"
#include "postrider/journeys/executions.h"

namespace postrider::api {

class JourneyExecutionsApi {
 public:
  JourneyExecutionsApi(journeys::Executions& executions, journeys::Engine& engine) : executions_(executions), engine_(engine) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list(http::Request& request);
  Answer of_contact(http::Request& request);
  Answer explain(http::Request& request);
  Answer stats(http::Request& request);
  Answer call(http::Request& request);
  Answer leave(http::Request& request);
  Answer move(http::Request& request);
  Answer retry(http::Request& request);
  Answer release(http::Request& request);

  journeys::Executions& executions_;
  journeys::Engine& engine_;
};

}  // namespace postrider::api
