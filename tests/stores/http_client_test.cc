// The client against servers on loopback that misbehave on purpose.
#include "postrider/http/client.h"

#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "support/smtp_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

namespace Catch {
template <>
struct StringMaker<postrider::http::ClientResult> {
  static std::string convert(postrider::http::ClientResult const& result) {
    return result.has_value() ? "status " + std::to_string(result->status) : "failure: " + result.error().message;
  }
};
}  // namespace Catch

using namespace postrider;
using namespace postrider::http;
using namespace std::chrono_literals;
using tcp = boost::asio::ip::tcp;
using Kind = ClientFailure::Kind;

namespace {

// Reads requests and gives each the next answer of its list; an empty answer ends the connection.
struct Sink {
  explicit Sink(boost::asio::io_context& context)
      : acceptor(context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)), tasks(context.get_executor()) {}

  std::uint16_t port() const { return acceptor.local_endpoint().port(); }
  void open() { tasks.spawn("sink", accept()); }
  Task<void> close() {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    for (auto& socket : sockets) socket->close(ignored);
    co_await tasks.join();
  }
  Task<void> accept() {
    for (;;) {
      boost::system::error_code ec;
      auto socket = co_await acceptor.async_accept(boost::asio::redirect_error(boost::asio::use_awaitable, ec));
      if (ec) co_return;
      ++connections;
      sockets.push_back(std::make_shared<tcp::socket>(std::move(socket)));
      tasks.spawn("sink_connection", serve(sockets.back()));
    }
  }
  Task<void> serve(std::shared_ptr<tcp::socket> socket) {
    std::string buffer;
    std::array<char, 64 * 1024> piece;
    for (;;) {
      std::size_t end;
      while ((end = buffer.find("\r\n\r\n")) == std::string::npos || buffer.size() < end + 4 + length_in(buffer.substr(0, end))) {
        if (end != std::string::npos && closes_after_header) {
          boost::system::error_code ignored;
          socket->set_option(boost::asio::socket_base::linger(true, 0), ignored);  // a reset
          socket->close(ignored);
          co_return;
        }
        boost::system::error_code ec;
        auto const count =
            co_await socket->async_read_some(boost::asio::buffer(piece), boost::asio::redirect_error(boost::asio::use_awaitable, ec));
        if (ec) co_return;
        buffer.append(piece.data(), count);
      }
      auto const size = end + 4 + length_in(buffer.substr(0, end));
      requests.push_back(buffer.substr(0, size));
      buffer.erase(0, size);
      if (silent) continue;
      auto answer = answers.empty() ? std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") : answers.front();
      if (!answers.empty()) answers.erase(answers.begin());
      boost::system::error_code ec;
      if (answer.empty()) {
        socket->close(ec);
        co_return;
      }
      do {
        co_await boost::asio::async_write(*socket, boost::asio::buffer(answer),
                                          boost::asio::redirect_error(boost::asio::use_awaitable, ec));
        answer = std::string(64 * 1024, 'x');
      } while (endless && !ec);
      if (ec) co_return;
    }
  }
  static std::size_t length_in(std::string const& head) {
    auto const at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : static_cast<std::size_t>(std::atoll(head.c_str() + at + 16));
  }

  tcp::acceptor acceptor;
  TaskGroup tasks;
  std::vector<std::shared_ptr<tcp::socket>> sockets;
  std::vector<std::string> requests, answers;
  bool closes_after_header = false, silent = false, endless = false;
  int connections = 0;
};

struct Harness {
  Harness() : sink(context), tasks(context.get_executor()), watchdog(context) { log::set_sink([](std::string_view) {}); }
  ~Harness() { log::set_sink({}); }

