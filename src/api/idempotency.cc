#include "api/idempotency.h"

#include "api/resource.h"
#include "postrider/audit/audit.h"
#include "postrider/base/fail_point.h"
#include "postrider/crypto/encoding.h"
#include "sql/idempotency.h"

#include <algorithm>
#include <chrono>
#include <set>

namespace postrider::api {

namespace {

POSTRIDER_DECLARE_FAIL_POINT(point_effect_done, "idempotency.effect_done");
POSTRIDER_DECLARE_FAIL_POINT(point_claimed, "idempotency.claimed");

constexpr auto kept_for = std::chrono::hours(24);
constexpr auto abandoned_after = std::chrono::minutes(1);
constexpr auto stream_abandoned_after = std::chrono::minutes(30);  // a large file takes its time
constexpr std::size_t largest_kept_answer = 256 * 1024;

AnswerShelf shelf;
// Requests of this process that ended in an exception: whoever repeats one need not wait until it counts as abandoned.
std::set<std::string, std::less<>> given_up;

// Who claimed which key, and in which request.
struct Claim {
  Context who;
  std::string key;
  std::string hash;
  std::string request_id;
};

crypto::SealedPlace place_of(Claim const& claim) {
  return crypto::SealedPlace{.tenant = claim.who.tenant, .table = "idempotency_keys", .column = "body", .row = claim.who.actor.id};
}

Result<http::Response> replay(Claim const& claim, db::Row row) {
  http::Response response;
  response.status = static_cast<int>(row.integer(1));
  response.headers.set("Content-Type", row.text(2));
  response.headers.set("Idempotent-Replay", "true");
  if (!row.is_null(4)) response.headers.set("Location", row.text(4));
  response.body = row.text(3);
  if (!crypto::Sealer::is_sealed(response.body)) return response;
  auto const opened = shelf.sealer->open(response.body, place_of(claim));
  if (!opened) return opened.error();
  response.body = opened->reveal();
  response.headers.set("Cache-Control", "no-store");
  return response;
}

Task<void> keep(Claim const& claim, http::Response const& response) {
  auto const* const found = response.headers.find("Location");
  std::optional<std::string> const location = found ? std::optional<std::string>(*found) : std::nullopt;
  auto body = response.body;
  if (response.headers.get("Cache-Control") == "no-store") body = shelf.sealer->seal(Secret(body), place_of(claim));
  co_await shelf.store->exec(sql::idempotency::keep, claim.who.tenant, claim.who.actor.id, claim.key, claim.request_id, response.status,
                             response.headers.get("Content-Type"), body, location);
}

// "/api/v1/campaigns" and an entry about a campaign, or "/api/v1/campaigns/<id>/launch" and an entry about that one. Nothing when the entry is
// about something else that changed with it.
std::optional<std::string> address_of(http::Request const& request, audit::Record const& effect) {
  auto const id = effect.entity_id.str();
  if (auto const at = request.path.find("/" + id); at != std::string::npos) return request.path.substr(0, at + 1 + id.size());
  auto collection = request.path.substr(request.path.rfind('/') + 1);
  std::ranges::replace(collection, '-', '_');
  if (effect.action != "created" || collection != effect.entity_type + "s") return std::nullopt;
  return request.path + "/" + id;
}

int promised_status(http::Request const& request) {
  auto const match = shelf.router->match(request.method, request.path);
  if (match.route)
    for (auto const& answer : match.route->doc.answers)
      if (answer.status < 300) return answer.status;
  return 200;
}

// What the request would have answered, read from where its effect is to be seen.
Task<std::optional<http::Response>> answer_anew(http::Request const& request, std::string address) {
  auto const match = shelf.router->match("GET", address);
  if (!match.route) co_return std::nullopt;
  http::Request reading;
  reading.method = "GET";
  reading.target = reading.path = address;
  reading.route = match.route->pattern;
  reading.parameters = match.parameters;
  reading.headers = request.headers;
  reading.remote_ip = request.remote_ip;
  reading.secure = request.secure;
  reading.request_id = request.request_id;
  reading.caller = request.caller;
  reading.headers.remove("If-None-Match");
  auto response = co_await match.route->handler(reading);
  if (response.status != 200) co_return std::nullopt;
  response.status = promised_status(request);
  if (response.status != 200) response.headers.set("Location", address);
  co_return response;
}

// The key belongs to a request that neither answered nor released it. Its audit entries tell whether it took effect.
Task<std::optional<http::Response>> answer_for_the_dead(http::Request const& request, Claim const& claim, std::string dead_request, Instant since) {
  auto const effects = co_await audit::of_request(*shelf.store, claim.who.tenant, claim.who.actor.id, dead_request, since);
  if (effects.empty()) co_return std::nullopt;
  for (auto const& effect : effects) {
    auto const address = address_of(request, effect);
    if (!address) continue;
    auto answer = co_await answer_anew(request, *address);
    if (!answer) continue;
    auto held = claim;
    held.request_id = dead_request;
    co_await keep(held, *answer);
    co_return answer;
  }
  co_return http::problem(conflict("the request with this Idempotency-Key was carried out, but its answer is lost: look at what it made (" +
                                   effects.front().entity_type + " " + effects.front().entity_id.str() + ")"));
}

// Nothing: the key is ours, and the handler may run.
Task<std::optional<http::Response>> answer_of_other(http::Request const& request, Claim const& claim) {
  auto const now = shelf.clock->now();
  auto const& who = claim.who;
  auto const claimed =
      co_await shelf.store->maybe(sql::idempotency::claim, who.tenant, who.actor.id, claim.key, claim.hash, claim.request_id, now, now - kept_for);
  if (claimed) co_return std::nullopt;
  auto const kept = co_await shelf.store->maybe(sql::idempotency::find, who.tenant, who.actor.id, claim.key);
  auto const running = conflict("a request with this Idempotency-Key is still running; try again in a moment");
  if (!kept) co_return http::problem(running);
  if (kept->text(0) != claim.hash) {
    Error const other{.code = Code::unprocessable, .message = "this Idempotency-Key was used with another request; take a new one"};
    co_return http::problem(other);
  }
  if (!kept->is_null(1)) {
    auto replayed = replay(claim, *kept);
    if (!replayed) co_return http::problem(replayed.error());
    co_return std::move(*replayed);
  }
  if (kept->instant(6) > now - abandoned_after && !given_up.contains(kept->text(5))) co_return http::problem(running);
  auto answer = co_await answer_for_the_dead(request, claim, kept->text(5), kept->instant(6));
  if (answer) co_return std::move(*answer);
  auto const taken = co_await shelf.store->maybe(sql::idempotency::take_over, who.tenant, who.actor.id, claim.key, kept->text(5), claim.request_id, now);
  if (!taken) co_return http::problem(running);
  co_return std::nullopt;
}

Task<http::Response> once(http::Request& request, http::Handler const& handler) {
  auto const* const key = request.headers.find("Idempotency-Key");
  if (!key || !request.caller.has_value()) co_return co_await handler(request);
  if (key->empty() || key->size() > 255) co_return http::problem(invalid("Idempotency-Key must have 1 to 255 characters"));
  Claim claim;
  claim.who = caller(request).context;
  claim.key = *key;
  claim.hash = crypto::hex(crypto::sha256(request.method + "\n" + request.target + "\n" + request.body));
  claim.request_id = request.request_id;
  if (auto other = co_await answer_of_other(request, claim)) co_return std::move(*other);
  POSTRIDER_FAIL_POINT("idempotency.claimed");
  std::exception_ptr failure;
  http::Response response;
  try {
    response = co_await handler(request);
  } catch (...) {
    failure = std::current_exception();
  }
  POSTRIDER_FAIL_POINT("idempotency.effect_done");
  if (failure) {
    // It may have taken effect all the same: the key stays, and the next one looks.
    if (given_up.size() > 10'000) given_up.clear();
    given_up.insert(claim.request_id);
    std::rethrow_exception(failure);
  }
  // What failed on our side, or is too large to keep, may be tried again under the same key.
  if (response.status >= 500 || response.stream || response.body.size() > largest_kept_answer) {
    co_await shelf.store->exec(sql::idempotency::release, claim.who.tenant, claim.who.actor.id, claim.key, claim.request_id);
    co_return response;
  }
  co_await keep(claim, response);
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

http::Response still_running() { return http::problem(conflict("a request with this Idempotency-Key is still running; try again in a moment")); }

Task<http::Response> replayed_stream(Claim const& claim, HashingBody& body, db::Row kept) {
  if (kept.is_null(1)) co_return still_running();
  for (;;) {
    auto const piece = co_await body.next();
    if (!piece) co_return http::problem(piece.error());
    if (piece->empty()) break;
  }
  if (kept.text(0) != body.hash()) {
    Error const other{.code = Code::unprocessable, .message = "this Idempotency-Key was used with another request; take a new one"};
    co_return http::problem(other);
  }
  auto replayed = replay(claim, kept);
  if (!replayed) co_return http::problem(replayed.error());
  co_return std::move(*replayed);
}

// Nothing: the key is ours. An upload that died was never answered, and what it had brought is not taken over before it is whole.
Task<std::optional<http::Response>> stream_of_other(Claim const& claim, HashingBody& body) {
  auto const now = shelf.clock->now();
  auto const& who = claim.who;
  auto const claimed = co_await shelf.store->maybe(sql::idempotency::claim, who.tenant, who.actor.id, claim.key, claim.hash, claim.request_id, now, now - kept_for);
  if (claimed) co_return std::nullopt;
  auto const kept = co_await shelf.store->maybe(sql::idempotency::find, who.tenant, who.actor.id, claim.key);
  if (!kept) co_return still_running();
  bool const dead = kept->is_null(1) && kept->instant(6) <= now - stream_abandoned_after;
  if (!dead) co_return co_await replayed_stream(claim, body, *kept);
  auto const taken = co_await shelf.store->maybe(sql::idempotency::take_over, who.tenant, who.actor.id, claim.key, kept->text(5), claim.request_id, now);
  if (!taken) co_return still_running();
  co_return std::nullopt;
}

Task<http::Response> once_streamed(http::Request& request, http::Handler const& handler) {
  auto const* const key = request.headers.find("Idempotency-Key");
  if (!key || !request.caller.has_value()) co_return co_await handler(request);
  if (key->empty() || key->size() > 255) co_return http::problem(invalid("Idempotency-Key must have 1 to 255 characters"));
  Claim claim;
  claim.who = caller(request).context;
  claim.key = *key;
  claim.request_id = request.request_id;
  HashingBody body(*request.stream, request.method + "\n" + request.target);
  request.stream = &body;
  if (auto other = co_await stream_of_other(claim, body)) co_return std::move(*other);
  std::exception_ptr failure;
  http::Response response;
  try {
    response = co_await handler(request);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure || response.status >= 400 || response.stream || response.body.size() > largest_kept_answer) {
    co_await shelf.store->exec(sql::idempotency::release, claim.who.tenant, claim.who.actor.id, claim.key, claim.request_id);
    if (failure) std::rethrow_exception(failure);
    co_return response;
  }
  auto const* const place = response.headers.find("Location");
  std::optional<std::string> const location = place ? std::optional<std::string>(*place) : std::nullopt;
  co_await shelf.store->exec(sql::idempotency::keep_streamed, claim.who.tenant, claim.who.actor.id, claim.key, claim.request_id, response.status,
                             response.headers.get("Content-Type"), response.body, location, body.hash());
  co_return response;
}

}  // namespace

http::Handler idempotent_stream(http::Handler handler) {
  return [handler = std::move(handler)](http::Request& request) { return once_streamed(request, handler); };
}

http::Handler idempotent(http::Handler handler) {
  return [handler = std::move(handler)](http::Request& request) { return once(request, handler); };
}

void keep_idempotent_answers_in(AnswerShelf wanted) { shelf = wanted; }

Task<std::int64_t> forget_old_answers(db::Store& store, Instant now) { co_return co_await store.exec(sql::idempotency::forget_old, now - kept_for); }

}  // namespace postrider::api
