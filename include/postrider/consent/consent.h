// May we write to this person, on this channel, for this purpose; with proof. The current state, and an append-only history.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/db/store.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postrider::consent {

struct Consent {
  Uuid id;
  ContactId contact_id;
  std::string channel;
  std::string consent_type;
  std::string status;  // granted, denied, pending
  std::optional<std::string> source, ip_address, text_shown;
  std::optional<Instant> granted_at, revoked_at, expires_at;
  Instant created_at;
  Instant updated_at;
};

struct Proof {
  std::string status;
  std::optional<std::string> source = {}, ip_address = {}, user_agent = {}, text_shown = {};
  std::optional<Instant> expires_at = {};
};

// Fails with invalid.
Result<void> check_kind(std::string_view channel, std::string_view type);

// Sets the state and appends the proof, in the caller's transaction. Emits consent_granted or consent_revoked when it changed.
// Fails with invalid, not_found (contact).
Task<Result<Consent>> set(db::Transaction& tx, Context context, ContactId contact, std::string channel, std::string type, Proof proof, Ids& ids, Instant now);

Task<std::vector<Consent>> of_contact(db::Session& session, TenantId tenant, ContactId contact);

struct ConsentFilter {
  std::optional<ContactId> contact = {};
  std::optional<std::string> status = {}, channel = {}, type = {};
};
using Place = std::pair<Instant, Uuid>;
// Latest change first, after the given last one of the page before: (updated_at, id).
Task<std::vector<Consent>> list(db::Store& store, TenantId tenant, ConsentFilter filter, std::optional<Place> after, int limit);

// One proof: never altered, but for what an erased person must not leave behind.
struct Entry {
  Uuid id;
  ContactId contact_id;
  std::string channel;
  std::string consent_type;
  std::string status;
  std::optional<std::string> source, ip_address, user_agent, text_shown;
  std::string actor_kind;
  std::optional<Uuid> actor_id;
  Instant occurred_at;
  std::optional<std::string> email = {};  // of the whole tenant's history: whose it is, while the contact is there
};
// Latest first, after the given last one: (occurred_at, id).
Task<std::vector<Entry>> history(db::Store& store, TenantId tenant, ContactId contact, std::optional<Place> after, int limit);
// All of the tenant in the order it was written, after the given id: for export.
Task<std::vector<Entry>> whole_history(db::Store& store, TenantId tenant, Uuid after, int limit);

}  // namespace postrider::consent