  void run(Task<void> body) {
    watchdog.expires_after(60s);
    watchdog.async_wait([this](boost::system::error_code ec) {
      if (!ec) context.stop();
    });
    run_to_end(context, std::move(body));
  }
  Task<void> start(bool allow = true) {
    if (allow) settings.policy.allowed.push_back(*Allowance::parse("127.0.0.0/8:" + std::to_string(sink.port())));
    client.emplace(context.get_executor(), settings);
    co_await client->start();
    sink.open();
  }
  Task<void> stop() {
    co_await client->stop();
    co_await sink.close();
    co_await tasks.join();
  }
  std::string url(std::string const& path = "/") const { return "http://127.0.0.1:" + std::to_string(sink.port()) + path; }
  ClientRequest post(std::string body = "{}") const {
    ClientRequest request;
    request.method = "POST";
    request.url = url("/hook");
    request.body = std::move(body);
    return request;
  }
  ClientRequest get(std::string url) const {
    ClientRequest request;
    request.url = std::move(url);
    return request;
  }

  boost::asio::io_context context;
  Sink sink;
  ClientSettings settings;
  std::optional<Client> client;
  TaskGroup tasks;
  boost::asio::steady_timer watchdog;
};

}  // namespace

#define CLIENT_TEST(function, sentence)                \
  static Task<void> function(Harness& h);              \
  TEST_CASE(sentence) {                                \
    Harness h;                                         \
    h.run(function(h));                                \
  }                                                    \
  static Task<void> function([[maybe_unused]] Harness& h)

CLIENT_TEST(asks, "http client: a request goes out as it was given, and the answer comes back whole") {
  co_await h.start();
  h.sink.answers.push_back("HTTP/1.1 202 Accepted\r\nX-Message-Id: m1\r\nSet-Cookie: a=b\r\nContent-Length: 5\r\n\r\nhello");
  auto request = h.post(R"({"a":1})");
  request.headers.emplace_back("Authorization", "Bearer key");
  request.headers.emplace_back("Content-Type", "application/json");
  auto const answer = co_await h.client->send(std::move(request));
  REQUIRE(answer);
  CHECK(answer->status == 202);
  CHECK(answer->body == "hello");
  CHECK(answer->headers.get("x-message-id") == "m1");
  CHECK(answer->remote_ip == "127.0.0.1");
  CHECK_FALSE(answer->truncated);
  REQUIRE(h.sink.requests.size() == 1);
  auto const& wire = h.sink.requests[0];
  CHECK_THAT(wire, Catch::StartsWith("POST /hook HTTP/1.1\r\n") && Catch::Contains("\r\nAuthorization: Bearer key\r\n") &&
                       Catch::EndsWith("\r\n\r\n{\"a\":1}"));
  CHECK_THAT(wire, Catch::Contains("\r\nUser-Agent: postrider\r\n") && !Catch::Contains("Expect"));
  for (auto const* method : {"GET", "PUT", "DELETE", "PATCH"}) {
    auto other = h.get(h.url());
    other.method = method;
    CHECK((co_await h.client->send(std::move(other))));
    CHECK_THAT(h.sink.requests.back(), Catch::StartsWith(std::string(method) + " / HTTP/1.1\r\n") && !Catch::Contains("Content-Type") &&
                                           !Catch::Contains("Cookie"));
  }
  CHECK(h.sink.connections == 1);  // kept
  CHECK_THAT(metrics::exposition(), Catch::Contains("postrider_http_client_requests_total{outcome=\"2xx\",purpose=\"other\"}"));
  co_await h.stop();
}

static Task<void> send_one(Client& client, ClientRequest request, int& good) {
  auto const answer = co_await client.send(std::move(request));
  if (answer && answer->status == 200 && answer->body == "ok") ++good;
}

CLIENT_TEST(many, "http client: many requests go at once, over few connections") {
  h.settings.max_connections_per_host = 8;
  co_await h.start();
  int good = 0;
  for (int i = 0; i < 300; ++i)
    h.tasks.spawn("send", send_one(*h.client, h.post(std::string(static_cast<std::size_t>(i) * 100, 'x')), good));
  co_await h.tasks.join();
  CHECK(good == 300);
  CHECK(h.sink.requests.size() == 300);
  CHECK(h.sink.connections <= 8);
  co_await h.stop();
}

