// Which messages this instance holds at the moment, and whether they may still go: the one place that answers a provider's last question.
//
// A message may begin while the instance's heart beats (others would take it over soon after it stopped), nothing has revoked it since it
// was claimed, and the last word about revocations is in. Every phase goes to the hand-off journal first.
#pragma once

#include "delivery/providers/hand_off_journal.h"
#include "postrider/base/clock.h"
#include "postrider/delivery/provider.h"

#include <chrono>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

namespace postrider::delivery {

class Flights {
 public:
  // A margin below `silent_after`, from which on others take over what an instance holds.
  static constexpr auto fenced_after = std::chrono::seconds(25);
  static constexpr auto silent_after = std::chrono::seconds(45);
  static constexpr auto blocked_for = std::chrono::seconds(5);

  Flights(Clock const& clock, HandOffJournal& journal) : clock_(clock), journal_(journal) {}

  void add(TenantId tenant, MessageId id, std::int64_t fence) { held_.insert_or_assign(id, Flight{tenant, fence}); }
  void remove(MessageId id) { held_.erase(id); }
  bool holds(MessageId id) const { return held_.contains(id); }
  std::size_t size() const { return held_.size(); }
  // Those that have not begun, by tenant.
  std::map<TenantId, std::vector<MessageId>> waiting() const;

  // The heart has beaten; the beat was asked for at `asked`. After too long a pause whatever is held may have been taken over.
  void beaten(std::chrono::steady_clock::time_point asked);
  bool fresh() const { return clock_.steady() - last_beat_ < fenced_after; }

  // Something was revoked somewhere: nothing begins until `checked`.
  void doubt() { doubting_ = true; }
  void checked() { doubting_ = false; }
  bool doubting() const { return doubting_; }
  // What the ledger says of it now: its fence, 0 when it must not go. Another fence than ours: it was taken over.
  void confirm(MessageId id, std::int64_t fence);
  // The journal could not be written (its disk is full): nothing begins for a while.
  bool blocked() const { return clock_.steady() < blocked_until_; }
  // Nothing begins any more.
  void close() { closed_ = true; }

  bool may_hand_off(Envelope const& envelope) const;
  bool phase(Envelope const& envelope, Phase phase, Outcome const* outcome);
  // How it stands with a message whose hand-over broke off: its reply, uncertain after the dot, not sent before.
  Outcome known_end(MessageId id) const;
  void written(std::span<MessageId const> ids);

 private:
  struct Flight {
    TenantId tenant;
    std::int64_t fence = 0;
    bool begun = false;
    bool revoked = false;
    bool fenced = false;
  };
  Clock const& clock_;
  HandOffJournal& journal_;
  std::unordered_map<MessageId, Flight> held_;
  std::chrono::steady_clock::time_point last_beat_{};
  std::chrono::steady_clock::time_point blocked_until_{};
  bool doubting_ = false;
  bool closed_ = false;
};

}  // namespace postrider::delivery
