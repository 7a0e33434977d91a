// libcurl's multi interface on Asio. Rules learnt: curl does not ask again while its interest in a socket is unchanged, so a wait is
// re-armed after every event; curl owns the descriptors, so they are released, never closed, here.
#include "postrider/http/client.h"

#include "http/transfer.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <map>
#include <stdexcept>
#include <unordered_map>

namespace postrider::http {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

namespace {

struct Watch {
  explicit Watch(Executor executor) : descriptor(executor) {}
  asio::posix::stream_descriptor descriptor;
  int wanted = 0;
  bool reading = false, writing = false, removed = false;
};

std::string_view word(ClientFailure::Kind kind) {
  switch (kind) {
    case ClientFailure::Kind::not_sent: return "not_sent";
    case ClientFailure::Kind::maybe_sent: return "maybe_sent";
    case ClientFailure::Kind::refused_by_guard: return "refused_by_guard";
  }
  return "not_sent";
}

void count(ClientRequest const& request, ClientResult const& result, double seconds) {
  auto const purpose = metrics::bounded("http_client_purpose", request.purpose, 20);
  auto const outcome = result ? std::to_string(result->status / 100) + "xx" : std::string(word(result.error().kind));
  metrics::counter("postrider_http_client_requests_total", "Requests sent to others, by purpose and outcome",
                   metrics::Labels{{"purpose", purpose}, {"outcome", outcome}})
      .add();
  metrics::histogram("postrider_http_client_duration_seconds", "Time from the call to the end of the answer",
                     {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}, metrics::Labels{{"purpose", purpose}})
      .observe(seconds);
}

}  // namespace

void throw_exception_from_error(ClientFailure const& failure, boost::source_location const& where) {
  throw std::logic_error("unhandled HTTP failure '" + failure.message + "' at " + where.file_name() + ":" + std::to_string(where.line()));
}

struct Client::State : std::enable_shared_from_this<Client::State> {
  State(Executor e, ClientSettings s) : executor(e), settings(std::move(s)), timer(e), ended(e) {
    static bool const ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    multi = ready ? curl_multi_init() : nullptr;
    if (!multi) throw std::runtime_error("libcurl cannot be set up");
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &State::on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &State::on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(settings.max_connections));
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(settings.max_connections_per_host));
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(settings.max_connections));
  }
  ~State() { close(); }

  void close() {
    if (!multi) return;
    for (auto const& [easy, transfer] : transfers) curl_multi_remove_handle(multi, easy);
    transfers.clear();
    curl_multi_cleanup(multi);  // still calls on_socket for what it closes
    multi = nullptr;
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    auto& state = *static_cast<State*>(self);
    auto found = state.watches.find(socket);
    if (what == CURL_POLL_REMOVE) {
      if (found == state.watches.end()) return 0;
      found->second->removed = true;
      if (found->second->descriptor.is_open()) found->second->descriptor.release();
      state.watches.erase(found);
      return 0;
    }
    if (found == state.watches.end()) {
      auto watch = std::make_shared<Watch>(state.executor);
      ErrorCode ec;
      watch->descriptor.assign(socket, ec);
      if (ec) return -1;
      found = state.watches.emplace(socket, std::move(watch)).first;
    }
    found->second->wanted = what;
    state.arm(socket, found->second);
    return 0;
  }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    auto& state = *static_cast<State*>(self);
    if (milliseconds < 0) {
      state.timer.cancel();
      return 0;
    }
    state.timer.expires_after(std::chrono::milliseconds(milliseconds));
    state.timer.async_wait([shared = state.weak_from_this()](ErrorCode ec) {
      auto const alive = shared.lock();
      if (!ec && alive) alive->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
  }

  void arm(curl_socket_t socket, std::shared_ptr<Watch> const& watch) {
    if ((watch->wanted & CURL_POLL_IN) != 0 && !watch->reading) {
      watch->reading = true;
      watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                   [shared = weak_from_this(), socket, watch](ErrorCode ec) {
                                     watch->reading = false;
                                     if (auto const alive = shared.lock()) alive->ready(socket, watch, CURL_POLL_IN, CURL_CSELECT_IN, ec);
                                   });
    }
    if ((watch->wanted & CURL_POLL_OUT) != 0 && !watch->writing) {
      watch->writing = true;
      watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                   [shared = weak_from_this(), socket, watch](ErrorCode ec) {
                                     watch->writing = false;
                                     if (auto const alive = shared.lock()) alive->ready(socket, watch, CURL_POLL_OUT, CURL_CSELECT_OUT, ec);
                                   });
    }
  }

  void ready(curl_socket_t socket, std::shared_ptr<Watch> const& watch, int interest, int event, ErrorCode ec) {
    if (watch->removed || ec == asio::error::operation_aborted) return;
    if ((watch->wanted & interest) == 0) return;  // curl has changed its mind meanwhile
    act(socket, ec ? CURL_CSELECT_ERR : event);
    if (!watch->removed && !ec) arm(socket, watch);
  }

  void act(curl_socket_t socket, int event) {
    if (!multi) return;
    int running = 0;
    curl_multi_socket_action(multi, socket, event, &running);
    int left = 0;
    while (auto const* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      auto* const easy = message->easy_handle;
      auto const code = message->data.result;
      auto const found = transfers.find(easy);
      curl_multi_remove_handle(multi, easy);
      if (found == transfers.end()) continue;
      auto const transfer = found->second;
      transfers.erase(found);
      transfer->finished(code);
      ended.notify();
    }
  }

  Executor executor;
  ClientSettings settings;
  asio::steady_timer timer;
  Signal ended;
  CURLM* multi = nullptr;
  std::map<curl_socket_t, std::shared_ptr<Watch>> watches;
  std::unordered_map<CURL*, std::shared_ptr<Transfer>> transfers;
  bool stopping = false;
};

