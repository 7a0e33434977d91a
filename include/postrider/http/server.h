// The HTTP/1.1 server: connections, limits, and the floor's one catch (an exception becomes a 500 that names the request id).
// Routes and rights come from the router; who is asking is found out by the guard, before a byte of the body is read.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/id.h"
#include "postrider/base/offload.h"
#include "postrider/base/service.h"
#include "postrider/http/address.h"
#include "postrider/http/router.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postrider::http {

struct ServerSettings {
  std::string listen = "127.0.0.1:8080";  // port 0: any free one
  std::vector<Cidr> trusted_proxies = {};  // whose X-Forwarded-For and -Proto are believed
  std::size_t max_connections = 10'000;
  std::size_t max_header_bytes = 16 * 1024;
  std::chrono::milliseconds header_time{10'000};  // from the first byte of a request to the end of its header
  std::chrono::milliseconds idle_time{75'000};    // between two requests
  // Bodies, both ways: waiting uses this up, bytes earn it back at the rate below. A stall of this length always ends it.
  std::chrono::milliseconds transfer_grace{20'000};
  std::uint64_t min_bytes_per_second = 1024;
  std::chrono::milliseconds drain_time{30'000};   // for requests in flight when stopping
  std::chrono::milliseconds sweep_period{250};    // how often time limits are looked at
  bool access_log = true;
};

// Answers nothing to let the request pass (and may set `caller`), or the refusal. The body is not there yet.
using Guard = std::function<Task<std::optional<Response>>(Request&, Route const&)>;

struct ServerState;

class Server : public Service {
 public:
  // All references outlive the server. Without `offload`, large answers are compressed on the I/O thread.
  Server(Executor executor, Clock const& clock, Ids& ids, Router const& router, Guard guard, ServerSettings settings,
         Offload* offload = nullptr);
  ~Server() override;

  std::string_view name() const override { return "http"; }
  // Takes the address without listening yet, so that `address` is known before what needs it starts. Throws as `start` does.
  void bind();
  // Listens when it returns; binds first if that has not been done. Throws std::runtime_error naming the address when it cannot.
  Task<void> start() override;
  // Accepts nothing new, lets requests in flight end (answered with Connection: close) for `drain_time`, then cuts.
  Task<void> stop() override;

  std::uint16_t port() const;
  // "127.0.0.1:8080", as bound.
  std::string address() const;
  std::size_t connections() const;

 private:
  std::shared_ptr<ServerState> state_;
};

}  // namespace postrider::http
