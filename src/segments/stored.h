// How segments lie in their tables. Private to the module.
#pragma once

#include "postrider/base/context.h"
#include "postrider/jobs/job.h"
#include "postrider/segments/segments.h"

namespace postrider::segments {

inline constexpr auto recalculated_every = std::chrono::minutes(5);

Segment read_segment(db::Row row);
Person read_person(db::Row row);
boost::json::object described(Segment const& segment);

// Queues calculations that begin after now. One that waits already will do; one that runs may have begun too early, so another follows it.
// One that died does not stand in the way.
Task<void> queue_calculations(db::Transaction& tx, TenantId tenant, std::vector<SegmentId> segments, bool after_running, Ids& ids, Instant now);

// Adds to or takes from a segment, and tells of it. Returns how many there were to change.
Task<std::int64_t> write_joining(db::Transaction& tx, TenantId tenant, SegmentId segment, std::vector<ContactId> const& contacts, std::int64_t generation, Ids& ids, Instant now);
Task<std::int64_t> write_leaving(db::Transaction& tx, TenantId tenant, SegmentId segment, std::vector<ContactId> const& contacts, std::int64_t generation, Ids& ids, Instant now);

// The text of a named statement with the question in the place of its seam.
std::string with_question(std::string_view statement, std::string const& question);

}  // namespace postrider::segments
