// What a campaign is doing and what came of it: progress (also as a stream of events), reports, and every message as CSV.
#pragma once

#include "api/kept_counts.h"
#include "api/resource.h"
#include "postrider/campaigns/reports.h"

namespace postrider::api {

class CampaignReportsApi {
 public:
  CampaignReportsApi(campaigns::Reports& reports, KeptCounts& counts) : reports_(reports), counts_(counts) {}
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

  using Counted = Task<Result<boost::json::value>>;
  using Counting = Counted (CampaignReportsApi::*)(TenantId tenant, CampaignId id, std::optional<std::string> run);
  // Of a campaign that has ended, what was counted may be kept.
  Answer counted(http::Request& request, std::string what, Counting counting);
  Counted count_report(TenantId tenant, CampaignId id, std::optional<std::string> run);
  Counted count_series(TenantId tenant, CampaignId id, std::optional<std::string> run);
  Counted count_links(TenantId tenant, CampaignId id, std::optional<std::string> run);

  campaigns::Reports& reports_;
  KeptCounts& counts_;
};

}  // namespace postrider::api
