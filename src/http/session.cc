#include "http/session.h"

#include "http/body.h"
#include "http/proxy.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/db/errors.h"
#include "postrider/http/problem.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace postrider::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

// After an early answer, this much of a body is read past to keep the connection; more is not worth it.
constexpr std::uint64_t worth_skipping = 64 * 1024;
constexpr std::uint64_t most_lingering_bytes = 4 * 1024 * 1024;
constexpr std::chrono::seconds longest_lingering{2};

metrics::Gauge& in_flight() {
  static auto& gauge = metrics::gauge("postrider_http_in_flight_requests", "Requests being answered");
  return gauge;
}

// The path and query of "/a?b", or of "http://anybody/a?b": what a target says about the host is never believed.
std::optional<std::string> origin_form(std::string_view target) {
  for (std::string_view const scheme : {"http://", "https://"})
    if (target.size() > scheme.size() && same_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      auto const rest = target.substr(scheme.size());
      auto const end = rest.find_first_of("/?");
      if (end == std::string_view::npos) return "/";
      return (rest[end] == '?' ? "/" : "") + std::string(rest.substr(end));
    }
  if (!target.starts_with('/') || target.find('#') != std::string_view::npos) return std::nullopt;
  return std::string(target);
}

Response unexpected(Request const& request, std::string_view what, std::string_view route) {
  log::error("http_handler_failed", log::field("request_id", request.request_id), log::field("method", request.method),
             log::field("route", route), log::field("error", what));
  Error error{.code = Code::internal, .message = "something went wrong here; the log tells more under request id " + request.request_id};
  return problem(error);
}

// Within a catch block: what the exception under way means to the caller.
Response explained(Request const& request) {
  try {
    throw;
  } catch (db::Unavailable const& error) {
    log::warn("http_database_unavailable", log::field("request_id", request.request_id), log::field("error", error.what()));
    return problem(unavailable("the database cannot be reached; try again soon", 2));
  } catch (db::Retryable const& error) {
    log::warn("http_database_busy", log::field("request_id", request.request_id), log::field("error", error.what()));
    return problem(unavailable("the database is busy; try again", 1));
  } catch (std::exception const& error) {
    return unexpected(request, error.what(), request.route);
  } catch (...) {
    return unexpected(request, "an exception of unknown type", request.route);
  }
}

}  // namespace

Session::Session(ServerState& server, tcp::socket socket, IpAddress peer, bool over)
    : server_(server), socket_(std::move(socket)), peer_(peer), over_(over) {}

Session::~Session() = default;

void Session::expire(Time now) {
  if (!deadline_ || now < *deadline_) return;
  timed_out_ = true;
  deadline_.reset();
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Session::drain() {
  ErrorCode ignored;
  if (idle_ || lingering_) socket_.cancel(ignored);
  if (streaming_) streaming_->stop();
}

void Session::cut() {
  cut_ = true;
  ErrorCode ignored;
  socket_.cancel(ignored);
  if (streaming_) streaming_->stop();
}

Task<bool> Session::wait(tcp::socket::wait_type what, Time deadline) {
  if (cut_) co_return false;
  deadline_ = deadline;
  ErrorCode ec;
  co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable, ec));
  deadline_.reset();
  co_return !ec && !cut_;
}

Task<bool> Session::fill(Time deadline) {
  timed_out_ = false;
  while (!gone_ && !cut_) {
    ErrorCode ec;
    auto const count = socket_.read_some(asio::buffer(server_.scratch), ec);
    if (!ec) {
      buffer_.append(server_.scratch.data(), count);
      if (++burst_ % 16 == 0) co_await yield();  // a fast sender must not keep the thread
      co_return true;
    }
    if (ec == asio::error::would_block || ec == asio::error::try_again) {
      if (!co_await wait(tcp::socket::wait_read, deadline)) co_return false;
    } else {
      gone_ = true;
    }
  }
  co_return false;
}

