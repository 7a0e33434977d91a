// Campaigns: drafts, and everything that is done to them.
#pragma once

#include "api/resource.h"
#include "postrider/campaigns/campaigns.h"

namespace postrider::api {

class CampaignsApi {
 public:
  explicit CampaignsApi(campaigns::Campaigns& campaigns) : campaigns_(campaigns) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list(http::Request& request);
  Answer create(http::Request& request);
  Answer show(http::Request& request);
  Answer change(http::Request& request);
  Answer remove(http::Request& request);
  Answer launch(http::Request& request);
  Answer schedule(http::Request& request);
  Answer steer(http::Request& request);
  Answer retry_failed(http::Request& request);
  Answer forecast(http::Request& request);
  // The campaign in the path, when it is the version that If-Match asks for.
  Task<Result<campaigns::Campaign>> wanted(http::Request& request);

  campaigns::Campaigns& campaigns_;
};

}  // namespace postrider::api
