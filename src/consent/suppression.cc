#include "postrider/consent/suppression.h"

#include "postrider/audit/audit.h"
#include "postrider/contacts/email_address.h"
#include "postrider/events/event_log.h"
#include "sql/consent.h"

#include <boost/json/value.hpp>

#include <cctype>
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

int strength(std::string_view reason) {
  if (reason == "complaint") return 4;
  if (reason == "bounce") return 3;
  return reason == "manual" ? 2 : 1;
}

std::optional<std::string> some(std::string const& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace

bool is_reason(std::string_view reason) { return reason == "manual" || reason == "unsubscribe" || reason == "bounce" || reason == "complaint"; }

Task<Suppressed> suppress(db::Transaction& tx, Context context, std::vector<Suppress> wanted, Ids& ids, Instant now) {
  std::map<std::string, Suppress> by_key;  // ordered: rows are locked in one order
  for (auto& one : wanted) {
    auto const address = contacts::parse_email(one.email_address);
    if (!address) continue;
    auto const known = by_key.find(address->key);
    if (known == by_key.end()) by_key.emplace(address->key, std::move(one));
    else if (strength(one.reason) > strength(known->second.reason)) known->second = std::move(one);
  }
  Suppressed result;
  if (by_key.empty()) co_return result;
  db::Columns rows(6);
  std::vector<std::string> keys, withdrawn, hard;
  for (auto const& [key, one] : by_key) {
    rows.add(ids.next(), one.email_address, key, one.reason, some(one.source), one.message_id);
    keys.push_back(key);
    if (one.reason == "unsubscribe" || one.reason == "complaint") withdrawn.push_back(key);
    if (one.reason != "unsubscribe") hard.push_back(key);
  }
  auto const before = co_await tx.all(sql::consent::suppressed_of, context.tenant, db::text_array(keys));
  std::map<std::string, std::string> reasons;
  for (auto const row : before) reasons.emplace(row.text(0), row.text(1));
  result.known = static_cast<std::int64_t>(reasons.size());
  result.added = static_cast<std::int64_t>(keys.size()) - result.known;
  auto const written = co_await tx.all(sql::consent::suppress, context.tenant, now, rows);
  co_await tx.exec(sql::consent::cancel_queued, context.tenant, now, db::text_array(keys), db::text_array(hard));
  if (context.actor.kind == ActorKind::user || context.actor.kind == ActorKind::api_key) {
    std::vector<audit::Entry> entries;
    for (auto const row : written) {
      auto const key = row.text(1);
      auto const& one = by_key.at(key);
      auto const known = reasons.find(key);
      boost::json::object old_state;
      if (known != reasons.end()) old_state["reason"] = known->second;
      boost::json::object new_state;
      if (known == reasons.end()) new_state["email_address"] = one.email_address;
      new_state["reason"] = one.reason;
      entries.push_back(audit::Entry{"suppression", row.uuid(0), known == reasons.end() ? "created" : "updated", audit::difference(old_state, new_state)});
    }
    co_await audit::record(tx, context, std::move(entries), ids, now);
  }
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
  co_return result;
}

Task<std::vector<Suppression>> list_suppressions(db::Store& store, TenantId tenant, SuppressionFilter filter, std::optional<SuppressionId> before, int limit) {
  std::vector<Suppression> all;
  if (filter.email) {
    auto const one = co_await find_suppression(store, tenant, *filter.email);
    if (one && !before && (!filter.reason || *filter.reason == one->reason)) all.push_back(*one);
    co_return all;
  }
  std::optional<std::string> beginning;
  if (filter.search && !filter.search->empty()) {
    beginning = *filter.search;
    for (auto& c : *beginning) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  auto const rows = co_await store.all(sql::consent::list_suppressions, tenant, before.value_or(beyond_all()), filter.reason, beginning, limit);
  for (auto const row : rows) all.push_back(read_suppression(row));
  co_return all;
}

Task<Result<Suppression>> find_suppression(db::Session& session, TenantId tenant, std::string email) {
  auto const address = contacts::parse_email(email);
  if (!address) co_return not_found("suppression", email);
  auto const row = co_await session.maybe(sql::consent::find_suppression, tenant, address->key);
  if (!row) co_return not_found("suppression", email);
  co_return read_suppression(*row);
}

Task<Result<Suppression>> suppression(db::Session& session, TenantId tenant, SuppressionId id) {
  auto const row = co_await session.maybe(sql::consent::suppression, tenant, id);
  if (!row) co_return not_found("suppression", id.str());
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

Task<void> lift_unsubscribe(db::Transaction& tx, Context context, ContactId contact, Ids& ids, Instant now) {
  auto const rows = co_await tx.all(sql::consent::lift_unsubscribe, context.tenant, contact);
  std::vector<audit::Entry> entries;
  for (auto const row : rows) {
    boost::json::object before;
    before["email_address"] = row.text(1);
    before["reason"] = "unsubscribe";
    entries.push_back(audit::Entry{"suppression", row.uuid(0), "deleted", audit::difference(before, boost::json::object())});
  }
  co_await audit::record(tx, context, std::move(entries), ids, now);
}

}  // namespace postrider::consent
