#include "postrider/events/event_log.h"

#include "postrider/base/metrics.h"
#include "postrider/events/set_append.h"
#include "sql/events.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace postrider::events {

namespace {

constexpr std::array documented{kind::email_sent,     kind::email_delivered,        kind::email_opened,   kind::email_clicked,
                                kind::email_bounced,  kind::email_unsubscribed,     kind::sms_sent,       kind::sms_delivered,
                                kind::sms_clicked,    kind::push_sent,              kind::push_opened,    kind::campaign_launched,
                                kind::journey_entered, kind::journey_step_completed, kind::journey_exited, kind::segment_membership_changed,
                                kind::consent_granted, kind::consent_revoked};

constexpr int months_behind = 1;
constexpr int months_ahead = 3;

// Columns id, type, contact, campaign, journey, message, payload, occurred, from column `at` on.
Event read_event(db::Row row, std::size_t at) {
  Event event;
  event.id = row.id<EventId>(at);
  event.type = row.text(at + 1);
  event.contact_id = row.maybe_id<ContactId>(at + 2);
  event.campaign_id = row.maybe_id<CampaignId>(at + 3);
  if (!row.is_null(at + 4)) event.journey_id = row.uuid(at + 4);
  event.message_id = row.maybe_id<MessageId>(at + 5);
  event.payload = row.json(at + 6).as_object();
  event.occurred_at = row.instant(at + 7);
  return event;
}

}  // namespace

bool is_documented(std::string_view type) { return std::ranges::find(documented, type) != documented.end(); }

bool is_custom(std::string_view type) {
  if (type.empty() || type.size() > 50 || type.front() < 'a' || type.front() > 'z' || is_documented(type)) return false;
  return std::ranges::all_of(type, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; });
}

Task<void> append(db::Transaction& tx, TenantId tenant, std::vector<Event> events, Instant now) {
  if (events.empty()) co_return;
  db::Columns rows(8);
  std::map<std::string, int> counts;
  for (auto const& event : events) {
    rows.add(event.id, event.type, event.contact_id, event.campaign_id, event.journey_id, event.message_id, boost::json::serialize(event.payload),
             event.occurred_at);
    ++counts[event.type];
  }
  co_await tx.all(sql::events::append, tenant, now, rows);
  for (auto const& [type, count] : counts) told(tx, type, count);
}

void told(db::Transaction& tx, std::string_view type, std::int64_t count) {
  if (count == 0) return;
  tx.announce("events");
  metrics::counter("marketing_events_ingested_total", "Marketing events appended to the event store",
                   {{"event_type", is_documented(type) ? std::string(type) : metrics::bounded("event_type", type)}})
      .add(static_cast<double>(count));
}

Task<std::vector<StoredEvent>> read_after(db::Store& store, Position after, int limit) {
  auto const rows = co_await store.all_on(db::Lane::background, sql::events::read_after, after.tx, after.seq, limit);
  std::vector<StoredEvent> all;
  all.reserve(rows.size());
  for (auto const row : rows) {
    StoredEvent stored;
    stored.position = Position{row.integer(0), row.integer(1)};
    stored.tenant = row.id<TenantId>(2);
    stored.event = read_event(row, 3);
    stored.created_at = row.instant(11);
    all.push_back(std::move(stored));
  }
  co_return all;
}

Task<Position> newest(db::Store& store) {
  auto const rows = co_await store.all_on(db::Lane::background, sql::events::newest);
  if (rows.empty()) co_return Position();
  co_return Position(rows[0].integer(0), rows[0].integer(1));
}

Task<std::vector<Listed>> list(db::Store& store, TenantId tenant, EventFilter filter, std::optional<std::pair<Instant, EventId>> after, int limit) {
  constexpr Instant beginning{};
  Instant const end(std::chrono::hours(24) * 365 * 200);
  auto const from = filter.from.value_or(beginning);
  auto const to = filter.to.value_or(end);
  auto const last_at = after ? after->first : end;
  auto const last_id = after ? after->second : EventId();
  db::Rows rows;
  auto of_all = sql::events::list;
  of_all.dynamic = filter.type || filter.from || filter.to;  // planned for what is asked
  if (filter.contact_id)
    rows = co_await store.all(sql::events::list_of_contact, tenant, filter.type, from, to, last_at, last_id, limit, *filter.contact_id);
  else
    rows = co_await store.all(of_all, tenant, filter.type, from, to, last_at, last_id, limit);
  std::vector<Listed> all;
  all.reserve(rows.size());
  for (auto const row : rows) all.push_back(Listed{read_event(row, 0), row.instant(8)});
  co_return all;
}

Task<int> ensure_partitions(db::Store& store, Instant now) {
  if (store.dialect() == db::Dialect::sqlite) co_return 0;
  using namespace std::chrono;
  year_month_day const today(floor<days>(now));
  std::string script;
  auto const before = co_await store.one(sql::events::count_partitions);
  for (int offset = -months_behind; offset <= months_ahead; ++offset) {
    auto const month = year_month(today.year(), today.month()) + months(offset);
    auto const next = month + months(1);
    for (auto const* const table : {"marketing_events", "message_events"}) {
      script += fmt::format("create table if not exists {0}_{1:04}_{2:02} partition of {0} for values from ('{1:04}-{2:02}-01T00:00:00Z') to ('{3:04}-{4:02}-01T00:00:00Z');",
                            table, static_cast<int>(month.year()), static_cast<unsigned>(month.month()), static_cast<int>(next.year()),
                            static_cast<unsigned>(next.month()));
    }
  }
  co_await store.run_script(std::move(script));
  auto const after = co_await store.one(sql::events::count_partitions);
  co_return static_cast<int>(after.integer(0) - before.integer(0));
}

}  // namespace postrider::events
