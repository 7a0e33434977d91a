#include "segments/stored.h"

#include "postrider/events/event_log.h"
#include "postrider/jobs/queue.h"
#include "sql/segments.h"

#include <stdexcept>

namespace postrider::segments {

namespace {

constexpr std::size_t events_at_once = 2000;
constexpr std::string_view seam = "select id from contacts where tenant_id = $1";

jobs::NewJob calculation(SegmentId segment, bool again, Instant now) {
  jobs::NewJob job;
  job.queue = "segments";
  job.kind = "segment:recalculate";
  job.key = "segment:recalculate:" + segment.str() + (again ? ":again" : "");
  job.payload["segment_id"] = segment.str();
  job.payload["requested_at"] = to_text(now);
  return job;
}

Task<void> tell(db::Transaction& tx, TenantId tenant, SegmentId segment, db::Rows const& contacts, std::string_view change, std::int64_t generation, Ids& ids, Instant now) {
  std::vector<events::Event> happened;
  for (auto const row : contacts) {
    events::Event event;
    event.id = ids.make<EventId>();
    event.type = std::string(events::kind::segment_membership_changed);
    event.contact_id = row.id<ContactId>(0);
    event.occurred_at = now;
    event.payload["segment_id"] = segment.str();
    event.payload["change"] = change;
    event.payload["generation"] = generation;
    happened.push_back(std::move(event));
    if (happened.size() < events_at_once) continue;
    co_await events::append(tx, tenant, std::move(happened), now);
    happened.clear();
  }
  co_await events::append(tx, tenant, std::move(happened), now);
}

}  // namespace

Segment read_segment(db::Row row) {
  Segment s;
  s.id = row.id<SegmentId>(0);
  s.name = row.text(1);
  s.description = row.text(2);
  s.is_dynamic = row.boolean(3);
  if (!row.is_null(4)) s.conditions = row.json(4);
  s.member_count = row.integer(5);
  s.generation = row.integer(6);
  s.last_calculated_at = row.maybe_instant(7);
  s.calculation_ms = row.maybe_integer(8);
  s.calculation_error = row.maybe_text(9);
  s.created_at = row.instant(10);
  s.updated_at = row.instant(11);
  s.conditions_version = row.integer(12);
  s.counted_through = row.maybe_instant(13);
  s.fully_calculated_at = row.maybe_instant(14);
  s.calculation_failures = row.integer(15);
  return s;
}

Person read_person(db::Row row) { return Person{row.id<ContactId>(0), row.maybe_text(1), row.maybe_text(2), row.maybe_text(3), std::nullopt}; }

boost::json::object described(Segment const& s) {
  boost::json::object out;
  out["name"] = s.name;
  out["description"] = s.description;
  out["is_dynamic"] = s.is_dynamic;
  out["conditions"] = s.conditions;
  return out;
}

Task<void> queue_calculations(db::Transaction& tx, TenantId tenant, std::vector<SegmentId> segments, bool after_running, Ids& ids, Instant now) {
  std::vector<jobs::NewJob> wanted;
  std::vector<std::string> keys;
  for (auto const& segment : segments) {
    wanted.push_back(calculation(segment, false, now));
    keys.push_back(wanted.back().key);
  }
  co_await jobs::forget_dead(tx, tenant, std::move(keys));
  auto const fresh = co_await jobs::enqueue(tx, tenant, std::move(wanted), ids, now);
  if (!after_running || fresh == static_cast<int>(segments.size())) co_return;
  // Some have a job already, which may be under way.
  std::vector<jobs::NewJob> again;
  std::vector<std::string> again_keys;
  for (auto const& segment : segments) {
    again.push_back(calculation(segment, true, now));
    again_keys.push_back(again.back().key);
  }
  co_await jobs::forget_dead(tx, tenant, std::move(again_keys));
  co_await jobs::enqueue(tx, tenant, std::move(again), ids, now);
}

Task<std::int64_t> write_joining(db::Transaction& tx, TenantId tenant, SegmentId segment, std::vector<ContactId> const& contacts, std::int64_t generation, Ids& ids, Instant now) {
  if (contacts.empty()) co_return 0;
  auto const joined = co_await tx.all(sql::segments::join_members, tenant, segment, now, db::text_array(contacts));
  co_await tell(tx, tenant, segment, joined, "joined", generation, ids, now);
  co_return static_cast<std::int64_t>(joined.size());
}

Task<std::int64_t> write_leaving(db::Transaction& tx, TenantId tenant, SegmentId segment, std::vector<ContactId> const& contacts, std::int64_t generation, Ids& ids, Instant now) {
  if (contacts.empty()) co_return 0;
  auto const gone = co_await tx.all(sql::segments::leave_members, tenant, segment, db::text_array(contacts));
  co_await tell(tx, tenant, segment, gone, "left", generation, ids, now);
  co_return static_cast<std::int64_t>(gone.size());
}

std::string with_question(std::string_view statement, std::string const& question) {
  std::string text(statement);
  auto const at = text.find(seam);
  if (at == std::string::npos || text.find(seam, at + 1) != std::string::npos) throw std::logic_error("a statement of segments has lost the place for its question");
  return text.replace(at, seam.size(), question);
}

}  // namespace postrider::segments
