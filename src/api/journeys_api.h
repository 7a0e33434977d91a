// Journeys: drafts, versions, and whether people are led through them.
#pragma once

#include "api/resource.h"
#include "postrider/journeys/journeys.h"

namespace postrider::api {

class JourneysApi {
 public:
  explicit JourneysApi(journeys::Journeys& journeys) : journeys_(journeys) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list(http::Request& request);
  Answer create(http::Request& request);
  Answer apply(http::Request& request);
  Answer show(http::Request& request);
  Answer change(http::Request& request);
  Answer remove(http::Request& request);
  Answer copy(http::Request& request);
  Answer validate(http::Request& request);
  Answer publish(http::Request& request);
  Answer steer(http::Request& request);
  Answer versions(http::Request& request);
  Answer version(http::Request& request);
  Answer diff(http::Request& request);
  Answer export_file(http::Request& request);

  // The journey in the path, when it is the version that If-Match asks for.
  Task<Result<journeys::Journey>> wanted(http::Request& request);
  // A journey with what keeps its draft from being published.
  Task<http::Response> answer_with(http::Request& request, journeys::Journey journey, bool made = false);
  Task<Result<boost::json::object>> definition_of(http::Request& request, journeys::Journey const& journey, std::string parameter);

  journeys::Journeys& journeys_;
};

}  // namespace postrider::api
