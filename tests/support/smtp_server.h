// An SMTP server for tests, on loopback and in the same event loop, that behaves as a script tells it. It logs every
// command and every text it took.
#pragma once

#include "postrider/base/task.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace postrider::test {

// What the server does instead of its usual answer. `at` is "connect", "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT",
// "DATA", "." (the end of a text), "text" (its first bytes), "RSET", "QUIT".
struct Misbehaviour {
  std::string at;
  std::string reply = {};   // with line ends; may be empty
  bool close = false;       // after the reply
  bool hang = false;        // say nothing at all
  int times = 1'000'000;
  int after = 0;            // so many well-behaved times first, over all connections
};

struct ScriptedServer {
  explicit ScriptedServer(boost::asio::io_context& context);
  ~ScriptedServer();

  int port() const;
  // Self-signed certificate for `localhost`, for trusting it.
  static std::string certificate();

  std::vector<std::string> abilities = {"PIPELINING", "SIZE 10000000", "8BITMIME", "ENHANCEDSTATUSCODES"};
  std::vector<Misbehaviour> script;
  std::size_t bytes_at_a_time = 0;  // replies in such pieces; 0: whole
  std::size_t connections_at_most = 1000;
  bool implicit_tls = false;
  bool injects = false;  // encrypts also after a scripted reply to STARTTLS
  std::string password = {};  // base64 of \0user\0pass, or of the password for LOGIN

  std::vector<std::string> commands;
  std::vector<std::string> accepted;  // texts answered with 250, unstuffed
  std::vector<std::string> taken;     // texts that came whole, whatever the answer was
  std::vector<std::string> problems;  // bare CR or LF, commands pipelined where they must not be
  std::size_t connections = 0;
  std::size_t open_connections = 0;
  std::size_t most_open = 0;

  struct State;
  std::shared_ptr<State> state;
};

}  // namespace postrider::test
