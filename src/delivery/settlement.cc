#include "delivery/settlement.h"

#include <algorithm>

namespace postrider::delivery {

namespace {

// 2 s, 4 s, 8 s, with up to a quarter added; never before the provider's own word.
Instant later(int attempt, std::optional<Duration> at_least, Instant now, double jitter) {
  Duration const base = std::chrono::seconds(2) * (1 << std::clamp(attempt - 1, 0, 10));
  auto const wait = std::max(base, at_least.value_or(Duration(0)));
  return now + wait + Duration(static_cast<std::int64_t>(static_cast<double>(wait.count()) * 0.25 * jitter));
}

}  // namespace

Settlement settlement_of(Outcome const& outcome, std::string_view purpose, int attempt, Instant now, double jitter) {
  Settlement s;
  std::string said = std::string(name(outcome.kind));
  if (outcome.code != 0) said += " " + std::to_string(outcome.code);
  if (!outcome.reply.empty()) said += ": " + outcome.reply;
  switch (outcome.kind) {
    case OutcomeKind::accepted: s.status = "sent"; return s;
    case OutcomeKind::not_sent:
      s.status = "queued";
      s.due_at = now;
      s.refund_attempt = true;
      return s;
    case OutcomeKind::configuration:
      // Wrong credentials are mended by people, not by giving up on recipients.
      s.status = "queued";
      s.due_at = now + std::chrono::seconds(60);
      s.refund_attempt = true;
      s.error = said;
      return s;
    case OutcomeKind::temporary:
      s.error = said;
      if (attempt >= most_attempts) {
        s.status = "failed";
        return s;
      }
      s.status = "queued";
      s.due_at = later(attempt, outcome.retry_after, now, jitter);
      return s;
    case OutcomeKind::uncertain:
      s.error = said;
      // Marketing is never sent twice; a receipt is better twice (under one Message-ID) than never.
      if (purpose == "transactional" && attempt < most_attempts) {
        s.status = "queued";
        s.due_at = later(attempt, outcome.retry_after, now, jitter);
      } else {
        s.status = "uncertain";
      }
      return s;
    case OutcomeKind::permanent:
    case OutcomeKind::policy:
      s.status = "failed";
      s.error = said;
      s.bounced = outcome.bounce == BounceClass::hard;
      return s;
  }
  s.status = "failed";
  return s;
}

}  // namespace postrider::delivery
