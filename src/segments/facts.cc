#include "postrider/segments/facts.h"

#include "sql/segments.h"

namespace postrider::segments {

Task<std::map<ContactId, Facts>> load_facts(db::Session& session, TenantId tenant, std::vector<ContactId> contacts, FactsWanted wanted) {
  std::map<ContactId, Facts> all;
  if (contacts.empty()) co_return all;
  auto const ids = db::text_array(contacts);
  for (auto const row : co_await session.all(sql::segments::facts_contacts, tenant, ids)) {
    auto contact = contacts::read_contact(row);
    auto const id = contact.id;
    all[id].contact = std::move(contact);
  }
  // Whoever was deleted while this was read has no facts any more.
  auto const of = [&all](db::Row row) -> Facts* {
    auto const found = all.find(row.id<ContactId>(0));
    return found == all.end() ? nullptr : &found->second;
  };
  if (wanted.consents) {
    auto const consents = co_await session.all(sql::segments::facts_consents, tenant, ids);
    for (auto const row : consents)
      if (auto* const facts = of(row)) facts->consents.push_back(Facts::Consent{row.text(1), row.text(2), row.text(3), row.maybe_instant(4)});
  }
  if (wanted.segments)
    for (auto const row : co_await session.all(sql::segments::facts_segments, tenant, ids))
      if (auto* const facts = of(row)) facts->segments.insert(row.id<SegmentId>(1));
  if (wanted.events.empty()) co_return all;
  auto const events = co_await session.all(sql::segments::facts_events, tenant, ids, db::text_array(wanted.events), wanted.most_events);
  for (auto const row : events)
    if (auto* const facts = of(row))
      facts->events.push_back(Facts::Event{row.text(1), row.maybe_id<CampaignId>(2), row.json(3).as_object(), row.instant(4), row.instant(5)});
  co_return all;
}

}  // namespace postrider::segments
