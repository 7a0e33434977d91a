// What a queued message waits for, in a word and in a sentence.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/id.h"
#include "postrider/db/store.h"

#include <optional>
#include <string>

namespace postrider::delivery {

struct Waiting {
  std::string reason;  // scheduled, retry, paused, provider_down, paced, turn
  std::string detail;
  std::optional<Instant> until = {};  // as far as is known
};

// Nothing when there is no such message, or it does not wait.
Task<std::optional<Waiting>> waiting_for(db::Session& session, TenantId tenant, MessageId message, Instant now);

}  // namespace postrider::delivery
