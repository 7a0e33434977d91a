// A plain-socket HTTP client for tests that must say exactly which bytes go over the wire.
#pragma once

#include "postrider/base/task.h"
#include "postrider/http/request.h"

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <string_view>

namespace postrider::test {

struct PeerResponse {
  int status = 0;  // 0: the connection ended before a whole answer
  http::Headers headers = {};
  std::string body = {};
  bool complete = false;
};

class HttpPeer {
 public:
  explicit HttpPeer(Executor executor);

  Task<void> connect(std::uint16_t port);
  // False when the other side is gone.
  Task<bool> send(std::string bytes);
  // The next answer; with `head_only` none has a body (HEAD).
  Task<PeerResponse> receive(bool head_only = false);
  Task<PeerResponse> ask(std::string bytes);
  // Everything up to the end of the connection.
  Task<std::string> rest();
  bool something_waits();
  void close();
  boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  Task<bool> more();
  Task<bool> need(std::size_t bytes);
  Task<bool> line(std::string& out);

  boost::asio::ip::tcp::socket socket_;
  std::string buffer_;
};

}  // namespace postrider::test
