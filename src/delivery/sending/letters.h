// Renders a claimed message into what a provider takes.
#pragma once

#include "delivery/sending/outgoing.h"
#include "postrider/delivery/sender_service.h"

namespace postrider::delivery {

class Letters {
 public:
  Letters(SendingGround const& ground, SendingSettings const& settings) : g_(ground), settings_(settings) {}
  // Nothing when it cannot or must not be sent: `failed` says why. Throws db::Failure.
  Task<std::optional<Envelope>> render(TenantId tenant, Claimed const& claimed, Ended& failed);

 private:
  SendingGround const& g_;
  SendingSettings const& settings_;
};

}  // namespace postrider::delivery
