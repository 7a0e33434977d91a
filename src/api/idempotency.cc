#include "api/idempotency.h"

#include "api/resource.h"
#include "postrider/crypto/encoding.h"
#include "sql/idempotency.h"

#include <chrono>

namespace postrider::api {

namespace {

constexpr auto kept_for = std::chrono::hours(24);
constexpr auto abandoned_after = std::chrono::minutes(1);
constexpr auto stream_abandoned_after = std::chrono::minutes(30);  // a large file takes its time
constexpr std::size_t largest_kept_answer = 256 * 1024;

struct Shelf {
  db::Store* store = nullptr;
  Clock const* clock = nullptr;
};
Shelf shelf;

http::Response replay(db::Row row) {
  http::Response response;
  response.status = static_cast<int>(row.integer(1));
  response.headers.set("Content-Type", row.text(2));
  response.headers.set("Idempotent-Replay", "true");
  if (!row.is_null(4)) response.headers.set("Location", row.text(4));
  response.body = row.text(3);
  return response;
}

Task<http::Response> once(http::Request& request, http::Handler const& handler) {
  auto const* const key = request.headers.find("Idempotency-Key");
  if (!key || !request.caller.has_value()) co_return co_await handler(request);
  if (key->empty() || key->size() > 255) co_return http::problem(invalid("Idempotency-Key must have 1 to 255 characters"));
  auto const& who = caller(request).context;
  auto const hash = crypto::hex(crypto::sha256(request.method + "\n" + request.target + "\n" + request.body));
  auto const now = shelf.clock->now();
  auto const claimed = co_await shelf.store->maybe(sql::idempotency::claim, who.tenant, who.actor.id, *key, hash, now, now - kept_for, now - abandoned_after);
  if (!claimed) {
    auto const kept = co_await shelf.store->maybe(sql::idempotency::find, who.tenant, who.actor.id, *key);
    if (kept && kept->text(0) != hash) {
      Error const other{.code = Code::unprocessable, .message = "this Idempotency-Key was used with another request; take a new one"};
      co_return http::problem(other);
    }
    if (!kept || kept->is_null(1)) co_return http::problem(conflict("a request with this Idempotency-Key is still running; try again in a moment"));
    co_return replay(*kept);
  }
  std::exception_ptr failure;
  http::Response response;
  try {
    response = co_await handler(request);
  } catch (...) {
    failure = std::current_exception();
  }
  // What failed on our side, or is too large to keep, may be tried again under the same key.
  if (failure || response.status >= 500 || response.stream || response.body.size() > largest_kept_answer) {
    co_await shelf.store->exec(sql::idempotency::release, who.tenant, who.actor.id, *key);
    if (failure) std::rethrow_exception(failure);
    co_return response;
  }
  auto const* const place = response.headers.find("Location");
  std::optional<std::string> const location = place ? std::optional<std::string>(*place) : std::nullopt;
  co_await shelf.store->exec(sql::idempotency::keep, who.tenant, who.actor.id, *key, response.status, response.headers.get("Content-Type"),
                             response.body, location);
  co_return response;
}

// Passes a body on, and hashes it in blocks of a fixed size, so that the pieces it comes in do not matter.
class HashingBody : public http::BodyReader {
 public:
  HashingBody(http::BodyReader& body, std::string seed) : body_(body), chain_(crypto::sha256(seed)) {}

  Task<Result<std::string>> next() override {
    auto piece = co_await body_.next();
    if (!piece) co_return piece;
    block_ += *piece;
    std::size_t at = 0;
    for (; block_.size() - at >= block_size; at += block_size) chain_ = crypto::sha256(chain_ + block_.substr(at, block_size));
    block_.erase(0, at);
    co_return piece;
  }
  std::string hash() const { return crypto::hex(crypto::sha256(chain_ + block_)); }

 private:
  static constexpr std::size_t block_size = 64 * 1024;
  http::BodyReader& body_;
  std::string chain_;
  std::string block_;
};

Task<http::Response> replayed_stream(HashingBody& body, db::Row kept) {
  if (kept.is_null(1)) co_return http::problem(conflict("a request with this Idempotency-Key is still running; try again in a moment"));
  for (;;) {
    auto const piece = co_await body.next();
    if (!piece) co_return http::problem(piece.error());
    if (piece->empty()) break;
  }
  if (kept.text(0) == body.hash()) co_return replay(kept);
  Error const other{.code = Code::unprocessable, .message = "this Idempotency-Key was used with another request; take a new one"};
  co_return http::problem(other);
}

Task<http::Response> once_streamed(http::Request& request, http::Handler const& handler) {
  auto const* const key = request.headers.find("Idempotency-Key");
  if (!key || !request.caller.has_value()) co_return co_await handler(request);
  if (key->empty() || key->size() > 255) co_return http::problem(invalid("Idempotency-Key must have 1 to 255 characters"));
  auto const& who = caller(request).context;
  HashingBody body(*request.stream, request.method + "\n" + request.target);
  request.stream = &body;
  auto const now = shelf.clock->now();
  auto const claimed = co_await shelf.store->maybe(sql::idempotency::claim, who.tenant, who.actor.id, *key, "", now, now - kept_for, now - stream_abandoned_after);
  if (!claimed) {
    auto const kept = co_await shelf.store->maybe(sql::idempotency::find, who.tenant, who.actor.id, *key);
    if (!kept) co_return http::problem(conflict("a request with this Idempotency-Key is still running; try again in a moment"));
    co_return co_await replayed_stream(body, *kept);
  }
  std::exception_ptr failure;
  http::Response response;
  try {
    response = co_await handler(request);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure || response.status >= 400 || response.stream || response.body.size() > largest_kept_answer) {
    co_await shelf.store->exec(sql::idempotency::release, who.tenant, who.actor.id, *key);
    if (failure) std::rethrow_exception(failure);
    co_return response;
  }
  auto const* const place = response.headers.find("Location");
  std::optional<std::string> const location = place ? std::optional<std::string>(*place) : std::nullopt;
  co_await shelf.store->exec(sql::idempotency::keep_streamed, who.tenant, who.actor.id, *key, response.status, response.headers.get("Content-Type"),
                             response.body, location, body.hash());
  co_return response;
}

}  // namespace

http::Handler idempotent_stream(http::Handler handler) {
  return [handler = std::move(handler)](http::Request& request) { return once_streamed(request, handler); };
}

http::Handler idempotent(http::Handler handler) {
  return [handler = std::move(handler)](http::Request& request) { return once(request, handler); };
}

void keep_idempotent_answers_in(db::Store& store, Clock const& clock) { shelf = Shelf{&store, &clock}; }

Task<std::int64_t> forget_old_answers(db::Store& store, Instant now) {
  co_return co_await store.exec(sql::idempotency::forget_old, now - kept_for);
}

}  // namespace postrider::api
