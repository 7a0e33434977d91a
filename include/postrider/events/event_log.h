// The event store: facts of the domain, appended in the transaction of the change they tell of. It is the outbox; there is
// no broker. Kinds are text here; payload structs live with the module that emits them.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/context.h"
#include "postrider/db/store.h"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::events {

// The documented kinds. A tenant's own custom events are any other [a-z][a-z0-9_.]{0,49}.
namespace kind {
inline constexpr std::string_view email_sent = "email_sent";
inline constexpr std::string_view email_delivered = "email_delivered";
inline constexpr std::string_view email_opened = "email_opened";
inline constexpr std::string_view email_clicked = "email_clicked";
inline constexpr std::string_view email_bounced = "email_bounced";
inline constexpr std::string_view email_unsubscribed = "email_unsubscribed";
inline constexpr std::string_view sms_sent = "sms_sent";
inline constexpr std::string_view sms_delivered = "sms_delivered";
inline constexpr std::string_view sms_clicked = "sms_clicked";
inline constexpr std::string_view push_sent = "push_sent";
inline constexpr std::string_view push_opened = "push_opened";
inline constexpr std::string_view campaign_launched = "campaign_launched";
inline constexpr std::string_view journey_entered = "journey_entered";
inline constexpr std::string_view journey_step_completed = "journey_step_completed";
inline constexpr std::string_view journey_exited = "journey_exited";
inline constexpr std::string_view segment_membership_changed = "segment_membership_changed";
inline constexpr std::string_view consent_granted = "consent_granted";
inline constexpr std::string_view consent_revoked = "consent_revoked";
}  // namespace kind
// True for the documented kinds, which only postrider itself may append.
bool is_documented(std::string_view type);
// True for a well-formed kind of a tenant's own.
bool is_custom(std::string_view type);

struct Event {
  EventId id;
  std::string type;
  std::optional<ContactId> contact_id = {};
  std::optional<CampaignId> campaign_id = {};
  std::optional<Uuid> journey_id = {};
  std::optional<MessageId> message_id = {};
  boost::json::object payload = {};
  Instant occurred_at;  // when it happened; created_at is when it was written
};

// Appends all of them with one statement, announces the topic "events". Counts marketing_events_ingested_total.
// `created_at` decides the partition: it is now, never the caller's word.
Task<void> append(db::Transaction& tx, TenantId tenant, std::vector<Event> events, Instant now);

// Where a reader stands: below the snapshot's xmin nothing is ever added at or before a position (architecture, known traps).
struct Position {
  std::int64_t tx = 0;
  std::int64_t seq = 0;
  auto operator<=>(Position const&) const = default;
};

struct StoredEvent {
  TenantId tenant;
  Position position;
  Event event;
  Instant created_at;
};

// The next events of all tenants after `after`, oldest first, at most `limit`. Never skips one whose transaction commits later.
Task<std::vector<StoredEvent>> read_after(db::Store& store, Position after, int limit);
// The position of the newest event that `read_after` would show, for lag.
Task<Position> newest(db::Store& store);

struct Listed {
  Event event;
  Instant created_at;
};
struct EventFilter {
  std::optional<ContactId> contact_id = {};
  std::optional<std::string> type = {};
  std::optional<Instant> from = {};  // by created_at, inclusive
  std::optional<Instant> to = {};    // exclusive
};
// One tenant's events, newest first, after the given last one of the page before.
Task<std::vector<Listed>> list(db::Store& store, TenantId tenant, EventFilter filter, std::optional<std::pair<Instant, EventId>> after, int limit);

// Makes the month partitions around `now` (PostgreSQL; nothing on SQLite): one back, three ahead. Returns how many were made.
Task<int> ensure_partitions(db::Store& store, Instant now);

}  // namespace postrider::events
