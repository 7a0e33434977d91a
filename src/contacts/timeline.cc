#include "postrider/contacts/timeline.h"

#include "sql/contacts.h"

namespace postrider::contacts {

Task<std::vector<Happening>> timeline(db::Store& store, TenantId tenant, ContactId contact, std::optional<TimelinePlace> after, int limit) {
  Instant const end(std::chrono::hours(24) * 365 * 200);
  auto const at = after ? after->first : end;
  auto const id = after ? after->second : Uuid();
  auto const rows = co_await store.all(sql::contacts::timeline, tenant, contact, at, id, limit);
  std::vector<Happening> all;
  all.reserve(rows.size());
  for (auto const row : rows) {
    Happening one;
    one.kind = row.text(0);
    one.id = row.uuid(1);
    one.at = row.instant(2);
    one.occurred_at = row.instant(3);
    one.type = row.text(4);
    one.campaign_id = row.maybe_id<CampaignId>(5);
    one.message_id = row.maybe_id<MessageId>(6);
    one.channel = row.maybe_text(7);
    one.subject = row.maybe_text(8);
    one.note = row.maybe_text(9);
    one.actor = row.maybe_text(10);
    one.ip_address = row.maybe_text(11);
    if (!row.is_null(12)) one.detail = row.json(12);
    all.push_back(std::move(one));
  }
  co_return all;
}

}  // namespace postrider::contacts
