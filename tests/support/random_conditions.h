// Seeded random people with hostile values, and random conditions over them: what the property tests of segments draw from.
#pragma once

#include "postrider/base/random.h"
#include "postrider/segments/evaluate.h"

#include <boost/json/value.hpp>

#include <vector>

namespace postrider::test {

// Lists that both sides draw from, so that conditions often hit.
struct People {
  std::vector<segments::Facts> facts;
  std::vector<SegmentId> segments;
  std::vector<CampaignId> campaigns;
};

People random_people(Random& random, Ids& ids, Instant now, int count);
boost::json::value random_condition(Random& random, People const& people, Instant now, int depth);

}  // namespace postrider::test
