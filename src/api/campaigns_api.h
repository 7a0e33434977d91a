// Campaigns: drafts, forecast, launch and what follows, progress and report.
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
  Answer list_campaigns(http::Request& request);
  Answer create_campaign(http::Request& request);
  Answer show_campaign(http::Request& request);
  Answer change_campaign(http::Request& request);
  Answer remove_campaign(http::Request& request);
  Answer verb(http::Request& request);
  Answer schedule(http::Request& request);
  Answer forecast(http::Request& request);
  Answer report(http::Request& request);

  campaigns::Campaigns& campaigns_;
};

}  // namespace postrider::api
