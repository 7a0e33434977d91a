// Brings back what has no owner: messages that a dead instance had claimed, that this one lost track of, or whose outcome only a journal
// knows. An instance on this machine is known to be dead by its journal's lock, which dies with it; any other by its heart, watched with
// this instance's own monotonic clock, so that no clock that is set wrong kills anybody.
#pragma once

#include "delivery/sending/flights.h"
#include "delivery/sending/settling.h"

#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>

namespace postrider::delivery {

class Recovery {
 public:
  Recovery(SendingGround const& ground, std::filesystem::path journals, Flights& flights, Settling& settling)
      : g_(ground), journals_(std::move(journals)), flights_(flights), settling_(settling) {}

  // Journals whose process is gone tell exactly how far each of its messages came.
  Task<void> adopt();
  // Messages whose owner is not there any more, and our own that nobody holds.
  Task<void> rescue();

 private:
  struct Heart {
    std::string beat;
    std::chrono::steady_clock::time_point seen;
  };
  using Entries = std::unordered_map<MessageId, JournalEntry const*>;
  Task<void> recover(InstanceId owner, Entries const& known, bool journal_is_whole);
  Task<void> take_strays();
  Task<void> apply_replies(Entries const& known);
  Task<void> write(TenantId tenant, std::vector<Ended> ends);

  SendingGround const& g_;
  std::filesystem::path journals_;
  Flights& flights_;
  Settling& settling_;
  std::map<InstanceId, Heart> hearts_;
};

}  // namespace postrider::delivery
