#include "contacts/import_chunk.h"

#include "postrider/contacts/email_address.h"
#include "postrider/events/event_log.h"
#include "sql/imports.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace postrider::contacts {

namespace {

std::string_view actor_name(ActorKind kind) {
  switch (kind) {
    case ActorKind::user: return "user";
    case ActorKind::api_key: return "api_key";
    case ActorKind::recipient: return "recipient";
    case ActorKind::provider: return "provider";
    case ActorKind::system: return "system";
  }
  return "system";
}

std::optional<std::string> some(std::string const& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

std::optional<Uuid> some(Uuid id) {
  if (id.is_nil()) return std::nullopt;
  return id;
}

events::Event event_of(std::string_view type, ContactId contact, ChunkRange const& range, Ids& ids, Instant now) {
  events::Event event;
  event.id = ids.make<EventId>();
  event.type = std::string(type);
  event.contact_id = contact;
  event.occurred_at = now;
  event.payload["import_id"] = range.import.str();
  return event;
}

}  // namespace

void add_contact(db::Columns& rows, Contact const& c, std::optional<std::string> const& email_key) {
  rows.add(c.id, c.updated_at, c.email, email_key, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id, c.lead_id, c.tracking,
           boost::json::serialize(c.attributes), tags_text(c.tags).value_or("[]"));
}

Task<void> grant_consent(db::Transaction& tx, Context actor, ChunkRange range, ConsentForAll consent, std::optional<std::string> source, Ids& ids, Instant now,
                         ChunkCounts& counts) {
  auto const people = co_await tx.all(sql::imports::consent_candidates, range.tenant, range.import, range.from, range.to, consent.channel, consent.consent_type);
  db::Columns grants(2), notes(2);
  for (auto const row : people) {
    auto const status = row.maybe_text(1);
    auto const expires = row.maybe_instant(2);
    bool const suppressed = consent.channel == "email" && consent.consent_type == "marketing" && !row.is_null(3);
    if (status == "granted" && (!expires || *expires > now)) continue;  // the earlier proof stands
    if (status == "denied" || suppressed) {
      ++counts.consents_kept;
      auto const why = status == "denied" ? "was denied before and stays so" : "is not recorded, since the address is suppressed (" + row.text(3) + ")";
      notes.add(row.integer(4), "consent " + consent.channel + "." + consent.consent_type + " " + why);
      continue;
    }
    grants.add(ids.next(), row.id<ContactId>(0));
  }
  if (notes.rows() > 0) co_await tx.exec(sql::imports::add_notes, range.tenant, range.import, notes);
  if (grants.rows() == 0) co_return;
  auto const granted = co_await tx.all(sql::imports::grant_consents, range.tenant, now, consent.channel, consent.consent_type, source, some(actor.ip_address), grants);
  db::Columns history(5);
  std::vector<events::Event> happened;
  happened.reserve(granted.size());
  for (auto const row : granted) {
    auto const contact = row.id<ContactId>(0);
    history.add(ids.next(), contact, consent.channel, consent.consent_type, source);
    auto event = event_of(events::kind::consent_granted, contact, range, ids, now);
    event.payload["channel"] = consent.channel;
    event.payload["consent_type"] = consent.consent_type;
    if (source) event.payload["source"] = *source;
    happened.push_back(std::move(event));
  }
  if (happened.empty()) co_return;
  counts.consents_granted += static_cast<std::int64_t>(happened.size());
  co_await tx.all(sql::imports::remember_consents, range.tenant, now, "granted", some(actor.ip_address), some(actor.user_agent), actor_name(actor.actor.kind),
                  some(actor.actor.id), range.import, history);
  co_await events::append(tx, range.tenant, std::move(happened), now);
}

Task<void> withdraw_consents(db::Transaction& tx, Context actor, ChunkRange range, Ids& ids, Instant now) {
  auto const granted = co_await tx.all(sql::imports::granted_consents, range.tenant, range.import, range.from, range.to);
  if (granted.empty()) co_return;
  db::Columns gone(3), history(5);
  std::vector<events::Event> happened;
  for (auto const row : granted) {
    auto const contact = row.id<ContactId>(0);
    gone.add(contact, row.text(1), row.text(2));
    history.add(ids.next(), contact, row.text(1), row.text(2), row.maybe_text(3));
    auto event = event_of(events::kind::consent_revoked, contact, range, ids, now);
    event.payload["channel"] = row.text(1);
    event.payload["consent_type"] = row.text(2);
    event.payload["reason"] = "import_undone";
    happened.push_back(std::move(event));
  }
  co_await tx.exec(sql::imports::withdraw_consents, range.tenant, gone);
  co_await tx.all(sql::imports::remember_consents, range.tenant, now, "revoked", some(actor.ip_address), some(actor.user_agent), actor_name(actor.actor.kind),
                  some(actor.actor.id), range.import, history);
  co_await events::append(tx, range.tenant, std::move(happened), now);
  tx.announce("revoked");
}

Task<void> join_segment(db::Transaction& tx, ChunkRange range, SegmentId segment, Ids& ids, Instant now) {
  auto const joined = co_await tx.all(sql::imports::join_segment, range.tenant, range.import, range.from, range.to, segment, now);
  if (joined.empty()) co_return;
  db::TextArray members;
  std::vector<events::Event> happened;
  for (auto const row : joined) {
    members.items.push_back(row.text(0));
    auto event = event_of(events::kind::segment_membership_changed, row.id<ContactId>(0), range, ids, now);
    event.payload["segment_id"] = segment.str();
    event.payload["change"] = "joined";
    happened.push_back(std::move(event));
  }
  co_await tx.exec(sql::imports::note_joined, range.tenant, range.import, range.from, range.to, members);
  co_await events::append(tx, range.tenant, std::move(happened), now);
}

Task<void> leave_segment(db::Transaction& tx, ChunkRange range, SegmentId segment, Ids& ids, Instant now) {
  auto const left = co_await tx.all(sql::imports::leave_segment, range.tenant, range.import, range.from, range.to, segment);
  std::vector<events::Event> happened;
  for (auto const row : left) {
    auto event = event_of(events::kind::segment_membership_changed, row.id<ContactId>(0), range, ids, now);
    event.payload["segment_id"] = segment.str();
    event.payload["change"] = "left";
    happened.push_back(std::move(event));
  }
  co_await events::append(tx, range.tenant, std::move(happened), now);
}

}  // namespace postrider::contacts
