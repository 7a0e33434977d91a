// Brings the members of one dynamic segment up to date: asks everybody, or only whom something happened to since the last time.
#pragma once

#include "postrider/segments/segments.h"

namespace postrider::segments {

struct Outcome {
  std::int64_t joined = 0;
  std::int64_t departed = 0;
  bool whole = false;
};

// Fails with conflict when the conditions were changed meanwhile (nothing wrong is left behind that the next run would not mend).
// Throws Retryable when it takes too long.
Task<Result<Outcome>> calculate(db::Store& store, Clock const& clock, Ids& ids, TenantId tenant, Segment segment, bool whole);

// Whom something happened to between `since` and `now` that could change the answer; nothing when they are too many, or when the passing of
// time alone changes the answer for people whom no index finds.
Task<std::optional<std::vector<ContactId>>> changed_contacts(db::Store& store, TenantId tenant, Condition const& condition, Instant since, Instant now);

}  // namespace postrider::segments
