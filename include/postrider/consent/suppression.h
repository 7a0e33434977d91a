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
bool is_reason(std::string_view reason);

// How many addresses were not suppressed before.
struct Suppressed {
  std::int64_t added = 0;
  std::int64_t known = 0;
};

// Idempotent; of several reasons the strongest stays (complaint, bounce, manual, unsubscribe). Cancels queued messages to these addresses:
// marketing, and but for mere unsubscribes the transactional ones too. For unsubscribes and complaints withdraws marketing consent for e-mail.
// Emits email_unsubscribed and consent_revoked. Announces "revoked". What users and API keys do is audited. What is no address is left out.
Task<Suppressed> suppress(db::Transaction& tx, Context context, std::vector<Suppress> wanted, Ids& ids, Instant now);

struct Suppression {
  SuppressionId id;
  std::string email_address;
  std::string reason;
  std::optional<std::string> source;
  Instant created_at;
  Instant updated_at;
};
struct SuppressionFilter {
  std::optional<std::string> email = {};   // exactly, normalised
  std::optional<std::string> search = {};  // beginning of the address
  std::optional<std::string> reason = {};
};
// Newest first, those before `before`.
Task<std::vector<Suppression>> list_suppressions(db::Store& store, TenantId tenant, SuppressionFilter filter, std::optional<SuppressionId> before, int limit);
Task<Result<Suppression>> find_suppression(db::Session& session, TenantId tenant, std::string email);
Task<Result<Suppression>> suppression(db::Session& session, TenantId tenant, SuppressionId id);
// The address may be written to again, where consent allows it. Audited. Fails with not_found.
Task<Result<void>> lift_suppression(db::Store& store, Context context, SuppressionId id, Ids& ids, Instant now);
// Somebody who had merely unsubscribed asks for mail again himself: only that reason is lifted. Audited.
Task<void> lift_unsubscribe(db::Transaction& tx, Context context, ContactId contact, Ids& ids, Instant now);

}  // namespace postrider::consent
