// A journey tried on people who do not exist, or on real ones and their past. Nothing is written and nothing leaves.
#pragma once

#include "api/resource.h"
#include "postrider/base/offload.h"
#include "postrider/journeys/journeys.h"
#include "postrider/journeys/simulation_file.h"

namespace postrider::api {

class JourneySimulationsApi {
 public:
  JourneySimulationsApi(db::Store& store, Clock const& clock, journeys::Journeys& journeys) : store_(store), clock_(clock), journeys_(journeys), machine_room_(1) {}
  std::vector<http::Route> routes();

 private:
  Task<Result<http::Response>> simulate(http::Request& request);
  // A published version, or the draft.
  Task<Result<journeys::Definition>> definition_of(TenantId tenant, journeys::Journey journey, std::string version, std::string pointer);

  db::Store& store_;
  Clock const& clock_;
  journeys::Journeys& journeys_;
  Offload machine_room_;  // a thread of its own: a simulation may take as long as it likes without holding anybody up
  bool busy_ = false;
};

}  // namespace postrider::api
