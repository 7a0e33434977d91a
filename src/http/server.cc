#include "postrider/http/server.h"

#include "http/server_state.h"
#include "http/session.h"
#include "postrider/base/log.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace postrider::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

// Beyond the limit, this many may still come to be told so.
constexpr std::size_t told_so = 64;

metrics::Gauge& connections_gauge() {
  static auto& gauge = metrics::gauge("postrider_http_connections", "Open connections");
  return gauge;
}

metrics::Counter& refused_connections() {
  static auto& counter = metrics::counter("postrider_http_refused_connections_total", "Connections closed because there were too many");
  return counter;
}

tcp::endpoint endpoint_of(std::string const& listen) {
  auto const colon = listen.rfind(':');
  if (colon == std::string::npos) throw std::runtime_error("cannot listen on '" + listen + "': write ADDRESS:PORT, like 127.0.0.1:8080");
  auto host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  unsigned port = 0;
  auto const digits = std::string_view(listen).substr(colon + 1);
  auto const [stop, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  ErrorCode ec;
  auto const address = asio::ip::make_address(host, ec);
  if (ec || failure != std::errc() || stop != digits.data() + digits.size() || port > 65535)
    throw std::runtime_error("cannot listen on '" + listen + "': write an IP address and a port, like 127.0.0.1:8080 or [::]:8080");
  return tcp::endpoint(address, static_cast<std::uint16_t>(port));
}

IpAddress address_of(asio::ip::address const& address) {
  if (address.is_v4()) return IpAddress::v4(address.to_v4().to_uint());
  IpAddress out;
  auto const bytes = address.to_v6().to_bytes();
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

Task<void> run_session(std::shared_ptr<ServerState> server, std::shared_ptr<Session> session) {
  try {
    co_await session->run();
  } catch (...) {
    server->end_session(session.get());
    throw;
  }
  server->end_session(session.get());
}

}  // namespace

void RouteMeters::count(int status, double took) {
  auto const status_class = static_cast<std::size_t>(std::clamp(status / 100, 1, 5));
  auto*& counter = by_class[status_class];
  if (!counter)
    counter = &metrics::counter("postrider_http_requests_total", "Requests answered, by route, method and class of status",
                                metrics::Labels{{"route", route}, {"method", method}, {"status", std::to_string(status_class) + "xx"}});
  counter->add();
  if (!seconds)
    seconds = &metrics::histogram("postrider_http_request_duration_seconds", "From the end of a request's header to the end of its answer",
                                  {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
                                  metrics::Labels{{"route", route}, {"method", method}});
  seconds->observe(took);
}

ServerState::ServerState(Executor e, Clock const& c, Ids& i, Router const& r, Guard g, ServerSettings s, Offload* o)
    : executor(e), clock(c), ids(i), router(r), guard(std::move(g)), settings(std::move(s)), offload(o), acceptor(e), tasks(e),
      stop_signal(e), session_ended(e) {
  for (auto const& route : router.routes()) meters.push_back(RouteMeters{.route = route.pattern, .method = route.method});
  meters.push_back(RouteMeters{.route = "none", .method = "any"});
}

std::string const& ServerState::date_header() {
  auto const second = std::chrono::floor<std::chrono::seconds>(clock.now());
  if (date.empty() || second != date_second) {
    date_second = second;
    auto const day = std::chrono::floor<std::chrono::days>(second);
    std::chrono::year_month_day const ymd(day);
    std::chrono::hh_mm_ss const time(second - day);
    static constexpr char const* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr char const* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[64];
    std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT", days[std::chrono::weekday(day).c_encoding()],
                  static_cast<unsigned>(ymd.day()), months[static_cast<unsigned>(ymd.month()) - 1], static_cast<int>(ymd.year()),
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
    date = text;
  }
  return date;
}

void ServerState::end_session(Session const* session) {
  std::erase_if(sessions, [&](auto const& each) { return each.get() == session; });
  connections_gauge().add(-1);
  session_ended.notify();
}

Task<void> ServerState::accept_loop(std::shared_ptr<ServerState> self) {
  while (!draining) {
    ErrorCode ec;
    auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, ec));
    if (draining) break;
    if (ec) {
      if (ec == asio::error::operation_aborted) continue;
      // Out of descriptors, most likely: leave those that are open time to end.
      log::warn("http_accept_failed", log::field("error", ec.message()));
      co_await stop_signal.wait_for(std::chrono::milliseconds(100));
      continue;
    }
    auto const remote = socket.remote_endpoint(ec);
    if (ec) continue;  // came and went
    if (sessions.size() >= settings.max_connections) refused_connections().add();
    if (sessions.size() >= settings.max_connections + told_so) continue;
    socket.non_blocking(true, ec);
    socket.set_option(tcp::no_delay(true), ec);
    bool const over = sessions.size() >= settings.max_connections;
    auto session = std::make_shared<Session>(*this, std::move(socket), address_of(remote.address()), over);
    sessions.push_back(session);
    connections_gauge().add(1);
    tasks.spawn("http_session", run_session(self, std::move(session)));
  }
}