Task<bool> Session::send(std::string_view bytes) {
  timed_out_ = false;
  auto const& settings = server_.settings;
  std::uint64_t sent = 0;
  Patience patience(settings.transfer_grace, settings.min_bytes_per_second);
  while (sent < bytes.size() && !gone_ && !cut_) {
    ErrorCode ec;
    auto const count = socket_.write_some(asio::buffer(bytes.data() + sent, bytes.size() - sent), ec);
    if (!ec) {
      sent += count;
      bytes_out_ += count;
      patience.moved(count);
    } else if (ec == asio::error::would_block || ec == asio::error::try_again) {
      auto const before = now();
      bool const writable = co_await wait(tcp::socket::wait_write, before + patience.left());
      patience.waited(now() - before);
      if (!writable) gone_ = true;
    } else {
      gone_ = true;
    }
  }
  co_return sent == bytes.size();
}

Task<void> Session::run() {
  for (;;) {
    bool const again = co_await serve();
    if (!again) break;
    ++served_;
    if (!buffer_.empty()) co_await yield();  // pipelined requests take their turn
  }
  if (answered_last_ && !gone_ && !cut_) co_await linger();
  ErrorCode ignored;
  socket_.close(ignored);
}

Task<bool> Session::serve() {
  Incoming incoming(server_.settings.max_header_bytes);
  asked_to_continue_ = false;
  bool const whole = co_await read_head(incoming);
  if (whole) co_return co_await answer(incoming);
  if (!incoming.refusal()) co_return false;
  Request nobody;
  nobody.method = "GET";
  nobody.request_id = server_.ids.next().str();
  auto refusal = problem(incoming.refusal()->status, incoming.refusal()->detail);
  server_.meters.back().count(refusal.status, 0);
  log::info("http_refused", log::field("status", refusal.status), log::field("reason", incoming.refusal()->detail),
            log::field("ip", peer_.str()), log::field("request_id", nobody.request_id));
  answered_last_ = co_await send_response(nobody, refusal, 1, false);
  co_return false;
}

Task<bool> Session::read_head(Incoming& incoming) {
  auto const& settings = server_.settings;
  auto deadline = now() + (served_ == 0 ? settings.header_time : settings.idle_time);
  bool begun = false;
  for (;;) {
    if (!buffer_.empty()) {
      auto const used = incoming.put(buffer_);
      buffer_.erase(0, used);
      if (incoming.refusal()) co_return false;
      if (incoming.header_done()) co_return true;
      if (!begun && !buffer_.empty()) {
        begun = true;
        deadline = now() + settings.header_time;
      }
    }
    if (!begun && server_.draining) co_return false;
    idle_ = !begun;
    bool const more = co_await fill(deadline);
    idle_ = false;
    if (more) continue;
    if (timed_out_ && begun) incoming.refuse(408, "the header did not come in time");
    co_return false;
  }
}

Task<bool> Session::answer(Incoming& incoming) {
  auto const begun = now();
  in_flight().add(1);
  Request request;
  request.method = incoming.method();
  request.headers = std::move(incoming.headers());
  request.request_id = server_.ids.next().str();
  auto meter = server_.meters.size() - 1;
  bytes_out_ = 0;

  Response response;
  try {
    response = co_await produce(incoming, request, meter);
  } catch (...) {  // the one catch of this floor
    response = explained(request);
  }
  request.stream = nullptr;

  auto const left = incoming.body_left();
  bool const skippable = incoming.complete() || (left && *left <= worth_skipping && !asked_to_continue_);
  bool const keep = incoming.keep_alive() && skippable && !incoming.refusal() && !server_.draining && !over_ && !gone_ && !timed_out_;
  int const status = response.status;
  bool good = false;
  try {
    good = co_await send_response(request, response, incoming.minor_version(), keep);
  } catch (...) {  // a stream failed: the answer stays incomplete, and the client sees that
    explained(request);
  }
  streaming_ = nullptr;
  response.stream.reset();
  in_flight().add(-1);
  auto const took = std::chrono::duration<double>(now() - begun).count();
  server_.meters[meter].count(status, took);
  if (server_.settings.access_log || status >= 500)
    log::info("http_request", log::field("method", request.method), log::field("route", server_.meters[meter].route),
              log::field("status", status), log::field("seconds", took), log::field("bytes", bytes_out_),
              log::field("ip", request.remote_ip), log::field("request_id", request.request_id));
  answered_last_ = good && !keep;
  if (!good || !keep) co_return false;
  co_return co_await skip_rest(incoming);
}

