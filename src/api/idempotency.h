// Idempotency-Key on POST: the same key and body get the same answer for 24 hours; another body is 422; a twin that is still
// running is 409. A request that died between its effect and its answer has left the effect's audit entry, which carries the request's id
// and was written in the effect's own transaction: whoever repeats it gets the answer made anew from there, and never a second effect.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/crypto/sealing.h"
#include "postrider/db/store.h"
#include "postrider/http/router.h"

namespace postrider::api {

// Wraps a handler. Requests without the header, and anonymous ones, pass straight through.
http::Handler idempotent(http::Handler handler);
// The same for a route that streams: its body is hashed as it passes. Only good answers are kept, since a refused body was not read to its end.
http::Handler idempotent_stream(http::Handler handler);

// Where the answers are kept (those that show a secret are sealed) and how a lost one is made anew. Wiring sets it before the first request;
// all of it outlives the server.
struct AnswerShelf {
  db::Store* store = nullptr;
  Clock const* clock = nullptr;
  crypto::Sealer const* sealer = nullptr;
  http::Router const* router = nullptr;
};
void keep_idempotent_answers_in(AnswerShelf shelf);

// Drops answers older than 24 hours. Returns how many.
Task<std::int64_t> forget_old_answers(db::Store& store, Instant now);

}  // namespace postrider::api
