#include "postrider/segments/listing.h"

#include "segments/stored.h"
#include "sql/segments.h"

#include <map>
#include <set>

namespace postrider::segments {

namespace {

struct Moves {
  std::set<ContactId> joining, leaving;
};

}  // namespace

Task<void> change_listings(db::Transaction& tx, TenantId tenant, std::vector<Listing> listings, Ids& ids, Instant now) {
  std::map<SegmentId, Moves> all;  // ordered: segments are locked in one order
  for (auto const& listing : listings) {
    auto& moves = all[listing.segment];
    (listing.joins ? moves.joining : moves.leaving).insert(listing.contact);
    (listing.joins ? moves.leaving : moves.joining).erase(listing.contact);
  }
  for (auto const& [segment, moves] : all) {
    auto const row = co_await tx.maybe(sql::segments::find, tenant, segment);
    if (!row) continue;
    auto const list = read_segment(*row);
    if (list.is_dynamic) continue;
    std::vector<ContactId> const leaving(moves.leaving.begin(), moves.leaving.end());
    std::vector<ContactId> const joining(moves.joining.begin(), moves.joining.end());
    auto const left = co_await write_leaving(tx, tenant, segment, leaving, list.generation + 1, ids, now);
    auto const joined = co_await write_joining(tx, tenant, segment, joining, list.generation + 1, ids, now);
    if (left + joined == 0) continue;
    co_await tx.exec(sql::segments::grown_by, tenant, segment, joined - left, now);
    std::vector<SegmentId> dependents;
    for (auto const asker : co_await tx.all(sql::segments::dependents, tenant, segment)) dependents.push_back(asker.id<SegmentId>(0));
    if (!dependents.empty()) co_await queue_calculations(tx, tenant, std::move(dependents), true, ids, now);
  }
}

}  // namespace postrider::segments
