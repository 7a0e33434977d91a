// Stored conditions and who fits them. Members are kept by set difference: what changed is known, and told as events.
#pragma once

#include "postrider/base/context.h"
#include "postrider/db/store.h"
#include "postrider/jobs/job.h"
#include "postrider/segments/condition.h"

#include <boost/json/value.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postrider::segments {

struct Segment {
  SegmentId id;
  std::string name;
  std::string description;
  bool is_dynamic = true;
  boost::json::value conditions;  // null for static ones
  std::int64_t member_count = 0;
  std::optional<Instant> last_calculated_at;
  std::optional<std::string> calculation_error;
  Instant created_at;
  Instant updated_at;
};

struct Person {
  ContactId id;
  std::optional<std::string> email, first_name, last_name;
  std::optional<Instant> added_at;
};

struct Preview {
  std::int64_t count = 0;
  std::vector<Person> sample;  // at most ten
};

class Segments {
 public:
  Segments(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}

  // Fails with invalid (pointers below /conditions), conflict (name taken). A dynamic one is calculated at once, by a job.
  Task<Result<Segment>> create(Context context, std::string segment_name, std::string description, bool is_dynamic, boost::json::value conditions);
  Task<Result<Segment>> change(Context context, SegmentId id, std::optional<std::string> segment_name, std::optional<std::string> description,
                               std::optional<boost::json::value> conditions, std::optional<Instant> expected);
  Task<Result<Segment>> find(TenantId tenant, SegmentId id);
  Task<std::vector<Segment>> list(TenantId tenant, std::optional<SegmentId> before, int limit);
  Task<Result<void>> remove(Context context, SegmentId id);
  Task<Result<Preview>> preview(TenantId tenant, boost::json::value conditions);
  Task<std::vector<Person>> members(TenantId tenant, SegmentId id, std::optional<ContactId> before, int limit);
  // Of static segments. Fails with conflict for dynamic ones, not_found.
  Task<Result<void>> put_member(Context context, SegmentId id, ContactId contact, bool member);

  // Queues a calculation; nothing when one is queued already.
  Task<Result<Segment>> request_calculation(Context context, SegmentId id);
  Task<Result<Segment>> recalculate(TenantId tenant, SegmentId id);

  // Handlers of the queue "segments".
  std::map<std::string, jobs::Handler> job_handlers();
  // Queues what was not calculated for five minutes. Called by a scheduler.
  Task<void> tick();

 private:
  Task<jobs::Answer> run(jobs::Job const& job);
  Task<void> announce_changes(TenantId tenant, SegmentId id, db::Rows const& joined, db::Rows const& left, Instant now, db::Transaction& tx);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

}  // namespace postrider::segments
