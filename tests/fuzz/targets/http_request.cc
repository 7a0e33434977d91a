// Requests: whatever the split of the bytes, they are read the same; and nothing that two servers could read differently is taken.
#include "fuzz/target.h"
#include "http/incoming.h"
#include "postrider/http/address.h"

namespace postrider::fuzz {

namespace {

// What became of the bytes, as one comparable text, when `step` of them come at a time.
std::string outcome(std::string_view wire, std::size_t step) {
  std::string told;
  std::string buffer;
  std::size_t sent = 0;
  for (int requests = 0; requests < 4; ++requests) {
    http::Incoming incoming(8 * 1024);
    bool limited = false;
    std::string body;
    for (;;) {
      buffer.erase(0, incoming.put(buffer));
      if (incoming.refusal()) return told + "refused " + std::to_string(incoming.refusal()->status);
      if (incoming.header_done() && !limited) {
        limited = true;
        incoming.limit_body(1024 * 1024);
        continue;
      }
      body += incoming.take_body();
      if (incoming.complete()) break;
      if (sent == wire.size()) return told + "incomplete";
      auto const piece = wire.substr(sent, step);
      sent += piece.size();
      buffer += piece;
    }
    require(incoming.headers().all("host").size() <= 1, "a request has one host");
    require(incoming.headers().all("content-length").size() <= 1, "a request has one length");
    require(!(incoming.chunked() && incoming.content_length()), "a body has one way to end");
    if (auto const length = incoming.content_length()) require(*length == body.size(), "a body is as long as was told");
    told += incoming.method() + " " + incoming.target() + " [" + body + "]" + (incoming.keep_alive() ? "" : " close") + "\n";
    for (auto const& [name, value] : incoming.headers().entries()) {
      require(name.find_first_of(std::string_view("\0\r\n: \t", 6)) == std::string::npos, "a header's name is a word");
      require(value.find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos, "a header's value is one line");
      told += name + ": " + value + "\n";
    }
  }
  return told;
}

}  // namespace

void feed(std::string_view bytes) {
  auto const whole = outcome(bytes, bytes.size() + 1);
  // Every split of a small input; of a large one the step grows with it.
  for (std::size_t const step : {1 + bytes.size() / 4096, 7 + bytes.size() / 512}) require(outcome(bytes, step) == whole, "every split of the bytes is read the same");
}

std::vector<Pattern> patterns() {
  return {{"GET / HTTP/1.1\r\nHost: x\r\n", "a: b\r\n", "\r\n"},
          {"GET /", "a", " HTTP/1.1\r\nHost: x\r\n\r\n"},
          {"", "\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
          {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", "0\r\n\r\n"},
          {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "40\r\n0123456789012345678901234567890123456789012345678901234567890123\r\n", "0\r\n\r\n"},
          {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n", "x", ""}};
}

}  // namespace postrider::fuzz
