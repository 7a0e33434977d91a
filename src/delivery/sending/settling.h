// Writes what became of messages: many ends in one transaction, each by its fence, with its event, its suppression and its retry. Tries
// until it is written: what left must not be forgotten. The hand-off journal keeps it meanwhile, also over a crash.
#pragma once

#include "delivery/sending/flights.h"
#include "delivery/sending/outgoing.h"
#include "delivery/sending/rooms.h"
#include "postrider/delivery/sender_service.h"

#include <vector>

namespace postrider::delivery {

class Settling {
 public:
  Settling(SendingGround const& ground, Flights& flights, Rooms& rooms);

  void ended(Ended end);
  // Runs until `finish`, and then until nothing is left or the database has not answered for a while.
  Task<void> work();
  void finish();
  // One transaction, now: for recovery. Throws db::Failure.
  Task<void> write(TenantId tenant, std::vector<Ended> ends);

 private:
  Task<bool> settle(TenantId tenant, std::vector<Ended>& ends);

  SendingGround const& g_;
  Flights& flights_;
  Rooms& rooms_;
  Signal bell_;
  std::vector<Ended> waiting_;
  bool finishing_ = false;
};

}  // namespace postrider::delivery