Task<void> ServerState::sweep_loop(std::shared_ptr<ServerState>) {
  while (!stop_signal_seen) {
    co_await stop_signal.wait_for(settings.sweep_period);
    auto const now = clock.steady();
    for (auto const& session : sessions) session->expire(now);
  }
}

Server::Server(Executor executor, Clock const& clock, Ids& ids, Router const& router, Guard guard, ServerSettings settings,
               Offload* offload)
    : state_(std::make_shared<ServerState>(executor, clock, ids, router, std::move(guard), std::move(settings), offload)) {}

Server::~Server() = default;

void Server::bind() {
  auto& state = *state_;
  auto const endpoint = endpoint_of(state.settings.listen);
  ErrorCode ec;
  state.acceptor.open(endpoint.protocol(), ec);
  if (!ec) state.acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) state.acceptor.bind(endpoint, ec);
  if (ec) throw std::runtime_error("cannot listen on " + state.settings.listen + ": " + ec.message() + "; choose another address or port");
  state.bound = state.acceptor.local_endpoint();
}

Task<void> Server::start() {
  auto& state = *state_;
  if (!state.acceptor.is_open()) bind();
  ErrorCode ec;
  state.acceptor.listen(1024, ec);
  if (ec) throw std::runtime_error("cannot listen on " + state.settings.listen + ": " + ec.message() + "; choose another address or port");
  state.running = true;
  state.tasks.spawn("http_accept", state.accept_loop(state_));
  state.tasks.spawn("http_sweep", state.sweep_loop(state_));
  co_return;
}

Task<void> Server::stop() {
  auto const state = state_;
  if (!std::exchange(state->running, false)) co_return;
  state->draining = true;
  ErrorCode ignored;
  state->acceptor.close(ignored);
  for (auto const& session : std::vector(state->sessions)) session->drain();
  auto const end = std::chrono::steady_clock::now() + state->settings.drain_time;
  while (!state->sessions.empty() && std::chrono::steady_clock::now() < end)
    co_await state->session_ended.wait_for(end - std::chrono::steady_clock::now());
  if (!state->sessions.empty()) log::warn("http_drain_cut", log::field("connections", state->sessions.size()));
  for (auto const& session : std::vector(state->sessions)) session->cut();
  while (!state->sessions.empty()) co_await state->session_ended.wait_for(std::chrono::seconds(1));
  state->stop_signal_seen = true;
  state->stop_signal.notify();
  co_await state->tasks.join();
}

std::uint16_t Server::port() const { return state_->bound.port(); }

std::string Server::address() const {
  auto const endpoint = state_->bound;
  auto const host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

std::size_t Server::connections() const { return state_->sessions.size(); }

}  // namespace postrider::http
