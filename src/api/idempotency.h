// Idempotency-Key on POST: the same key and body get the same answer for 24 hours; another body is 422; a twin that is still
// running is 409. The key is claimed before the handler runs and its answer kept after it; a claim left behind by a crash is
// free again after a minute, and the deterministic ids and keys below make the repetition harmless.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/db/store.h"
#include "postrider/http/router.h"

namespace postrider::api {

// Wraps a handler. Requests without the header, and anonymous ones, pass straight through.
http::Handler idempotent(http::Handler handler);
// The same for a route that streams: its body is hashed as it passes. Only good answers are kept, since a refused body was not read to its end.
http::Handler idempotent_stream(http::Handler handler);

// Where the answers are kept; wiring sets it once, before the first request.
void keep_idempotent_answers_in(db::Store& store, Clock const& clock);

// Drops answers older than 24 hours. Returns how many.
Task<std::int64_t> forget_old_answers(db::Store& store, Instant now);

}  // namespace postrider::api
