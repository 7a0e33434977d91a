#include "support/http_peer.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstdlib>

namespace postrider::test {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

HttpPeer::HttpPeer(Executor executor) : socket_(executor) {}

Task<void> HttpPeer::connect(std::uint16_t port) {
  asio::ip::tcp::endpoint const endpoint(asio::ip::address_v4::loopback(), port);
  co_await socket_.async_connect(endpoint, asio::use_awaitable);
}

Task<bool> HttpPeer::send(std::string bytes) {
  ErrorCode ec;
  co_await asio::async_write(socket_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
  co_return !ec;
}

Task<bool> HttpPeer::more() {
  std::array<char, 16 * 1024> piece;
  ErrorCode ec;
  auto const count = co_await socket_.async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, ec));
  buffer_.append(piece.data(), count);
  co_return !ec;
}

Task<bool> HttpPeer::need(std::size_t bytes) {
  while (buffer_.size() < bytes)
    if (!co_await more()) co_return false;
  co_return true;
}

Task<bool> HttpPeer::line(std::string& out) {
  std::size_t end;
  while ((end = buffer_.find("\r\n")) == std::string::npos)
    if (!co_await more()) co_return false;
  out = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  co_return true;
}

Task<PeerResponse> HttpPeer::receive(bool head_only) {
  PeerResponse response;
  std::string text;
  if (!co_await line(text)) co_return response;
  int const status = std::atoi(text.substr(9, 3).c_str());
  for (;;) {
    if (!co_await line(text)) co_return response;
    if (text.empty()) break;
    auto const colon = text.find(':');
    response.headers.add(text.substr(0, colon), text.substr(colon + 2));
  }
  response.status = status;
  if (head_only || status == 204 || status == 304 || status < 200) {
    response.complete = true;
  } else if (auto const* length = response.headers.find("Content-Length")) {
    auto const bytes = static_cast<std::size_t>(std::atoll(length->c_str()));
    response.complete = co_await need(bytes);
    response.body = buffer_.substr(0, bytes);
    buffer_.erase(0, response.body.size());
  } else if (response.headers.get("Transfer-Encoding") == "chunked") {
    for (;;) {
      if (!co_await line(text)) co_return response;
      auto const size = static_cast<std::size_t>(std::strtoull(text.c_str(), nullptr, 16));
      if (!co_await need(size + 2)) co_return response;
      response.body += buffer_.substr(0, size);
      buffer_.erase(0, size + 2);
      if (size == 0) break;
    }
    response.complete = true;
  } else {
    while (co_await more()) continue;
    response.body = std::exchange(buffer_, {});
    response.complete = true;
  }
  co_return response;
}

Task<PeerResponse> HttpPeer::ask(std::string bytes) {
  co_await send(std::move(bytes));
  co_return co_await receive();
}

Task<std::string> HttpPeer::rest() {
  while (co_await more()) continue;
  co_return std::exchange(buffer_, {});
}

bool HttpPeer::something_waits() {
  ErrorCode ec;
  return socket_.available(ec) > 0 || ec;
}

void HttpPeer::close() {
  ErrorCode ignored;
  socket_.close(ignored);
}

}  // namespace postrider::test
