// Takes a claimed batch to its providers: renders, reads once more what may have been revoked since the claim, hands over, and tells the
// settling of every end as soon as it is known.
#pragma once

#include "delivery/sending/flights.h"
#include "delivery/sending/letters.h"
#include "delivery/sending/outgoing.h"
#include "delivery/sending/rooms.h"
#include "delivery/sending/settling.h"

#include <memory>
#include <vector>

namespace postrider::delivery {

class Handovers {
 public:
  Handovers(SendingGround const& ground, SendingSettings const& settings, Flights& flights, Rooms& rooms, Settling& settling)
      : g_(ground), letters_(ground, settings), flights_(flights), rooms_(rooms), settling_(settling) {}

  // Every message of the batch has ended when it returns. Does not throw.
  Task<void> carry(std::shared_ptr<ClaimedBatch> batch);

 private:
  class Part;
  Task<void> carry_part(Part& part);
  Task<void> prepare(ClaimedBatch const& batch, std::vector<std::unique_ptr<Part>>& parts, std::vector<bool>& ended);
  void end(ClaimedBatch const& batch, std::size_t index, Outcome outcome);

  SendingGround const& g_;
  Letters letters_;
  Flights& flights_;
  Rooms& rooms_;
  Settling& settling_;
};

}  // namespace postrider::delivery
