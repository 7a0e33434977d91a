#include "http/body.h"

#include "postrider/http/problem.h"

namespace postrider::http {

namespace {

// Honest text stays far below; a bomb of zeros reaches 1,000.
constexpr std::uint64_t most_inflation = 200;

}  // namespace

SessionBody::SessionBody(Session& session, Incoming& incoming, std::uint64_t limit)
    : session_(session), incoming_(incoming), limit_(limit),
      patience_(session.server_.settings.transfer_grace, session.server_.settings.min_bytes_per_second) {}

std::optional<Response> SessionBody::encoding_refused(Headers const& headers) {
  auto const codings = headers.all("Content-Encoding");
  if (codings.empty() || (codings.size() == 1 && same_ignoring_case(codings[0], "identity"))) return std::nullopt;
  if (codings.size() == 1 && (same_ignoring_case(codings[0], "gzip") || same_ignoring_case(codings[0], "x-gzip"))) {
    inflater_ = std::make_unique<Inflater>(limit_, most_inflation);
    return std::nullopt;
  }
  auto refusal = problem(415, "send the body plain or with Content-Encoding: gzip");
  refusal.headers.add("Accept-Encoding", "gzip");
  return refusal;
}

Error SessionBody::fail(Error error) {
  failure_ = error;
  return error;
}

Task<Result<std::string>> SessionBody::next() {
  if (failure_) co_return *failure_;
  for (;;) {
    auto piece = incoming_.take_body();
    if (!piece.empty()) {
      if (!inflater_) co_return piece;
      std::string plain;
      auto const outcome = inflater_->feed(piece, plain);
      if (outcome == Inflater::Outcome::broken) co_return fail(invalid("the gzip encoding of the body is broken"));
      if (outcome == Inflater::Outcome::too_large)
        co_return fail(Error{.code = Code::too_large,
                             .message = "the body is larger than " + std::to_string(limit_) + " bytes, or inflates too much"});
      if (!plain.empty()) co_return plain;
      continue;
    }
    if (auto const& refusal = incoming_.refusal())
      co_return fail(Error{.code = refusal->status == 413 ? Code::too_large : Code::invalid, .message = refusal->detail});
    if (incoming_.complete()) {
      if (inflater_ && incoming_.has_body() && !inflater_->ended()) co_return fail(invalid("the gzip encoding of the body ends too early"));
      co_return std::string();
    }
    if (session_.asked_to_continue_) {
      session_.asked_to_continue_ = false;
      if (session_.buffer_.empty()) co_await session_.send("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (session_.buffer_.empty()) {
      auto const before = session_.now();
      bool const more = co_await session_.fill(before + patience_.left());
      patience_.waited(session_.now() - before);
      if (!more) {
        too_slow_ = session_.timed_out_;
        co_return fail(invalid(too_slow_ ? "the body comes too slowly" : "the connection ended in the middle of the body"));
      }
    }
    auto const used = incoming_.put(session_.buffer_);
    patience_.moved(used);
    session_.buffer_.erase(0, used);
  }
}

Task<Result<std::string>> SessionBody::whole() {
  std::string body;
  for (;;) {
    auto piece = co_await next();
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return body;
    if (body.empty()) {
      body = std::move(*piece);
    } else {
      body += *piece;
    }
  }
}

}  // namespace postrider::http
