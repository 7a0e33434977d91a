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

Entry read_entry(db::Row row) {
  Entry e;
  e.id = row.uuid(0);
  e.contact_id = row.id<ContactId>(1);
  e.channel = row.text(2);
  e.consent_type = row.text(3);
  e.status = row.text(4);
  e.source = row.maybe_text(5);
  e.ip_address = row.maybe_text(6);
  e.user_agent = row.maybe_text(7);
  e.text_shown = row.maybe_text(8);
  e.actor_kind = row.text(9);
  if (!row.is_null(10)) e.actor_id = row.uuid(10);
  e.occurred_at = row.instant(11);
  return e;
}

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

Place last_place(std::optional<Place> const& after) {
  if (after) return *after;
  return Place(Instant(std::chrono::hours(24) * 365 * 200), Uuid());
}

boost::json::object described(std::string_view channel, std::string_view type, std::string_view status) {
  boost::json::object out;
  out["channel"] = channel;
  out["consent_type"] = type;
  out["status"] = status;
  return out;
}

}  // namespace

Result<void> check_kind(std::string_view channel, std::string_view type) {
  if (channel != "email" && channel != "sms" && channel != "push") return invalid("the channel must be email, sms or push");
  if (type != "marketing" && type != "transactional") return invalid("the type must be marketing or transactional");
  return {};
}

Task<Result<Consent>> set(db::Transaction& tx, Context context, ContactId contact, std::string channel, std::string type, Proof proof, Ids& ids, Instant now) {
  if (auto const known = check_kind(channel, type); !known) co_return known.error();
  if (proof.status != "granted" && proof.status != "denied" && proof.status != "pending")
    co_return invalid_field("/status", "invalid_value", "status must be granted, denied or pending");
  if (!co_await tx.maybe(sql::consent::contact_exists, context.tenant, contact)) co_return not_found("contact", contact.str());
  auto const before = co_await tx.maybe(sql::consent::find_for_change, context.tenant, contact, channel, type);
  std::string const old_status = before ? before->text(4) : "";
  std::optional<Instant> granted_at, revoked_at;
  if (proof.status == "granted") granted_at = now;
  if (proof.status == "denied") revoked_at = now;
  co_await tx.exec(sql::consent::keep, context.tenant, ids.next(), contact, channel, type, proof.status, proof.source, proof.ip_address, proof.text_shown,
                   granted_at, revoked_at, proof.expires_at, now);
  std::optional<Uuid> actor_id;
  if (!context.actor.id.is_nil()) actor_id = context.actor.id;
  co_await tx.exec(sql::consent::remember, context.tenant, ids.next(), contact, channel, type, proof.status, proof.source, proof.ip_address, proof.user_agent,
                   proof.text_shown, actor_name(context.actor.kind), actor_id, now);
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

Task<std::vector<Consent>> of_contact(db::Session& session, TenantId tenant, ContactId contact) {
  auto const rows = co_await session.all(sql::consent::of_contact, tenant, contact);
  std::vector<Consent> all;
  for (auto const row : rows) all.push_back(read_consent(row));
  co_return all;
}

Task<std::vector<Consent>> list(db::Store& store, TenantId tenant, ConsentFilter filter, std::optional<Place> after, int limit) {
  auto const [at, id] = last_place(after);
  db::Rows rows;
  if (filter.contact) rows = co_await store.all(sql::consent::list_of_contact, tenant, filter.status, filter.channel, filter.type, at, id, limit, *filter.contact);
  else rows = co_await store.all(sql::consent::list, tenant, filter.status, filter.channel, filter.type, at, id, limit);
  std::vector<Consent> all;
  for (auto const row : rows) all.push_back(read_consent(row));
  co_return all;
}

Task<std::vector<Entry>> history(db::Store& store, TenantId tenant, ContactId contact, std::optional<Place> after, int limit) {
  auto const [at, id] = last_place(after);
  auto const rows = co_await store.all(sql::consent::history, tenant, contact, at, id, limit);
  std::vector<Entry> all;
  for (auto const row : rows) all.push_back(read_entry(row));
  co_return all;
}

Task<std::vector<Entry>> whole_history(db::Store& store, TenantId tenant, Uuid after, int limit) {
  auto const rows = co_await store.all_on(db::Lane::background, sql::consent::whole_history, tenant, after, limit);
  std::vector<Entry> all;
  for (auto const row : rows) {
    all.push_back(read_entry(row));
    all.back().email = row.maybe_text(12);
  }
  co_return all;
}

}  // namespace postrider::consent
