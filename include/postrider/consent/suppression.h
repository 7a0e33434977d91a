// Whom never to write to again. Effective at once: the transaction that suppresses also cancels what is queued.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/db/store.h"

#include <optional>
#include <string>
#include <vector>

namespace postrider::consent {

struct Suppress {
  std::string email_address;
  std::string reason;  // unsubscribe, bounce, complaint, manual
  std::string source = {};
  std::optional<MessageId> message_id = {};
};

// Idempotent. Cancels queued marketing messages to these addresses, and for unsubscribes and complaints withdraws marketing consent
// for e-mail. Emits email_unsubscribed and consent_revoked. Announces "revoked". What is no address is left out.
Task<void> suppress(db::Transaction& tx, Context context, std::vector<Suppress> wanted, Ids& ids, Instant now);

struct Suppression {
  SuppressionId id;
  std::string email_address;
  std::string reason;
  std::optional<std::string> source;
  Instant created_at;
  Instant updated_at;
};
// Newest first; `email` filters exactly.
Task<std::vector<Suppression>> list_suppressions(db::Store& store, TenantId tenant, std::optional<std::string> email, std::optional<SuppressionId> before,
                                                 int limit);
Task<Result<Suppression>> find_suppression(db::Store& store, TenantId tenant, std::string email);
// The address may be written to again. Audited. Fails with not_found.
Task<Result<void>> lift_suppression(db::Store& store, Context context, SuppressionId id, Ids& ids, Instant now);

}  // namespace postrider::consent
