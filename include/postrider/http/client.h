// The one way out over HTTP(S): providers, webhooks, AI. No redirects, no proxies from the environment, certificates always verified,
// every connection judged by the outbound guard at the address it really goes to. Answers are cut at a limit.
// A failure tells whether the request can have reached the other side, so that callers know what may be repeated.
#pragma once

#include "postrider/base/error.h"
#include "postrider/base/service.h"
#include "postrider/http/outbound.h"
#include "postrider/http/request.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace postrider::http {

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::chrono::milliseconds connect_time{5'000};
  std::chrono::milliseconds total_time{10'000};
  std::size_t max_response_bytes = 64 * 1024;
  // May go out again by itself when a kept connection dies under it after it was written. GET and HEAD always may.
  bool repeatable = false;
  std::string purpose = "other";  // label of the metrics: few and fixed
};

struct ClientResponse {
  int status = 0;
  Headers headers = {};
  std::string body = {};
  bool truncated = false;  // there was more than max_response_bytes
  std::string remote_ip = {};
};

struct ClientFailure {
  enum class Kind {
    not_sent,          // the other side cannot have read the whole request: repeating it is safe
    maybe_sent,        // it was fully written; whether it was acted upon is unknown
    refused_by_guard,  // the address is malformed or forbidden
  };
  Kind kind = Kind::not_sent;
  std::string message;  // for people; holds no header and no body
};
[[noreturn]] void throw_exception_from_error(ClientFailure const& failure, boost::source_location const& where);
using ClientResult = boost::system::result<ClientResponse, ClientFailure>;

struct ClientSettings {
  OutboundPolicy policy = {};  // own_addresses are added at start
  std::string ca_file = {};    // trusted instead of the system's authorities
  std::string user_agent = "postrider";
  std::size_t max_connections = 128;
  std::size_t max_connections_per_host = 32;
  std::chrono::milliseconds drain_time{10'000};
};

class Client : public Service {
 public:
  Client(Executor executor, ClientSettings settings);
  ~Client() override;

  std::string_view name() const override { return "http_client"; }
  Task<void> start() override;
  // New requests fail as not sent; those under way may end within `drain_time`, then they fail.
  Task<void> stop() override;

  Task<ClientResult> send(ClientRequest request);
  // What may be saved as a target.
  OutboundPolicy const& policy() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postrider::http
