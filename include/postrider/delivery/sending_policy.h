// What a tenant sets about sending: budgets for a minute, an hour and a day, how often a refused message is tried, and how often one
// person is written to. Every change is audited and takes effect with the next claim.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/db/store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace postrider::delivery {

struct RateLimit {
  std::string name;  // "tenant", "channel:email", "provider:<id>"
  std::string span;  // minute, hour, day
  std::int64_t limit = 0;
  std::int64_t available = 0;  // how many may go at this moment
};

Task<std::vector<RateLimit>> rate_limits(db::Store& store, TenantId tenant, Instant now);
// All of them anew; one that stays keeps what was used of it. Fails with invalid: /items/0/name, /items/0/span, /items/0/limit.
Task<Result<std::vector<RateLimit>>> set_rate_limits(db::Store& store, Context context, std::vector<RateLimit> wanted, Ids& ids, Instant now);

struct SendingPolicy {
  int max_attempts = 8;
  std::optional<int> frequency_messages = {};  // marketing messages to one contact ...
  std::optional<int> frequency_days = {};      // ... in so many days; both or neither
};

Task<SendingPolicy> sending_policy(db::Store& store, TenantId tenant);
// Fails with invalid: /max_attempts, /frequency_messages, /frequency_days.
Task<Result<SendingPolicy>> set_sending_policy(db::Store& store, Context context, SendingPolicy wanted, Ids& ids, Instant now);

}  // namespace postrider::delivery
