// What all sessions of a server share. Lives on the I/O thread only.
#pragma once

#include "postrider/base/metrics.h"
#include "postrider/base/task.h"
#include "postrider/http/server.h"

#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <memory>
#include <vector>

namespace postrider::http {

class Session;

struct RouteMeters {
  std::string route, method;
  std::array<metrics::Counter*, 6> by_class{};  // made on first use, so that silent routes cost no series
  metrics::Histogram* seconds = nullptr;
  void count(int status, double took);
};

struct ServerState {
  ServerState(Executor e, Clock const& c, Ids& i, Router const& r, Guard g, ServerSettings s, Offload* o);

  Executor executor;
  Clock const& clock;
  Ids& ids;
  Router const& router;
  Guard guard;
  ServerSettings settings;
  Offload* offload;

  boost::asio::ip::tcp::acceptor acceptor;
  boost::asio::ip::tcp::endpoint bound;
  TaskGroup tasks;
  Signal stop_signal, session_ended;
  bool running = false, draining = false, stop_signal_seen = false;
  std::vector<std::shared_ptr<Session>> sessions;
  std::vector<RouteMeters> meters;  // one a route, and the last for what matches none
  std::array<char, 64 * 1024> scratch;  // every read goes through it: idle connections then need no buffer
  std::string date;  // the Date header, made once a second
  std::chrono::sys_seconds date_second{};

  std::string const& date_header();
  Task<void> accept_loop(std::shared_ptr<ServerState> self);
  Task<void> sweep_loop(std::shared_ptr<ServerState> self);
  void end_session(Session const* session);
};

}  // namespace postrider::http