CLIENT_TEST(guard, "http client: what is not allowed is never connected to, whatever it is called") {
  co_await h.start(false);
  auto const port = std::to_string(h.sink.port());
  for (auto const& host : {"127.0.0.1", "localhost", "127.1", "[::1]", "0.0.0.0", "2130706433", "[::ffff:127.0.0.1]"}) {
    auto const answer = co_await h.client->send(h.get("http://" + std::string(host) + ":" + port + "/"));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == Kind::refused_by_guard);
  }
  CHECK(h.sink.connections == 0);
  for (auto const* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "http://a@127.0.0.1/", "", "nonsense"}) {
    auto const answer = co_await h.client->send(h.get(url));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == Kind::refused_by_guard);
  }
  co_await h.stop();
}

// This machine's own name is no literal: only the check of the connection itself can refuse it.
CLIENT_TEST(guard_at_connect, "http client: a name that leads to a forbidden address is refused when it connects") {
  h.settings.policy.allowed.push_back(*Allowance::parse("192.0.2.1:" + std::to_string(h.sink.port())));
  co_await h.start(false);
  char name[256] = {};
  REQUIRE(gethostname(name, sizeof name - 1) == 0);
  boost::asio::ip::tcp::resolver resolver(h.context);
  boost::system::error_code ec;
  auto const known = co_await resolver.async_resolve(name, "80", boost::asio::redirect_error(boost::asio::use_awaitable, ec));
  if (ec || known.empty() ||
      std::string_view(name).find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") !=
          std::string_view::npos) {
    WARN("SKIPPED: this machine's own name does not resolve");
  } else {
    auto const answer = co_await h.client->send(h.get("http://" + std::string(name) + ":" + std::to_string(h.sink.port()) + "/"));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == Kind::refused_by_guard);
    CHECK_THAT(answer.error().message, Catch::Contains("outgoing requests may not go there"));
  }
  CHECK(h.sink.connections == 0);
  co_await h.stop();
}

CLIENT_TEST(redirects, "http client: redirects are answers, not orders") {
  co_await h.start();
  h.sink.answers.push_back("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  auto const answer = co_await h.client->send(h.get(h.url()));
  REQUIRE(answer);
  CHECK(answer->status == 302);
  CHECK(answer->headers.get("Location") == "http://127.0.0.1:1/");
  CHECK(h.sink.requests.size() == 1);
  co_await h.stop();
}

CLIENT_TEST(limits, "http client: a long or endless answer is cut") {
  co_await h.start();
  h.sink.answers.push_back("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  auto const long_one = co_await h.client->send(h.post());
  REQUIRE(long_one);
  CHECK(long_one->status == 200);
  CHECK(long_one->truncated);
  CHECK(long_one->body.size() == 64 * 1024);
  h.sink.endless = true;
  h.sink.answers.push_back("HTTP/1.1 200 OK\r\n\r\n");
  auto const endless = co_await h.client->send(h.post());
  REQUIRE(endless);
  CHECK(endless->truncated);
  co_await h.stop();
}

CLIENT_TEST(not_sent, "http client: without a connection nothing was sent") {
  co_await h.start();
  tcp::acceptor unused(h.context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  auto const port = unused.local_endpoint().port();
  unused.close();
  h.settings.policy.allowed.push_back(*Allowance::parse("127.0.0.1"));
  Client open(h.context.get_executor(), h.settings);
  co_await open.start();
  auto const answer = co_await open.send(h.get("http://127.0.0.1:" + std::to_string(port) + "/"));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == Kind::not_sent);
  auto const unknown = co_await open.send(h.get("http://no-such-host.invalid/"));
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().kind == Kind::not_sent);
  auto bad = h.post();
  bad.headers.emplace_back("X-Name", "a\r\nX-Injected: b");
  auto const injected = co_await open.send(std::move(bad));
  REQUIRE_FALSE(injected);
  CHECK(injected.error().kind == Kind::refused_by_guard);
  CHECK(h.sink.requests.empty());
  co_await open.stop();
  auto const late = co_await open.send(h.post());
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == Kind::not_sent);
  co_await h.stop();
}

CLIENT_TEST(half_sent, "http client: a request that could not be written whole was not sent") {
  co_await h.start();
  h.sink.closes_after_header = true;
  auto const answer = co_await h.client->send(h.post(std::string(50'000'000, 'x')));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == Kind::not_sent);
  co_await h.stop();
}

