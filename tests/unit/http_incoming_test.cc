#include "http/incoming.h"

#include <catch2/catch.hpp>

using namespace postrider::http;

namespace {

// What became of the bytes, as one comparable text. `step` bytes are offered at a time.
std::string outcome(std::string_view wire, std::size_t step, std::uint64_t limit = 1000, int requests = 1) {
  std::string told;
  std::string buffer;
  std::size_t sent = 0;
  for (int i = 0; i < requests; ++i) {
    Incoming incoming(1024);
    bool limited = false;
    std::string body;
    for (;;) {
      auto const used = incoming.put(buffer);
      buffer.erase(0, used);
      if (incoming.refusal()) return told + "refused " + std::to_string(incoming.refusal()->status);
      if (incoming.header_done() && !limited) {
        limited = true;
        incoming.limit_body(limit);
        continue;
      }
      body += incoming.take_body();
      if (incoming.complete()) break;
      if (sent == wire.size()) return told + "incomplete";
      auto const piece = wire.substr(sent, step);
      sent += piece.size();
      buffer += piece;
    }
    told += incoming.method() + " " + incoming.target() + " [" + body + "]" + (incoming.keep_alive() ? "" : " close") + "\n";
  }
  return told + "left " + std::to_string(wire.size() - sent + buffer.size());
}

std::string every_split(std::string_view wire, std::uint64_t limit = 1000, int requests = 1) {
  auto const whole = outcome(wire, wire.size() + 1, limit, requests);
  for (std::size_t step : {std::size_t(1), std::size_t(2), std::size_t(3), std::size_t(5), std::size_t(7), std::size_t(16)}) {
    INFO("step " << step << " of " << wire);
    CHECK(outcome(wire, step, limit, requests) == whole);
  }
  return whole;
}

}  // namespace

TEST_CASE("http: a request is read the same, however its bytes are split") {
  CHECK(every_split("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n") == "GET /a?b=c []\nleft 0");
  CHECK(every_split("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello") == "POST / [hello]\nleft 0");
  CHECK(every_split("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n") ==
        "POST / [hello!]\nleft 0");
  CHECK(every_split("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: 1\r\n\r\n") == "POST / []\nleft 0");
  CHECK(every_split("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n") == "GET / []\nleft 0");
  CHECK(every_split("GET / HTTP/1.0\r\n\r\n") == "GET / [] close\nleft 0");
  CHECK(every_split("GET / HTTP/1.1\r\nhost: x\r\nConnection: close\r\n\r\n") == "GET / [] close\nleft 0");
}

TEST_CASE("http: pipelined requests are told apart") {
  CHECK(
      every_split("POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
                  "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\nGET /4 HTTP/1.1\r\nHost: x\r\n\r\n",
                  1000, 4) == "POST /1 [ab]\nGET /2 []\nPOST /3 [c]\nGET /4 []\nleft 0");
}

TEST_CASE("http: what two servers could read differently is refused") {
  std::string const start = "POST / HTTP/1.1\r\nHost: x\r\n";
  auto const nul = [](std::string text) {
    for (char& c : text)
      if (c == '@') c = '\0';
    return text;
  };
  std::string const set[] = {
      start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
      start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
      start + "Content-Length: 5, 5\r\n\r\nhello",
      start + "Content-Length: +5\r\n\r\nhello",
      start + "Content-Length: -5\r\n\r\nhello",
      start + "Content-Length: 0x5\r\n\r\nhello",
      start + "Content-Length: \r\n\r\n",
      start + "Content-Length: 99999999999999999999\r\n\r\n",
      start + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: identity\r\n\r\n",
      start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding:\x0b" "chunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      start + "X: a\r\n b\r\n\r\n",
      start + "X: a\r\n\tb\r\n\r\n",
      "POST / HTTP/1.1\nHost: x\n\n",
      "POST / HTTP/1.1\r\nHost: x\n\r\n",
      start + "X: a\nY: b\r\n\r\n",
      start + "X: a\rY: b\r\n\r\n",
      nul(start + "X: a@b\r\n\r\n"),
      nul("GET /@ HTTP/1.1\r\nHost: x\r\n\r\n"),
      start + "X\x01: a\r\n\r\n",
      start + ": a\r\n\r\n",
      start + "no colon\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n",
      "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /\r\n\r\n",
      "/ HTTP/1.1\r\nHost: x\r\n\r\n",
      " GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n",
  };
  for (auto const& wire : set) {
    INFO(wire);
    CHECK(every_split(wire).starts_with("refused 4"));
  }
  CHECK(every_split("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == "refused 505");
}

TEST_CASE("http: limits on header and body") {
  std::string const start = "POST / HTTP/1.1\r\nHost: x\r\n";
  CHECK(every_split("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(2000, 'a') + "\r\n\r\n") == "refused 431");
  CHECK(every_split("GET /" + std::string(2000, 'a')) == "refused 431");
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 100; ++i) many += "a:b\r\n";
  CHECK(every_split(many + "\r\n") == "refused 431");
  CHECK(every_split(start + "Content-Length: 6\r\n\r\nhello!", 5) == "refused 413");
  CHECK(every_split(start + "Content-Length: 6\r\n\r\n", 5) == "refused 413");
  CHECK(every_split(start + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n", 5) == "refused 413");
  CHECK(every_split(start + "Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\n", 5) == "refused 413");
  CHECK(every_split(start + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(6000, 'x') + "\r\na\r\n0\r\n\r\n") == "refused 400");
  CHECK(every_split(start + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + std::string(6000, 'x') + "\r\n\r\n") == "refused 400");
}
