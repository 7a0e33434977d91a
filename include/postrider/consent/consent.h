// May we write to this person, on this channel, for this purpose; with proof. The current state, and an append-only history.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/db/store.h"

#include <optional>
#include <string>
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

// Sets the state and appends the proof, in the caller's transaction. Emits consent_granted or consent_revoked when it changed.
// Fails with invalid, not_found (contact).
Task<Result<Consent>> set(db::Transaction& tx, Context context, ContactId contact, std::string channel, std::string type, Proof proof, Ids& ids, Instant now);

Task<std::vector<Consent>> of_contact(db::Store& store, TenantId tenant, ContactId contact);
// All of the tenant, latest first.
Task<std::vector<Consent>> list(db::Store& store, TenantId tenant, std::optional<ContactId> contact, std::optional<std::string> status, int limit);

}  // namespace postrider::consent
