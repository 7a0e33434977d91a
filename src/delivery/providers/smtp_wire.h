// One connection to a server, plain or TLS, with a deadline: bytes out, bytes in. Knows nothing of SMTP.
// When the deadline passes the socket is closed and whatever waits on it ends with an error.
#pragma once

#include "postrider/base/task.h"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace boost::asio::ssl {
class context;
}

namespace postrider::delivery {

using WireError = boost::system::error_code;

class SmtpWire {
 public:
  explicit SmtpWire(Executor executor);
  ~SmtpWire();
  SmtpWire(SmtpWire const&) = delete;
  SmtpWire& operator=(SmtpWire const&) = delete;

  // All waiting from now on ends after `time` at the latest.
  void set_deadline(std::chrono::nanoseconds time);
  bool timed_out() const;

  // Looks the host up and tries its addresses in turn.
  Task<WireError> connect(std::string host, int port);
  // Bytes read before this must have been discarded by the caller. `host` goes into SNI and is what the certificate must name.
  Task<WireError> start_tls(boost::asio::ssl::context& context, std::string host, bool verify);
  bool encrypted() const;
  // What was wrong with the certificate or handshake, for people.
  std::string const& tls_trouble() const;

  // Writes all of it, or says how much went out. The bytes must live until then.
  Task<WireError> write(std::string_view bytes, std::size_t& written);
  // Appends at least one byte to `out`.
  Task<WireError> read(std::string& out);
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postrider::delivery
