#include "delivery/sending/outgoing.h"

namespace postrider::delivery {

Ended ended_of(TenantId tenant, LaneId lane, SendingRules const& rules, Claimed const& claimed, Outcome outcome) {
  Ended e;
  e.tenant = tenant;
  e.lane = lane;
  e.id = claimed.id;
  e.contact = claimed.contact_id;
  e.campaign = claimed.campaign;
  e.purpose = claimed.purpose;
  e.kind = claimed.kind;
  e.email = claimed.to_address.value_or(claimed.contact.email.value_or(""));
  e.fence = claimed.fence;
  e.attempt = claimed.attempt;
  e.max_attempts = rules.max_attempts;
  e.created_at = claimed.created_at;
  e.scheduled_at = claimed.scheduled_at;
  e.provider = claimed.provider;
  e.provider_kind = claimed.provider_kind;
  e.outcome = std::move(outcome);
  return e;
}

}  // namespace postrider::delivery
