// What an outcome means for the ledger: pure. Used when a hand-over ends, and when a dead instance's journal is read.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/delivery/provider.h"

#include <optional>
#include <string>
#include <string_view>

namespace postrider::delivery {

struct Settlement {
  std::string status;                      // queued (again), sent, failed, uncertain
  std::optional<Instant> due_at = {};      // of queued
  std::optional<std::string> error = {};
  bool bounced = false;                    // the recipient is to blame, for good
  bool refund_attempt = false;             // this try does not count
};

inline constexpr int most_attempts = 4;  // the first one and three retries

// `jitter` is uniform in [0, 1).
Settlement settlement_of(Outcome const& outcome, std::string_view purpose, int attempt, Instant now, double jitter);

}  // namespace postrider::delivery
