#include "postrider/segments/segments.h"

#include "postrider/audit/audit.h"
#include "segments/stored.h"
#include "sql/segments.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>

namespace postrider::segments {

namespace {

constexpr std::size_t named_in_audit = 100;

boost::json::array listed(std::vector<ContactId> const& contacts) {
  boost::json::array list;
  for (std::size_t i = 0; i < std::min(contacts.size(), named_in_audit); ++i) list.emplace_back(contacts[i].str());
  return list;
}

}  // namespace

Task<std::vector<Person>> Segments::members(TenantId tenant, SegmentId id, std::optional<ContactId> before, int limit) {
  auto const last = before.value_or(*ContactId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  auto const rows = co_await store_.all(sql::segments::members, tenant, id, last, limit);
  std::vector<Person> all;
  for (auto const row : rows) {
    all.push_back(read_person(row));
    all.back().added_at = row.instant(4);
  }
  co_return all;
}

Task<std::vector<SegmentId>> Segments::of_contact(TenantId tenant, ContactId contact) {
  std::vector<SegmentId> all;
  for (auto const row : co_await store_.all(sql::segments::explain_segments, tenant, contact)) all.push_back(row.id<SegmentId>(0));
  co_return all;
}

Task<std::vector<Growth>> Segments::history(TenantId tenant, SegmentId id, std::optional<std::pair<Instant, std::int64_t>> before, int limit) {
  constexpr Instant end(std::chrono::hours(24) * 365 * 200);
  auto const at = before ? before->first : end;
  auto const generation = before ? before->second : 0;
  auto const rows = co_await store_.all(sql::segments::history, tenant, id, at, generation, limit);
  std::vector<Growth> all;
  for (auto const row : rows) all.push_back(Growth{row.instant(0), row.integer(1), row.integer(2), row.integer(3), row.integer(4), row.integer(5), row.boolean(6)});
  co_return all;
}

Task<Result<MembersChanged>> Segments::change_members(Context context, SegmentId id, MembersChange change) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const row = co_await tx.maybe(sql::segments::find, context.tenant, id);
  if (!row) co_return not_found("segment", id.str());
  auto const s = read_segment(*row);
  if (s.is_dynamic) co_return conflict("the members of a dynamic segment follow from its conditions");
  auto const unknown = co_await tx.all(sql::segments::unknown_contacts, context.tenant, db::text_array(change.add));
  if (!unknown.empty()) {
    std::vector<FieldError> mistakes;
    for (auto const missing : unknown) {
      auto const place = std::ranges::find(change.add, missing.id<ContactId>(0)) - change.add.begin();
      mistakes.push_back(FieldError{"/add/" + std::to_string(place), "invalid_value", "there is no contact with this id"});
    }
    co_return invalid("some contacts do not exist; nobody was added", std::move(mistakes));
  }
  MembersChanged changed;
  changed.removed = co_await write_leaving(tx, context.tenant, id, change.remove, s.generation + 1, ids_, now);
  changed.added = co_await write_joining(tx, context.tenant, id, change.add, s.generation + 1, ids_, now);
  auto const counted = co_await tx.one(sql::segments::count_members, context.tenant, id);
  changed.member_count = counted.integer(0);
  if (changed.added + changed.removed > 0) {
    co_await tx.exec(sql::segments::recounted, context.tenant, id, changed.member_count, now, now + recalculated_every);
    co_await tx.exec(sql::segments::note_history, context.tenant, id, now, s.generation + 1, changed.member_count, changed.added, changed.removed, 0, false);
    boost::json::object changes;
    changes["added"] = changed.added;
    changes["removed"] = changed.removed;
    changes["add"] = listed(change.add);
    changes["remove"] = listed(change.remove);
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"segment", id.uuid(), "members_changed", std::move(changes)});
    co_await audit::record(tx, context, std::move(entries), ids_, now);
    auto const askers = co_await tx.all(sql::segments::dependents, context.tenant, id);
    std::vector<SegmentId> dependents;
    for (auto const asker : askers) dependents.push_back(asker.id<SegmentId>(0));
    if (!dependents.empty()) co_await queue_calculations(tx, context.tenant, std::move(dependents), true, ids_, now);
  }
  co_await tx.commit();
  co_return changed;
}

}  // namespace postrider::segments
