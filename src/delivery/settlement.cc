#include "delivery/settlement.h"

#include <algorithm>

namespace postrider::delivery {

namespace {

constexpr Duration first_wait = std::chrono::seconds(2);
constexpr Duration longest_wait = std::chrono::hours(1);
constexpr Duration longest_told_wait = std::chrono::hours(24);

Instant later(int attempt, std::optional<Duration> at_least, Instant now, double jitter) {
  Duration base = first_wait;
  for (int i = 1; i < attempt && base < longest_wait; ++i) base *= 3;
  auto const told = std::clamp(at_least.value_or(Duration(0)), Duration(0), longest_told_wait);
  auto const wait = std::max(std::min(base, longest_wait), told);
  return now + wait + Duration(static_cast<std::int64_t>(static_cast<double>(wait.count()) * 0.25 * jitter));
}

Settlement again(Instant at, std::optional<std::string> error, bool refund) {
  Settlement s;
  s.status = "queued";
  s.due_at = at;
  s.error = std::move(error);
  s.refund_attempt = refund;
  return s;
}

Settlement failed(std::string error) {
  Settlement s;
  s.status = "failed";
  s.error = std::move(error);
  return s;
}

}  // namespace

Settlement settlement_of(Outcome const& outcome, SettlementRules const& rules, Instant now, double jitter) {
  std::string said = std::string(name(outcome.kind));
  if (outcome.code != 0) said += " " + std::to_string(outcome.code);
  if (!outcome.reply.empty()) said += ": " + outcome.reply;
  bool const waited_long = rules.scheduled_at != Instant() && now - rules.scheduled_at > provider_patience;
  switch (outcome.kind) {
    case OutcomeKind::accepted: {
      Settlement s;
      s.status = "sent";
      return s;
    }
    case OutcomeKind::not_sent:
      if (rules.crashes >= most_crashes) return failed("quarantined: the server died " + std::to_string(rules.crashes) + " times while this message was under way");
      // One by one the next time, so that the culprit is found alone.
      if (rules.crashes > 1) return again(now + std::chrono::seconds(5) + Duration(static_cast<std::int64_t>(60e6 * jitter)), std::nullopt, true);
      return again(now, std::nullopt, true);
    case OutcomeKind::configuration:
      // Wrong credentials are mended by people, not by giving up on recipients.
      if (waited_long) return failed("given up after three days: " + said);
      return again(now + std::chrono::seconds(10), said, true);
    case OutcomeKind::temporary:
      if (outcome.provider_fault && rules.provider_down) {
        if (waited_long) return failed("given up after three days: " + said);
        return again(later(1, outcome.retry_after, now, jitter), said, true);
      }
      if (rules.attempt >= rules.max_attempts) return failed(said);
      return again(later(rules.attempt, outcome.retry_after, now, jitter), said, false);
    case OutcomeKind::uncertain: {
      // Marketing is never sent twice; a receipt is better twice (under one Message-ID) than never.
      if (rules.purpose == "transactional" && rules.attempt < rules.max_attempts)
        return again(later(rules.attempt, outcome.retry_after, now, jitter), said, false);
      Settlement s;
      s.status = "uncertain";
      s.error = said;
      return s;
    }
    case OutcomeKind::permanent:
    case OutcomeKind::policy: {
      auto s = failed(said);
      s.bounced = outcome.bounce == BounceClass::hard && outcome.kind == OutcomeKind::permanent;
      return s;
    }
  }
  return failed(said);
}

}  // namespace postrider::delivery
