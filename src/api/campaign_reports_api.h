// What a campaign is doing and what came of it: progress (also as a stream of events), reports, and every message as CSV.
#pragma once

#include "api/resource.h"
#include "postrider/campaigns/reports.h"

namespace postrider::api {

class CampaignReportsApi {
 public:
  explicit CampaignReportsApi(campaigns::Reports& reports) : reports_(reports) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer report(http::Request& request);
  Answer runs(http::Request& request);
  Answer series(http::Request& request);
  Answer links(http::Request& request);
  Answer bounces(http::Request& request);
  Answer domains(http::Request& request);
  Answer progress(http::Request& request);
  Answer stream(http::Request& request);
  Answer messages(http::Request& request);

  campaigns::Reports& reports_;
};

}  // namespace postrider::api
