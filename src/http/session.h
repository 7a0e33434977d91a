// One connection: requests are read and answered one after the other, so that pipelined ones are answered in order.
#pragma once

#include "http/incoming.h"
#include "http/server_state.h"

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

namespace postrider::http {

// How long the other side may still make us wait: used up by waiting, earned back by bytes, never more than the grace.
class Patience {
 public:
  Patience(std::chrono::nanoseconds grace, std::uint64_t bytes_per_second)
      : grace_(grace), left_(grace), bytes_per_second_(bytes_per_second > 0 ? bytes_per_second : 1) {}
  std::chrono::nanoseconds left() const { return left_; }
  void waited(std::chrono::nanoseconds time) { left_ -= time; }
  void moved(std::uint64_t bytes) {
    auto const seconds = static_cast<double>(bytes) / static_cast<double>(bytes_per_second_);
    auto const earned = std::chrono::duration<double>(std::min(seconds, 1e6));
    left_ = std::min(grace_, left_ + std::chrono::duration_cast<std::chrono::nanoseconds>(earned));
  }

 private:
  std::chrono::nanoseconds grace_, left_;
  std::uint64_t bytes_per_second_;
};

class Session {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `over` sessions answer 503 and go: the server has too many.
  Session(ServerState& server, boost::asio::ip::tcp::socket socket, IpAddress peer, bool over);
  ~Session();

  Task<void> run();
  // Looks at the time limit of what is being waited for.
  void expire(Time now);
  // No further request: idle connections end now, streams are asked to.
  void drain();
  // Ends whatever is under way.
  void cut();

 private:
  friend class SessionBody;

  // Both return false when the other side is gone, the time is over or the session is cut.
  Task<bool> fill(Time deadline);
  Task<bool> send(std::string_view bytes);

  Task<bool> serve();
  Task<bool> read_head(Incoming& incoming);
  Task<bool> answer(Incoming& incoming);
  Task<Response> produce(Incoming& incoming, Request& request, std::size_t& meter);
  Task<Response> call(Incoming& incoming, Request& request, Route const& route);
  Task<bool> send_response(Request const& request, Response& response, int minor_version, bool keep);
  Task<bool> send_stream(BodyStream& stream, bool chunked, bool compressed);
  Task<bool> skip_rest(Incoming& incoming);
  Task<void> linger();
  std::string head_of(Request const& request, Response const& response, bool keep) const;
  Task<bool> wait(boost::asio::ip::tcp::socket::wait_type what, Time deadline);
  Time now() const { return server_.clock.steady(); }

  ServerState& server_;
  boost::asio::ip::tcp::socket socket_;
  IpAddress peer_;
  bool over_;
  std::string buffer_;  // read and not yet used
  std::optional<Time> deadline_;
  bool timed_out_ = false, gone_ = false, cut_ = false, idle_ = false, lingering_ = false, asked_to_continue_ = false;
  bool answered_last_ = false;  // the client has been told that nothing more will come
  unsigned burst_ = 0;
  std::uint64_t served_ = 0, bytes_out_ = 0;
  BodyStream* streaming_ = nullptr;
};

}  // namespace postrider::http
