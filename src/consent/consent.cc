#include "postrider/consent/consent.h"

#include "postrider/audit/audit.h"
#include "postrider/events/event_log.h"
#include "sql/consent.h"

#include <boost/json/value.hpp>

namespace postrider::consent {

namespace {

Consent read_consent(db::Row row) {
  Consent c;
  c.id = row.uuid(0);
  c.contact_id = row.id<ContactId>(1);
  c.channel = row.text(2);
  c.consent_type = row.text(3);
  c.status = row.text(4);
  c.source = row.maybe_text(5);
  c.ip_address = row.maybe_text(6);
  c.text_shown = row.maybe_text(7);
  c.granted_at = row.maybe_instant(8);
  c.revoked_at = row.maybe_instant(9);
  c.expires_at = row.maybe_instant(10);
  c.created_at = row.instant(11);
  c.updated_at = row.instant(12);
  return c;
}

boost::json::object described(std::string_view channel, std::string_view type, std::string_view status) {
  boost::json::object out;
  out["channel"] = channel;
  out["consent_type"] = type;
  out["status"] = status;
  return out;
}

}  // namespace

Task<Result<Consent>> set(db::Transaction& tx, Context context, ContactId contact, std::string channel, std::string type, Proof proof, Ids& ids, Instant now) {
  if (channel != "email" && channel != "sms" && channel != "push") co_return invalid("the channel must be email, sms or push");
  if (type != "marketing" && type != "transactional") co_return invalid("the type must be marketing or transactional");
  if (proof.status != "granted" && proof.status != "denied" && proof.status != "pending")
    co_return invalid_field("/status", "invalid_value", "status must be granted, denied or pending");
  if (!co_await tx.maybe(sql::consent::contact_exists, context.tenant, contact)) co_return not_found("contact", contact.str());
  auto const before = co_await tx.maybe(sql::consent::find, context.tenant, contact, channel, type);
  std::string const old_status = before ? before->text(4) : "";
  std::optional<Instant> granted_at, revoked_at;
  if (proof.status == "granted") granted_at = now;
  if (proof.status == "denied") revoked_at = now;
  co_await tx.exec(sql::consent::keep, context.tenant, ids.next(), contact, channel, type, proof.status, proof.source, proof.ip_address, proof.text_shown,
                   granted_at, revoked_at, proof.expires_at, now);
  std::string_view const actor = context.actor.kind == ActorKind::recipient ? "recipient" : context.actor.kind == ActorKind::user ? "user" : "api_key";
  std::optional<Uuid> actor_id;
  if (!context.actor.id.is_nil()) actor_id = context.actor.id;
  co_await tx.exec(sql::consent::remember, context.tenant, ids.next(), contact, channel, type, proof.status, proof.source, proof.ip_address, proof.user_agent,
                   proof.text_shown, actor, actor_id, now);
  if (old_status != proof.status && proof.status != "pending") {
    events::Event event;
    event.id = ids.make<EventId>();
    event.type = std::string(proof.status == "granted" ? events::kind::consent_granted : events::kind::consent_revoked);
    event.contact_id = contact;
    event.occurred_at = now;
    event.payload["channel"] = channel;
    event.payload["consent_type"] = type;
    if (proof.source) event.payload["source"] = *proof.source;
    std::vector<events::Event> happened;
    happened.push_back(std::move(event));
    co_await events::append(tx, context.tenant, std::move(happened), now);
  }
  std::vector<audit::Entry> entries;
  auto const earlier = old_status.empty() ? boost::json::object() : described(channel, type, old_status);
  entries.push_back(audit::Entry{"consent", contact.uuid(), "updated", audit::difference(earlier, described(channel, type, proof.status))});
  co_await audit::record(tx, context, std::move(entries), ids, now);
  if (proof.status == "denied") tx.announce("revoked");
  auto const row = co_await tx.one(sql::consent::find, context.tenant, contact, channel, type);
  co_return read_consent(row);
}

Task<std::vector<Consent>> of_contact(db::Store& store, TenantId tenant, ContactId contact) {
  auto const rows = co_await store.all(sql::consent::of_contact, tenant, contact);
  std::vector<Consent> all;
  for (auto const row : rows) all.push_back(read_consent(row));
  co_return all;
}

Task<std::vector<Consent>> list(db::Store& store, TenantId tenant, std::optional<ContactId> contact, std::optional<std::string> status, int limit) {
  if (contact) co_return co_await of_contact(store, tenant, *contact);
  auto const rows = co_await store.all(sql::consent::list, tenant, status, limit);
  std::vector<Consent> all;
  for (auto const row : rows) all.push_back(read_consent(row));
  co_return all;
}

}  // namespace postrider::consent
