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

struct SettlementRules {
  std::string_view purpose;    // marketing, transactional
  int attempt = 1;             // this one's number
  int max_attempts = 8;
  Instant scheduled_at = {};
  bool provider_down = false;  // the provider's circuit breaker says so: its faults are not the message's
  int crashes = 0;             // how often the process died with it, this time included
};

// A provider that is down costs no attempts, but not for longer than this.
inline constexpr auto provider_patience = std::chrono::hours(72);
// A message that was under way each time the process died so often goes no further.
inline constexpr int most_crashes = 3;

// Temporary refusals: 2 s, 6 s, 18 s ... up to an hour, with up to a quarter added; never before the provider's own word.
// `jitter` is uniform in [0, 1).
Settlement settlement_of(Outcome const& outcome, SettlementRules const& rules, Instant now, double jitter);

}  // namespace postrider::delivery
