// Stored conditions and who fits them, or lists kept by hand. Members are kept by set difference: what changed is known, and told as
// events (segment_membership_changed) in the same transaction. docs/decisions/segments.md says how.
#pragma once

#include "postrider/base/context.h"
#include "postrider/db/store.h"
#include "postrider/jobs/job.h"
#include "postrider/segments/condition.h"
#include "postrider/segments/evaluate.h"

#include <boost/json/value.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postrider::segments {

struct Segment {
  SegmentId id;
  std::string name;
  std::string description;
  bool is_dynamic = true;
  boost::json::value conditions;  // null for static ones
  std::int64_t member_count = 0;
  std::int64_t generation = 0;  // how often it was calculated
  std::optional<Instant> last_calculated_at;
  std::optional<std::int64_t> calculation_ms;
  std::optional<std::string> calculation_error;
  Instant created_at;
  Instant updated_at;
  std::int64_t conditions_version = 1;
  std::optional<Instant> counted_through;      // every change of a contact before this is in
  std::optional<Instant> fully_calculated_at;  // absent: everybody must be asked
  std::int64_t calculation_failures = 0;       // in a row
};

struct Person {
  ContactId id;
  std::optional<std::string> email, first_name, last_name;
  std::optional<Instant> added_at;
};

struct Preview {
  std::int64_t count = 0;
  bool approximate = false;    // there was no time to ask everybody: estimated from a sample
  std::vector<Person> sample;  // at most ten
};

// One recalculation.
struct Growth {
  Instant calculated_at;
  std::int64_t generation = 0;
  std::int64_t member_count = 0;
  std::int64_t joined = 0;
  std::int64_t departed = 0;
  std::int64_t calculation_ms = 0;
  bool whole = false;  // everybody was asked, not only who had changed
};

struct Explanation {
  bool member = false;
  std::optional<Finding> finding;  // of a dynamic segment's conditions
  bool events_cut = false;         // there are more events than were looked at
};

struct MembersChange {
  std::vector<ContactId> add, remove;
};
struct MembersChanged {
  std::int64_t added = 0, removed = 0, member_count = 0;
};

class Segments {
 public:
  Segments(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}

  // Fails with invalid (pointers below /conditions: also unknown segments and circles, with the path), conflict (name taken). A dynamic one is
  // calculated at once. Queues segment:recalculate.
  Task<Result<Segment>> create(Context context, std::string segment_name, std::string description, bool is_dynamic, boost::json::value conditions);
  Task<Result<Segment>> change(Context context, SegmentId id, std::optional<std::string> segment_name, std::optional<std::string> description,
                               std::optional<boost::json::value> conditions, std::optional<Instant> expected);
  // The same conditions, or the same people, under another name. Fails with not_found, conflict (name taken).
  Task<Result<Segment>> copy(Context context, SegmentId id, std::optional<std::string> segment_name);
  Task<Result<Segment>> find(TenantId tenant, SegmentId id);
  // Newest first; `search` is a part of the name.
  Task<std::vector<Segment>> list(TenantId tenant, std::optional<SegmentId> before, int limit, std::optional<std::string> search = std::nullopt);
  // Fails with conflict while campaigns or other segments need it, and names them. Queues segment:forget.
  Task<Result<void>> remove(Context context, SegmentId id);

  // How many fit, and who for example, within a second. Fails with invalid.
  Task<Result<Preview>> preview(TenantId tenant, boost::json::value conditions);
  // Why a contact is a member or not: every part of the conditions, what it read and its verdict. Fails with not_found.
  Task<Result<Explanation>> explain(TenantId tenant, SegmentId id, ContactId contact);
  // The segments that a contact belongs to, as they were last counted.
  Task<std::vector<SegmentId>> of_contact(TenantId tenant, ContactId contact);
  Task<std::vector<Person>> members(TenantId tenant, SegmentId id, std::optional<ContactId> before, int limit);
  // Newest first.
  Task<std::vector<Growth>> history(TenantId tenant, SegmentId id, std::optional<std::pair<Instant, std::int64_t>> before, int limit);

  // Of static segments. Fails with conflict for dynamic ones, not_found, invalid (contacts that do not exist). Emits segment_membership_changed.
  Task<Result<MembersChanged>> change_members(Context context, SegmentId id, MembersChange change);

  // Queues a calculation, also when one is running that began too early; `whole` asks everybody anew. Fails with conflict for static ones.
  Task<Result<Segment>> request_calculation(Context context, SegmentId id, bool whole = false);
  // Calculates at once, what it asks for first. Fails with not_found, conflict (its conditions were changed meanwhile).
  Task<Result<Segment>> recalculate(TenantId tenant, SegmentId id, bool whole = false);

  // Handlers of the queue "segments".
  std::map<std::string, jobs::Handler> job_handlers();
  // Queues what is due. Called by a scheduler.
  Task<void> tick();

 private:
  Task<jobs::Answer> run(jobs::Job const& job);
  Task<jobs::Answer> forget(jobs::Job const& job);
  Task<std::vector<Segment>> what_it_asks_for(TenantId tenant, SegmentId id, Instant fresh_since);
  Task<std::optional<Error>> bad_references(db::Session& session, TenantId tenant, std::optional<SegmentId> self, Condition const& condition);
  Task<Preview> estimate(TenantId tenant, Condition const& condition, Instant now);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

}  // namespace postrider::segments
