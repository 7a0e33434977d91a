// Takes a batch out of a lane: in one transaction the lane is held, its budgets are read, messages are claimed, the gate is asked
// for each, and every verdict is kept. What comes back may go.
#pragma once

#include "delivery/sending/flights.h"
#include "delivery/sending/outgoing.h"
#include "delivery/sending/pacing.h"
#include "delivery/sending/turns.h"
#include "postrider/delivery/gate.h"
#include "postrider/delivery/sender_service.h"

#include <map>
#include <vector>

namespace postrider::delivery {

class Claims {
 public:
  Claims(SendingGround const& ground, Flights& flights) : g_(ground), flights_(flights) {}
  // At most `room` messages. The lane rests until it is worth asking again. Throws db::Failure.
  Task<ClaimedBatch> claim(DueLane lane, int room);
  // Nothing is taken from the lane before `until`.
  Task<void> hold(DueLane lane, Instant until, std::string why);

 private:
  struct Held {
    std::int64_t version = 0;
    std::vector<Budget> budgets;
    bool throttled = false;  // the first budget is the campaign's own
  };
  Task<void> ask_gate(db::Transaction& tx, ClaimedBatch& batch, db::Rows const& ids, boost::json::object pacing, std::vector<db::Call>& writes, Instant now);
  Task<std::map<ContactId, int>> written_to_lately(db::Transaction& tx, ClaimedBatch const& batch, db::Rows const& facts, Instant now);

  SendingGround const& g_;
  Flights& flights_;
};

}  // namespace postrider::delivery
