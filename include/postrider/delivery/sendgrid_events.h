// SendGrid's event webhook, read: a JSON array of events in any order and mixture becomes facts. Pure.
// Source: SendGrid v3 Event Webhook reference (fields, types, bounce classes).
#pragma once

#include "postrider/base/error.h"
#include "postrider/delivery/ingest.h"

#include <string_view>
#include <vector>

namespace postrider::delivery {

// Unknown event types are left out; an event without a time gets the one at which the post was `received`.
// Fails with invalid when the body is no JSON array of objects.
Result<std::vector<Fact>> read_sendgrid_events(std::string_view body, Instant received);

}  // namespace postrider::delivery
