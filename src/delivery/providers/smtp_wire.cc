#include "smtp_wire.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace postrider::delivery {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;

struct SmtpWire::State {
  explicit State(Executor const& executor) : resolver(executor), socket(executor), timer(executor) {}

  // One timer wait serves many deadlines: it looks when it fires whether the deadline has moved on meanwhile.
  static void arm(std::shared_ptr<State> const& state) {
    state->armed = true;
    state->timer.expires_at(state->deadline);
    state->timer.async_wait([weak = std::weak_ptr<State>(state)](boost::system::error_code error) {
      auto const self = weak.lock();
      if (!self || error == asio::error::operation_aborted) return;
      self->armed = false;
      if (!self->open) return;
      if (Clock::now() < self->deadline) return arm(self);
      self->expired = true;
      self->shut();
    });
  }

  void shut() {
    boost::system::error_code ignored;
    resolver.cancel();
    socket.close(ignored);
  }

  tcp::resolver resolver;
  tcp::socket socket;
  asio::steady_timer timer;
  std::unique_ptr<asio::ssl::stream<tcp::socket&>> tls;
  Clock::time_point deadline = Clock::time_point::max();
  bool armed = false;
  bool expired = false;
  bool open = true;
  std::string trouble;
};

SmtpWire::SmtpWire(Executor executor) : state_(std::make_shared<State>(executor)) {}

SmtpWire::~SmtpWire() { close(); }

void SmtpWire::close() {
  state_->open = false;
  state_->timer.cancel();
  state_->shut();
}

void SmtpWire::set_deadline(std::chrono::nanoseconds time) {
  auto& state = *state_;
  state.deadline = Clock::now() + time;
  if (!state.open || (state.armed && state.timer.expiry() <= state.deadline)) return;
  State::arm(state_);  // replaces a later wait, which ends as aborted
}

bool SmtpWire::timed_out() const { return state_->expired; }
bool SmtpWire::encrypted() const { return state_->tls != nullptr; }
std::string const& SmtpWire::tls_trouble() const { return state_->trouble; }

Task<WireError> SmtpWire::connect(std::string host, int port) {
  auto const state = state_;
  WireError error;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  auto const endpoints =
      co_await state->resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return error;
  if (!state->open || state->expired) co_return asio::error::operation_aborted;
  co_await asio::async_connect(state->socket, endpoints, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return error;
  state->socket.set_option(tcp::no_delay(true), error);
  state->socket.non_blocking(true, error);
  co_return error;
}

Task<WireError> SmtpWire::start_tls(asio::ssl::context& context, std::string host, bool verify) {
  auto const state = state_;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  state->tls = std::make_unique<asio::ssl::stream<tcp::socket&>>(state->socket, context);
  auto& tls = *state->tls;
  boost::system::error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (not_an_address) SSL_set_tlsext_host_name(tls.native_handle(), host.c_str());
  WireError error;
  if (verify) {
    tls.set_verify_mode(asio::ssl::verify_peer, error);
    tls.set_verify_callback(asio::ssl::host_name_verification(host), error);
  } else {
    tls.set_verify_mode(asio::ssl::verify_none, error);
  }
  co_await tls.async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, error));
  if (error) {
    auto const verdict = SSL_get_verify_result(tls.native_handle());
    if (verify && error.category() == boost::asio::error::get_ssl_category() && ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
      // The name check is a callback of Asio's, and leaves no verdict of OpenSSL's behind.
      state->trouble = verdict == X509_V_OK || verdict == X509_V_ERR_UNSPECIFIED ? "the certificate is not for " + host : std::string("the certificate is not trusted: ") + X509_verify_cert_error_string(verdict);
    }
  }
  co_return error;
}

Task<WireError> SmtpWire::write(std::string_view bytes, std::size_t& written) {
  auto const state = state_;
  WireError error;
  written = 0;
  if (state->tls) {
    written = co_await asio::async_write(*state->tls, asio::buffer(bytes.data(), bytes.size()), asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }
  while (written < bytes.size()) {
    // Most writes fit into the socket's buffer, and then need no turn of the event loop.
    written += state->socket.write_some(asio::buffer(bytes.data() + written, bytes.size() - written), error);
    if (!error) continue;
    if (error != asio::error::would_block && error != asio::error::try_again) co_return error;
    error.clear();
    co_await state->socket.async_wait(tcp::socket::wait_write, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return error;
  }
  co_return error;
}

Task<WireError> SmtpWire::read(std::string& out) {
  auto const state = state_;
  WireError error;
  char buffer[4096];
  std::size_t got = 0;
  auto const space = asio::buffer(buffer);
  if (state->tls) {
    got = co_await state->tls->async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
  } else {
    got = co_await state->socket.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
  }
  out.append(buffer, got);
  co_return error;
}

}  // namespace postrider::delivery