Client::Client(Executor executor, ClientSettings settings) : state_(std::make_shared<State>(executor, std::move(settings))) {}

Client::~Client() = default;

Task<void> Client::start() {
  for (auto const& address : interface_addresses()) state_->settings.policy.own_addresses.push_back(address);
  co_return;
}

Task<void> Client::stop() {
  auto const state = state_;
  state->stopping = true;
  auto const end = std::chrono::steady_clock::now() + state->settings.drain_time;
  while (!state->transfers.empty() && std::chrono::steady_clock::now() < end)
    co_await state->ended.wait_for(end - std::chrono::steady_clock::now());
  auto const left = std::exchange(state->transfers, {});
  for (auto const& [easy, transfer] : left) {
    curl_multi_remove_handle(state->multi, easy);
    transfer->abandon("the server is stopping");
  }
  state->close();
}

Task<ClientResult> Client::send(ClientRequest request) {
  auto const state = state_;
  ClientFailure const stopping{.kind = ClientFailure::Kind::not_sent, .message = "the server is stopping"};
  if (state->stopping) co_return stopping;
  auto const begun = std::chrono::steady_clock::now();
  auto const transfer = std::make_shared<Transfer>(state->executor, std::move(request), state->settings);
  if (transfer->prepare()) {
    state->transfers.emplace(transfer->easy(), transfer);
    auto const added = curl_multi_add_handle(state->multi, transfer->easy());
    if (added == CURLM_OK) {
      co_await transfer->wait();
    } else {
      state->transfers.erase(transfer->easy());
      transfer->abandon(curl_multi_strerror(added));
    }
  }
  auto result = transfer->result();
  count(transfer->request(), result, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  if (!result && result.error().kind == ClientFailure::Kind::refused_by_guard)
    log::warn("http_client_refused", log::field("purpose", transfer->request().purpose), log::field("reason", result.error().message));
  co_return result;
}

OutboundPolicy const& Client::policy() const { return state_->settings.policy; }

}  // namespace postrider::http
