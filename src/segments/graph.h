// Who asks for whom: pure. Private to the module.
#pragma once

#include "postrider/base/id.h"

#include <map>
#include <vector>

namespace postrider::segments {

// What each segment asks for.
using Graph = std::map<SegmentId, std::vector<SegmentId>>;

// The way from one segment to another, both included; empty when there is none.
std::vector<SegmentId> path(Graph const& graph, SegmentId from, SegmentId to);

// Everything a segment asks for, directly or not, in an order in which each comes after what it asks for; without the segment itself.
std::vector<SegmentId> before(Graph const& graph, SegmentId segment);

}  // namespace postrider::segments
