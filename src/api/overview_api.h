// The numbers of the console's first page: thirty days of sending in one answer. Counted from the ledger and kept for a minute,
// so that a thousand open consoles cost one statement a minute for each tenant; where it takes long, nobody waits for it.
#pragma once

#include "api/kept_counts.h"
#include "api/resource.h"

#include <chrono>
#include <map>

namespace postrider::api {

class OverviewApi {
 public:
  OverviewApi(db::Store& store, Clock const& clock, KeptCounts& counts) : store_(store), clock_(clock), counts_(counts) {}
  std::vector<http::Route> routes();

 private:
  struct Kept {
    Instant until;
    boost::json::value body;
  };
  Task<Result<http::Response>> show(http::Request& request);
  Task<Result<boost::json::value>> count(TenantId tenant);
  db::Store& store_;
  Clock const& clock_;
  KeptCounts& counts_;
  std::map<TenantId, Kept> kept_;
};

}  // namespace postrider::api
