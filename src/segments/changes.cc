#include "segments/calculation.h"
#include "sql/segments.h"

#include <algorithm>
#include <map>
#include <set>

namespace postrider::segments {

namespace {

// Beyond this, asking everybody at once is not much dearer.
constexpr std::size_t most_changed = 50'000;
// Events are written down at once, as a rule; what came later leaves its window with the next whole run.
constexpr auto written_within = std::chrono::hours(1);

// What a condition depends on.
struct Dependencies {
  std::set<std::string> event_types;
  std::set<std::pair<std::string, Duration>> event_windows;
  std::set<std::pair<bool, Duration>> column_windows;  // true: created_at, false: updated_at
  std::set<SegmentId> segments;
  bool consents = false;
  bool drifts = false;  // an attribute or property is compared with the present
};

bool is_window(Operator op) { return op == Operator::within_last || op == Operator::not_within_last; }

void collect(Condition const& c, Dependencies& found) {
  for (auto const& part : c.parts) collect(part, found);
  switch (c.kind) {
    case Condition::Kind::attribute:
      if (!is_window(c.op)) break;
      if (c.field_kind == FieldKind::json) found.drifts = true;
      else found.column_windows.emplace(c.field == "created_at", *parse_duration(std::string_view(c.values.front().as_string())));
      break;
    case Condition::Kind::event:
      found.event_types.insert(c.event);
      if (c.within) found.event_windows.emplace(c.event, *c.within);
      for (auto const& part : c.where)
        if (is_window(part.op)) found.drifts = true;
      break;
    case Condition::Kind::segment: found.segments.insert(c.segment); break;
    case Condition::Kind::consent: found.consents = true; break;
    default: break;
  }
}

}  // namespace

Task<std::optional<std::vector<ContactId>>> changed_contacts(db::Store& store, TenantId tenant, Condition const& condition, Instant since, Instant now) {
  Dependencies depends;
  collect(condition, depends);
  if (depends.drifts) co_return std::nullopt;
  std::vector<ContactId> all;
  constexpr int limit = static_cast<int>(most_changed) + 1;
  constexpr auto lane = db::Lane::background;
  constexpr Instant end(std::chrono::hours(24) * 365 * 200);
  bool full = false;
  auto const take = [&](db::Rows const& rows) {
    full = full || rows.size() > most_changed;
    for (auto const row : rows) all.push_back(row.id<ContactId>(0));
  };
  take(co_await store.all_on(lane, sql::segments::changed_contacts, tenant, since, end, limit));
  if (!full && !depends.event_types.empty())
    take(co_await store.all_on(lane, sql::segments::changed_events, tenant, db::text_array(depends.event_types), since, limit));
  if (!full && !depends.segments.empty())
    take(co_await store.all_on(lane, sql::segments::changed_memberships, tenant, db::text_array(depends.segments), since, limit));
  if (!full && depends.consents) take(co_await store.all_on(lane, sql::segments::changed_consents, tenant, since, limit));
  for (auto const& [type, window] : depends.event_windows) {
    if (full) break;
    take(co_await store.all_on(lane, sql::segments::aged_events, tenant, type, since - window, now - window, now - window + written_within, limit));
  }
  for (auto const& [created, window] : depends.column_windows) {
    if (full) break;
    auto const& statement = created ? sql::segments::aged_contacts : sql::segments::changed_contacts;
    take(co_await store.all_on(lane, statement, tenant, since - window, now - window, limit));
  }
  if (full) co_return std::nullopt;
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  if (all.size() > most_changed) co_return std::nullopt;
  co_return all;
}

}  // namespace postrider::segments