Task<Response> Session::produce(Incoming& incoming, Request& request, std::size_t& meter) {
  auto const& settings = server_.settings;
  auto const caller = caller_of(peer_, request.headers, settings.trusted_proxies);
  request.remote_ip = caller.ip.str();
  request.secure = caller.secure;
  if (over_) co_return problem(unavailable("the server has too many connections; try again soon", 5));

  auto target = origin_form(incoming.target());
  if (!target) co_return problem(400, "the target must be a path that begins with '/'");
  request.target = std::move(*target);
  auto const question = std::min(request.target.find('?'), request.target.size());
  request.path = request.target.substr(0, question);
  auto query = Query::parse(std::string_view(request.target).substr(std::min(question + 1, request.target.size())));
  if (!query) co_return problem(query.error());
  request.query = std::move(*query);

  auto match = server_.router.match(request.method, request.path);
  if (match.malformed) co_return problem(400, "the path is not properly percent-encoded, or holds '.' or '..'");
  if (!match.route && match.allowed.empty()) co_return problem(404, "there is nothing at this address");
  if (!match.route) {
    auto refusal = problem(405, "this address allows: " + match.allowed);
    refusal.headers.add("Allow", match.allowed);
    co_return refusal;
  }
  meter = match.index;
  request.route = match.route->pattern;
  request.parameters = std::move(match.parameters);
  co_return co_await call(incoming, request, *match.route);
}

Task<Response> Session::call(Incoming& incoming, Request& request, Route const& route) {
  auto const expectation = request.headers.get("Expect");
  if (!expectation.empty() && !same_ignoring_case(expectation, "100-continue"))
    co_return problem(417, "the only expectation met here is 100-continue");
  asked_to_continue_ = !expectation.empty() && incoming.has_body() && incoming.minor_version() == 1;

  if (server_.guard) {
    auto refusal = co_await server_.guard(request, route);
    if (refusal) co_return std::move(*refusal);
  }

  constexpr std::uint64_t enough_for_nothing = 1024;
  auto const limit = route.body == BodyKind::none ? enough_for_nothing : route.body_limit;
  incoming.limit_body(limit);
  if (incoming.refusal()) co_return problem(incoming.refusal()->status, incoming.refusal()->detail);
  SessionBody body(*this, incoming, limit);
  auto encoding = body.encoding_refused(request.headers);
  if (encoding) co_return std::move(*encoding);
  if (route.body == BodyKind::json && incoming.has_body()) {
    auto const full = request.headers.get("Content-Type");
    auto type = full.substr(0, full.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    if (!same_ignoring_case(type, "application/json")) co_return problem(415, "send the body with Content-Type: application/json");
  }

  if (route.body == BodyKind::streamed) {
    request.stream = &body;
    co_return co_await route.handler(request);
  }
  auto whole = co_await body.whole();
  if (!whole) {
    if (body.too_slow()) co_return problem(408, whole.error().message);
    co_return problem(whole.error());
  }
  request.body = std::move(*whole);
  if (route.body == BodyKind::none) {
    // Clients that always send something send {}.
    std::erase_if(request.body, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
    if (!request.body.empty() && request.body != "{}") co_return problem(invalid("this address takes no body"));
    request.body.clear();
  }
  co_return co_await route.handler(request);
}

Task<bool> Session::skip_rest(Incoming& incoming) {
  auto const deadline = now() + server_.settings.transfer_grace;
  while (!incoming.complete()) {
    if (buffer_.empty() && !co_await fill(deadline)) co_return false;
    auto const used = incoming.put(buffer_);
    buffer_.erase(0, used);
    incoming.take_body();
    if (incoming.refusal()) co_return false;
  }
  co_return true;
}

// Closing a socket with unread input resets the connection, and the reset can destroy the answer on its way.
Task<void> Session::linger() {
  ErrorCode ec;
  socket_.shutdown(tcp::socket::shutdown_send, ec);
  lingering_ = true;
  auto const deadline = now() + longest_lingering;
  for (std::uint64_t read = 0; !ec && read < most_lingering_bytes && now() < deadline;) {
    buffer_.clear();
    if (!co_await fill(deadline)) break;
    read += buffer_.size();
  }
}

}  // namespace postrider::http