CLIENT_TEST(maybe_sent, "http client: a request that was written but not answered may have been acted upon") {
  co_await h.start();
  h.sink.answers.push_back("");
  auto const closed = co_await h.client->send(h.post());
  REQUIRE_FALSE(closed);
  CHECK(closed.error().kind == Kind::maybe_sent);
  h.sink.answers.push_back("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  h.sink.silent = false;
  auto cut = h.post();
  cut.total_time = 100ms;
  auto const half = co_await h.client->send(std::move(cut));
  REQUIRE_FALSE(half);
  CHECK(half.error().kind == Kind::maybe_sent);
  h.sink.silent = true;
  auto slow = h.post();
  slow.total_time = 100ms;
  auto const timed_out = co_await h.client->send(std::move(slow));
  REQUIRE_FALSE(timed_out);
  CHECK(timed_out.error().kind == Kind::maybe_sent);
  auto empty = h.get(h.url());
  empty.total_time = 100ms;
  auto const unanswered = co_await h.client->send(std::move(empty));
  REQUIRE_FALSE(unanswered);
  CHECK(unanswered.error().kind == Kind::maybe_sent);
  co_await h.stop();
}

CLIENT_TEST(no_silent_repeat, "http client: when a kept connection dies under a request, it does not go out a second time by itself") {
  co_await h.start();
  CHECK((co_await h.client->send(h.post("first"))));
  h.sink.answers.push_back("");
  auto const lost = co_await h.client->send(h.post("second"));
  REQUIRE_FALSE(lost);
  CHECK(lost.error().kind == Kind::maybe_sent);
  CHECK(h.sink.requests.size() == 2);

  // Harmless ones may.
  CHECK((co_await h.client->send(h.get(h.url("/warm")))));
  h.sink.answers.push_back("");
  CHECK((co_await h.client->send(h.get(h.url("/again")))));
  CHECK(h.sink.requests.size() == 5);
  co_await h.stop();
}

CLIENT_TEST(proxies, "http client: proxies named in the environment are not used") {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  co_await h.start();
  CHECK((co_await h.client->send(h.post())));
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
  co_await h.stop();
}

CLIENT_TEST(certificates, "http client: a certificate that nobody vouches for ends it before anything is sent") {
  test::ScriptedServer server(h.context);
  server.implicit_tls = true;
  h.settings.policy.allowed.push_back(*Allowance::parse("127.0.0.1:" + std::to_string(server.port())));
  h.settings.policy.allowed.push_back(*Allowance::parse("[::1]:" + std::to_string(server.port())));
  co_await h.start();
  auto const url = "https://localhost:" + std::to_string(server.port()) + "/";
  auto const stranger = co_await h.client->send(h.get(url));
  REQUIRE_FALSE(stranger);
  CHECK(stranger.error().kind == Kind::not_sent);
  CHECK_THAT(stranger.error().message, Catch::Contains("certificate"));

  auto const path = std::string(std::tmpnam(nullptr)) + ".pem";
  std::ofstream(path) << test::ScriptedServer::certificate();
  auto trusting = h.settings;
  trusting.ca_file = path;
  Client friendly(h.context.get_executor(), trusting);
  co_await friendly.start();
  // The handshake succeeds; that the server then speaks SMTP is another matter.
  auto const known = co_await friendly.send(h.get(url));
  REQUIRE_FALSE(known);
  CHECK_THAT(known.error().message, !Catch::Contains("certificate"));
  auto const other_name = co_await friendly.send(h.get("https://127.0.0.1:" + std::to_string(server.port()) + "/"));
  REQUIRE_FALSE(other_name);
  CHECK(other_name.error().kind == Kind::not_sent);
  std::remove(path.c_str());
  co_await friendly.stop();
  co_await h.stop();
}

CLIENT_TEST(stops, "http client: stopping lets requests end, and cuts what does not") {
  h.settings.drain_time = 50ms;
  co_await h.start();
  h.sink.silent = true;
  int good = 0;
  h.tasks.spawn("send", send_one(*h.client, h.post(), good));
  while (h.sink.requests.empty()) co_await yield();
  co_await h.client->stop();
  co_await h.tasks.join();
  CHECK(good == 0);
  co_await h.stop();
}
