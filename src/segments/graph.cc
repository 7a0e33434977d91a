#include "segments/graph.h"

#include <algorithm>
#include <deque>
#include <set>

namespace postrider::segments {

namespace {

std::vector<SegmentId> const& neighbours(Graph const& graph, SegmentId id) {
  static std::vector<SegmentId> const none;
  auto const found = graph.find(id);
  return found == graph.end() ? none : found->second;
}

}  // namespace

std::vector<SegmentId> path(Graph const& graph, SegmentId from, SegmentId to) {
  std::map<SegmentId, SegmentId> reached_from;
  std::deque<SegmentId> waiting{from};
  std::set<SegmentId> seen{from};
  while (!waiting.empty()) {
    auto const at = waiting.front();
    waiting.pop_front();
    if (at == to) {
      std::vector<SegmentId> way{to};
      while (way.back() != from) way.push_back(reached_from.at(way.back()));
      std::ranges::reverse(way);
      return way;
    }
    for (auto const& next : neighbours(graph, at)) {
      if (!seen.insert(next).second) continue;
      reached_from[next] = at;
      waiting.push_back(next);
    }
  }
  return {};
}

// Depth first without recursion: a chain may be long.
std::vector<SegmentId> before(Graph const& graph, SegmentId segment) {
  std::vector<SegmentId> order;
  std::set<SegmentId> seen{segment};
  std::vector<std::pair<SegmentId, std::size_t>> way{{segment, 0}};
  while (!way.empty()) {
    auto& [at, next] = way.back();
    auto const& asked = neighbours(graph, at);
    if (next < asked.size()) {
      auto const to = asked[next++];
      if (seen.insert(to).second) way.emplace_back(to, 0);
      continue;
    }
    if (at != segment) order.push_back(at);
    way.pop_back();
  }
  return order;
}

}  // namespace postrider::segments
