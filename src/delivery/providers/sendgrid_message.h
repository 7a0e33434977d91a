// SendGrid's words, without I/O: the body of v3/mail/send, and what its answers mean.
#pragma once

#include "http_sender.h"

#include "postrider/base/clock.h"
#include "postrider/delivery/provider.h"

#include <string>

namespace postrider::delivery {

// *Fails with* invalid: an address or header that cannot be sent (fields as in mime.h).
Result<std::string> sendgrid_body(Envelope const& envelope);

// G7: 429, and 503 with Retry-After, mean not sent; any other 5xx or silence after the request means that it may have been.
Outcome judge_sendgrid(HttpAnswer const& answer, Instant now);

}  // namespace postrider::delivery
