#include "delivery/sending/flights.h"

#include "postrider/base/log.h"

namespace postrider::delivery {

std::map<TenantId, std::vector<MessageId>> Flights::waiting() const {
  std::map<TenantId, std::vector<MessageId>> all;
  for (auto const& [id, flight] : held_)
    if (!flight.begun && !flight.revoked) all[flight.tenant].push_back(id);
  return all;
}

void Flights::beaten(std::chrono::steady_clock::time_point asked) {
  auto const pause = asked - last_beat_;
  if (last_beat_ != std::chrono::steady_clock::time_point() && pause >= fenced_after) {
    log::warn("heart_stood_still", log::field("seconds", std::chrono::duration_cast<std::chrono::seconds>(pause).count()), log::field("messages", held_.size()));
    for (auto& [id, flight] : held_) flight.fenced = true;
  }
  last_beat_ = asked;
}

void Flights::confirm(MessageId id, std::int64_t fence) {
  if (auto const found = held_.find(id); found != held_.end() && found->second.fence != fence) found->second.revoked = true;
}

bool Flights::may_hand_off(Envelope const& envelope) const {
  if (closed_ || doubting_ || !fresh() || blocked()) return false;
  auto const found = held_.find(envelope.id);
  return found != held_.end() && found->second.fence == envelope.fence && !found->second.revoked && !found->second.fenced;
}

bool Flights::phase(Envelope const& envelope, Phase phase, Outcome const* outcome) {
  auto const found = held_.find(envelope.id);
  if (phase == Phase::dot) {
    // A process that stood still between the first word and the last must not say the last one: somebody else may have, meanwhile.
    if (found == held_.end() || found->second.fenced || !fresh()) return false;
  }
  if (found != held_.end()) found->second.begun = true;
  auto const recorded = journal_.record(envelope, phase, outcome);
  if (!recorded && phase == Phase::dot) blocked_until_ = clock_.steady() + blocked_for;
  return recorded;
}

Outcome Flights::known_end(MessageId id) const {
  Outcome outcome;
  auto const entry = journal_.last(id);
  if (!entry || entry->phase == Phase::begun) {
    outcome.reply = "it was not begun";
    return outcome;
  }
  if (entry->phase == Phase::replied) return entry->outcome;
  outcome.kind = OutcomeKind::uncertain;
  outcome.reply = "the hand-over broke off before its reply";
  return outcome;
}

void Flights::written(std::span<MessageId const> ids) {
  for (auto const& id : ids) held_.erase(id);
  journal_.settled(ids);
}

}  // namespace postrider::delivery
