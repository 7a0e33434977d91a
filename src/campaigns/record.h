// Campaigns as rows, and as audit entries tell of them.
#pragma once

#include "postrider/campaigns/campaigns.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <vector>

namespace postrider::campaigns {

Campaign read_campaign(db::Row row);
boost::json::object described(Campaign const& c);

template <class T>
boost::json::array array_of(std::vector<T> const& ids) {
  boost::json::array out;
  for (auto const& id : ids) out.emplace_back(id.str());
  return out;
}

// Later than what is written, also within one microsecond: versions are told apart by it.
inline Instant version_after(Instant before, Instant now) { return now > before ? now : before + Duration(1); }

// What the scheduler does is done by nobody.
inline Context system_context(TenantId tenant) {
  Context context;
  context.tenant = tenant;
  return context;
}

}  // namespace postrider::campaigns
