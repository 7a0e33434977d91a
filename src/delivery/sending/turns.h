// Whose turn it is: pure. Among all lanes with something due, the one that has waited longest against its priority comes first; a
// tenant with many lanes has no more turns for it. Nobody starves: waiting outweighs any priority in the end.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/id.h"

#include <map>
#include <optional>
#include <vector>

namespace postrider::delivery {

// Lanes up to this priority are for what somebody is waiting for: they may use the room that others leave.
inline constexpr int most_urgent_of_bulk = 4;

struct DueLane {
  TenantId tenant;
  LaneId id;
  int priority = 5;
  Instant served_at;
  std::optional<ProviderId> provider = {};  // of the lane's sender; nothing when its messages differ
};

void order_turns(std::vector<DueLane>& lanes, std::map<TenantId, Instant> const& tenants_served);

}  // namespace postrider::delivery
