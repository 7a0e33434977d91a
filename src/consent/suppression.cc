#include "postrider/consent/suppression.h"

#include "postrider/audit/audit.h"
#include "postrider/contacts/email_address.h"
#include "postrider/events/event_log.h"
#include "sql/consent.h"

#include <boost/json/value.hpp>

#include <map>

namespace postrider::consent {

namespace {

Suppression read_suppression(db::Row row) {
  return Suppression{row.id<SuppressionId>(0), row.text(1), row.text(2), row.maybe_text(3), row.instant(4), row.instant(5)};
}

SuppressionId beyond_all() { return *SuppressionId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"); }

std::string_view actor_name(ActorKind kind) {
  switch (kind) {
    case ActorKind::recipient: return "recipient";
    case ActorKind::provider: return "provider";
    case ActorKind::user: return "user";
    case ActorKind::api_key: return "api_key";
    case ActorKind::system: return "system";
  }
  return "system";
}

// Of several reasons told at once the strongest counts, as it does against the one that is stored.
int strength(std::string_view reason) { return reason == "complaint" ? 4 : reason == "bounce" ? 3 : reason == "manual" ? 2 : 1; }

std::optional<std::string> some(std::string const& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace

Task<void> suppress(db::Transaction& tx, Context context, std::vector<Suppress> wanted, Ids& ids, Instant now) {
  std::map<std::string, Suppress> by_key;  // ordered: rows are locked in one order
  for (auto& one : wanted) {
    auto const address = contacts::parse_email(one.email_address);
    if (!address) continue;
    auto const [place, fresh] = by_key.try_emplace(address->key, one);
    if (!fresh && strength(one.reason) > strength(place->second.reason)) place->second = std::move(one);
  }
  if (by_key.empty()) co_return;
  db::Columns rows(6);
  std::vector<std::string> keys, withdrawn;
  for (auto const& [key, one] : by_key) {
    rows.add(ids.next(), one.email_address, key, one.reason, some(one.source), one.message_id);
    keys.push_back(key);
    if (one.reason == "unsubscribe" || one.reason == "complaint") withdrawn.push_back(key);
  }
  co_await tx.all(sql::consent::suppress, context.tenant, now, rows);
  co_await tx.exec(sql::consent::cancel_queued, context.tenant, now, db::text_array(keys));
  if (!withdrawn.empty()) {
    auto const people = co_await tx.all(sql::consent::contacts_with_consent, context.tenant, db::text_array(withdrawn));
    db::Columns denied(3), remembered(3);
    std::vector<events::Event> happened;
    for (auto const row : people) {
      auto const& one = by_key.at(row.text(1));
      auto const contact = row.id<ContactId>(0);
      denied.add(ids.next(), contact, some(one.source));
      remembered.add(ids.next(), contact, some(one.source));
      for (auto const kind : {events::kind::email_unsubscribed, events::kind::consent_revoked}) {
        events::Event event;
        event.id = ids.make<EventId>();
        event.type = std::string(kind);
        event.contact_id = contact;
        event.message_id = one.message_id;
        event.occurred_at = now;
        event.payload["reason"] = one.reason;
        event.payload["channel"] = "email";
        if (!context.ip_address.empty()) event.payload["ip_address"] = context.ip_address;
        happened.push_back(std::move(event));
      }
    }
    if (!people.empty()) {
      co_await tx.all(sql::consent::deny_all, context.tenant, now, denied);
      co_await tx.all(sql::consent::remember_all, context.tenant, now, some(context.ip_address), some(context.user_agent), actor_name(context.actor.kind),
                      remembered);
      co_await events::append(tx, context.tenant, std::move(happened), now);
    }
  }
  tx.announce("revoked");
}

Task<std::vector<Suppression>> list_suppressions(db::Store& store, TenantId tenant, std::optional<std::string> email, std::optional<SuppressionId> before,
                                                 int limit) {
  std::vector<Suppression> all;
  if (email) {
    auto const one = co_await find_suppression(store, tenant, *email);
    if (one && !before) all.push_back(*one);
    co_return all;
  }
  auto const rows = co_await store.all(sql::consent::list_suppressions, tenant, before.value_or(beyond_all()), limit);
  for (auto const row : rows) all.push_back(read_suppression(row));
  co_return all;
}

Task<Result<Suppression>> find_suppression(db::Store& store, TenantId tenant, std::string email) {
  auto const address = contacts::parse_email(email);
  if (!address) co_return not_found("suppression", email);
  auto const row = co_await store.maybe(sql::consent::find_suppression, tenant, address->key);
  if (!row) co_return not_found("suppression", email);
  co_return read_suppression(*row);
}

Task<Result<void>> lift_suppression(db::Store& store, Context context, SuppressionId id, Ids& ids, Instant now) {
  auto tx = co_await store.begin();
  auto const row = co_await tx.maybe(sql::consent::lift_suppression, context.tenant, id);
  if (!row) co_return not_found("suppression", id.str());
  boost::json::object before;
  before["email_address"] = row->text(0);
  before["reason"] = row->text(1);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"suppression", id.uuid(), "deleted", audit::difference(before, boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids, now);
  co_await tx.commit();
  co_return Result<void>();
}

}  // namespace postrider::consent
