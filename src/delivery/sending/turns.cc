#include "delivery/sending/turns.h"

#include <algorithm>

namespace postrider::delivery {

namespace {

// What one step of priority weighs in waiting.
constexpr auto step = std::chrono::seconds(2);

}  // namespace

void order_turns(std::vector<DueLane>& lanes, std::map<TenantId, Instant> const& tenants_served) {
  auto turn = [&tenants_served](DueLane const& lane) {
    auto const found = tenants_served.find(lane.tenant);
    auto const served = found == tenants_served.end() ? lane.served_at : std::max(lane.served_at, found->second);
    return served + step * lane.priority;
  };
  std::ranges::sort(lanes, [&turn](DueLane const& a, DueLane const& b) {
    auto const first = turn(a), second = turn(b);
    if (first != second) return first < second;
    if (a.served_at != b.served_at) return a.served_at < b.served_at;
    return a.id < b.id;
  });
}

}  // namespace postrider::delivery
