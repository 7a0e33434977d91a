// Putting contacts on lists that are kept by hand, and taking them off, inside somebody else's transaction: what journeys do.
#pragma once

#include "postrider/db/store.h"

#include <vector>

namespace postrider::segments {

struct Listing {
  SegmentId segment;
  ContactId contact;
  bool joins = true;  // false: leaves
};

// A few statements for each segment, however many contacts. Passes over segments that are gone or dynamic. Emits segment_membership_changed.
Task<void> change_listings(db::Transaction& tx, TenantId tenant, std::vector<Listing> listings, Ids& ids, Instant now);

}  // namespace postrider::segments
