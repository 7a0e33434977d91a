// The server over real sockets on loopback. Limits in time run on a clock that only moves when a test lets it run.
#include "postrider/http/server.h"

#include "http/gzip.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/base/random.h"
#include "postrider/db/errors.h"
#include "postrider/http/problem.h"
#include "support/http_peer.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <catch2/catch.hpp>

#include <fstream>

using namespace postrider;
using namespace postrider::http;
using postrider::test::HttpPeer;
using postrider::test::PeerResponse;
using namespace std::chrono_literals;

namespace {

long resident_kilobytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  long kilobytes = 0;
  while (status >> word)
    if (word == "VmRSS:") status >> kilobytes;
  return kilobytes;
}

class Pieces : public BodyStream {
 public:
  Pieces(int count, std::string piece, bool fails) : left_(count), piece_(std::move(piece)), fails_(fails) {}
  Task<std::optional<std::string>> next() override {
    if (left_-- > 0) co_return piece_;
    if (fails_) throw std::runtime_error("the stream broke");
    co_return std::nullopt;
  }

 private:
  int left_;
  std::string piece_;
  bool fails_;
};

class Events : public BodyStream {
 public:
  explicit Events(Executor executor) : wake_(executor) {}
  Task<std::optional<std::string>> next() override {
    if (!std::exchange(greeted_, true)) co_return "data: hello\n\n";
    while (!stopped_) co_await wake_.wait_for(1h);
    co_return std::nullopt;
  }
  void stop() override {
    stopped_ = true;
    wake_.notify();
  }

 private:
  Signal wake_;
  bool greeted_ = false, stopped_ = false;
};

struct Harness {
  Harness()
      : ids(clock, random),
        entered(context.get_executor()),
        release(context.get_executor()),
        tasks(context.get_executor()),
        watchdog(context) {
    log::set_sink([this](std::string_view line) { logged += line; });
  }
  ~Harness() { log::set_sink({}); }

  // Fails the test rather than hanging for ever.
  void run(Task<void> body) {
    watchdog.expires_after(60s);
    watchdog.async_wait([this](boost::system::error_code ec) {
      if (!ec) context.stop();
    });
    run_to_end(context, std::move(body));
  }

  Task<void> start() {
    settings.listen = "127.0.0.1:0";
    settings.sweep_period = 2ms;
    router.emplace(routes());
    Guard guard = [](Request& request, Route const& route) { return check(request, route); };
    server.emplace(context.get_executor(), clock, ids, *router, std::move(guard), settings, &offload);
    co_await server->start();
  }
  Task<void> stop() {
    running_clock = false;
    co_await server->stop();
    co_await tasks.join();
  }
  // Lets the clock run, much faster than real time.
  void let_time_pass() {
    running_clock = true;
    tasks.spawn("clock", tick());
  }
  Task<void> tick() {
    while (running_clock) {
      clock.advance(200ms);
      co_await sleep_for(1ms);
    }
  }
  double seconds_since(Instant then) const { return std::chrono::duration<double>(clock.now() - then).count(); }

  static Task<std::optional<Response>> check(Request& request, Route const& route) {
    if (route.right == Right("private") && request.headers.get("Authorization") != "Bearer good")
      co_return problem(Error{.code = Code::unauthenticated, .message = "who are you?"});
    request.caller = std::string("somebody");
    co_return std::nullopt;
  }
  static Task<Response> hello(Request& request) {
    auto text = "hello " + std::string(request.parameter("name")) + " from " + request.remote_ip + (request.secure ? " secure" : "");
    if (auto const* more = request.query.find("q")) text += " q=" + *more;
    co_return text_response(200, text);
  }
  static Task<Response> echo(Request& request) { co_return text_response(200, request.body, "application/octet-stream"); }
  Task<Response> upload(Request& request) {
    std::size_t bytes = 0;
    for (;;) {
      auto piece = co_await request.stream->next();
      if (!piece) {
        upload_failure = piece.error().message;
        co_return problem(piece.error());
      }
      if (piece->empty()) break;
      bytes += piece->size();
    }
    co_return text_response(200, std::to_string(bytes));
  }
  static Task<Response> unread(Request&) { co_return text_response(200, "did not look"); }
  static Task<Response> text(Request& request) {
    std::string body;
    int const lines = std::atoi(std::string(request.parameter("lines")).c_str());
    for (int i = 0; i < lines; ++i) body += "a line of text that is like every other line\n";
    co_return text_response(200, body);
  }
  static Task<Response> stream(Request& request) {
    Response response;
    response.headers.add("Content-Type", "text/csv");
    response.stream = std::make_unique<Pieces>(std::atoi(std::string(request.parameter("count")).c_str()), "a,b,c\n",
                                               request.query.find("fail") != nullptr);
    co_return response;
  }
  Task<Response> events(Request&) {
    Response response;
    response.headers.add("Content-Type", "text/event-stream");
    response.stream = std::make_unique<Events>(context.get_executor());
    co_return response;
  }
  static Task<Response> fail(Request&) {
    throw std::runtime_error("secret inner words");
    co_return Response();
  }
  static Task<Response> lost(Request&) {
    throw db::Unavailable("connection refused");
    co_return Response();
  }
  Task<Response> wait(Request&) {
    entered.notify();
    co_await release.wait_for(1h);
    co_return text_response(200, "waited");
  }
  static Task<Response> injected(Request&) {
    auto response = text_response(200, "x");
    response.headers.add("X-Name", "a\r\nSet-Cookie: b");
    response.headers.add("Content-Length", "99");
    co_return response;
  }
  static Task<Response> lasting(Request&) {
    Response response;
    response.headers.add("Content-Type", "image/png");
    response.lasting_body = "pixels";
    co_return response;
  }

  Route route(std::string method, std::string pattern, Handler handler, BodyKind body = BodyKind::none, std::uint64_t limit = 100'000) {
    Route made{.method = std::move(method),
               .pattern = std::move(pattern),
               .right = Right("anonymous"),
               .handler = std::move(handler),
               .body = body,
               .body_limit = limit};
    made.doc.hidden = true;
    return made;
  }
  std::vector<Route> routes() {
    std::vector<Route> all;
    all.push_back(route("GET", "/hello/{name}", hello));
    all.push_back(route("POST", "/echo", echo, BodyKind::raw));
    all.push_back(route("POST", "/json", echo, BodyKind::json));
    all.push_back(route("POST", "/nothing", echo));
    all.push_back(route("POST", "/upload", [this](Request& request) { return upload(request); }, BodyKind::streamed, 10'000'000));
    all.push_back(route("POST", "/unread", unread, BodyKind::streamed, 10'000'000));
    all.push_back(route("GET", "/text/{lines}", text));
    all.push_back(route("GET", "/stream/{count}", stream));
    all.push_back(route("GET", "/events", [this](Request& request) { return events(request); }));
    all.push_back(route("GET", "/fail", fail));
    all.push_back(route("GET", "/lost", lost));
    all.push_back(route("GET", "/wait", [this](Request& request) { return wait(request); }));
    all.push_back(route("GET", "/injected", injected));
    all.push_back(route("GET", "/lasting", lasting));
    all.push_back(route("POST", "/private", echo, BodyKind::raw));
    all.back().right = Right("private");
    return all;
  }

  boost::asio::io_context context;
  FixedClock clock = FixedClock(*parse_instant("2026-11-22T10:00:00Z"));
  SeededRandom random = SeededRandom(1);
  UuidV7Ids ids;
  Offload offload = Offload(1);
  ServerSettings settings;
  std::optional<Router> router;
  std::optional<Server> server;
  Signal entered, release;
  TaskGroup tasks;
  boost::asio::steady_timer watchdog;
  bool running_clock = false;
  std::string logged, upload_failure;
};

std::string get(std::string const& path, std::string const& more = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}
std::string post(std::string const& path, std::string const& body, std::string const& more = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more + "\r\n" + body;
}

}  // namespace

#define SERVER_TEST(function, sentence)                \
  static Task<void> function(Harness& h);              \
  TEST_CASE(sentence) {                                \
    Harness h;                                         \
    h.run(function(h));                                \
  }                                                    \
  static Task<void> function([[maybe_unused]] Harness& h)

SERVER_TEST(keeps_alive, "http: a connection serves many requests, and each answer carries an id of its own") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  std::string last;
  for (int i = 0; i < 3; ++i) {
    auto const answer = co_await peer.ask(get("/hello/you%20all?q=a+b%21"));
    CHECK(answer.status == 200);
    CHECK(answer.body == "hello you all from 127.0.0.1 q=a b!");
    CHECK(answer.headers.get("Date") == "Sun, 22 Nov 2026 10:00:00 GMT");
    CHECK(answer.headers.get("X-Content-Type-Options") == "nosniff");
    CHECK(answer.headers.get("X-Request-Id").size() == 36);
    CHECK(answer.headers.get("X-Request-Id") != last);
    CHECK_FALSE(answer.headers.find("Connection"));
    last = answer.headers.get("X-Request-Id");
  }
  CHECK_THAT(h.logged, Catch::Contains("http_request") && Catch::Contains("route=/hello/{name}") && Catch::Contains(last));
  CHECK_THAT(metrics::exposition(),
             Catch::Contains("postrider_http_requests_total{method=\"GET\",route=\"/hello/{name}\",status=\"2xx\"}"));
  co_await h.stop();
  CHECK(h.server->connections() == 0);
}

SERVER_TEST(pipelines, "http: pipelined requests are answered in order, also when they come byte by byte") {
  co_await h.start();
  std::string wire;
  for (int i = 0; i < 5; ++i) wire += get("/hello/" + std::to_string(i)) + post("/echo", "body" + std::to_string(i));
  for (std::size_t const step : {wire.size(), std::size_t(1), std::size_t(7)}) {
    HttpPeer peer(h.context.get_executor());
    co_await peer.connect(h.server->port());
    for (std::size_t at = 0; at < wire.size(); at += step) co_await peer.send(wire.substr(at, step));
    for (int i = 0; i < 5; ++i) {
      auto const first = co_await peer.receive();
      CHECK(first.body == "hello " + std::to_string(i) + " from 127.0.0.1");
      auto const second = co_await peer.receive();
      CHECK(second.body == "body" + std::to_string(i));
    }
  }
  co_await h.stop();
}

SERVER_TEST(routes_statuses, "http: unknown addresses, other methods, HEAD and malformed targets") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  auto const missing = co_await peer.ask(get("/nowhere"));
  CHECK(missing.status == 404);
  CHECK(missing.headers.get("Content-Type") == "application/problem+json");
  auto const other = co_await peer.ask(post("/hello/x", ""));
  CHECK(other.status == 405);
  CHECK(other.headers.get("Allow") == "GET, HEAD");
  auto const options = co_await peer.ask("OPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(options.status == 405);
  CHECK(options.headers.get("Allow") == "POST");
  co_await peer.send("HEAD /hello/x HTTP/1.1\r\nHost: x\r\n\r\n");
  auto const head = co_await peer.receive(true);
  CHECK(head.status == 200);
  CHECK(head.headers.get("Content-Length") == "22");
  co_await peer.send("HEAD /stream/3 HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK((co_await peer.receive(true)).status == 200);
  constexpr char const* malformed[] = {"/hello/%", "/hello/%zz", "/hello/%00", "/hello/../x", "/hello/%2e%2e", "/hello/x?a=%ff", "/hello/x#y"};
  for (auto const* const path : malformed)
    CHECK((co_await peer.ask(get(path))).status == 400);
  CHECK((co_await peer.ask(get("http://evil.example/hello/x"))).body == "hello x from 127.0.0.1");
  CHECK((co_await peer.ask(get("/lasting"))).body == "pixels");
  auto const injected = co_await peer.ask(get("/injected"));
  CHECK(injected.headers.get("X-Name") == "a  Set-Cookie: b");
  CHECK(injected.body == "x");
  co_await h.stop();
}

SERVER_TEST(http10, "http: an HTTP/1.0 client gets its answer and the end of the connection") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  auto const answer = co_await peer.ask("GET /hello/x HTTP/1.0\r\n\r\n");
  CHECK(answer.headers.get("Connection") == "close");
  CHECK((co_await peer.rest()).empty());
  HttpPeer streaming(h.context.get_executor());
  co_await streaming.connect(h.server->port());
  auto const streamed = co_await streaming.ask("GET /stream/3 HTTP/1.0\r\n\r\n");
  CHECK(streamed.body == "a,b,c\na,b,c\na,b,c\n");
  CHECK_FALSE(streamed.headers.find("Transfer-Encoding"));
  co_await h.stop();
}

SERVER_TEST(bodies, "http: bodies are taken by kind: raw, json, none") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  CHECK((co_await peer.ask(post("/json", "{}", "Content-Type: application/json; charset=utf-8\r\n"))).body == "{}");
  CHECK((co_await peer.ask(post("/json", "{}", "Content-Type: text/plain\r\n"))).status == 415);
  CHECK((co_await peer.ask(post("/json", "{}"))).status == 415);
  CHECK((co_await peer.ask(post("/nothing", ""))).status == 200);
  CHECK((co_await peer.ask(post("/nothing", " {} \n"))).status == 200);
  CHECK((co_await peer.ask(post("/nothing", "{\"a\":1}"))).status == 400);
  CHECK((co_await peer.ask(post("/echo", "x", "Content-Encoding: br\r\n"))).status == 415);
  CHECK((co_await peer.ask(post("/echo", "x", "Expect: the moon\r\n"))).status == 417);
  // Small unread bodies do not cost the connection.
  CHECK((co_await peer.ask(post("/unread", std::string(30'000, 'x')))).body == "did not look");
  CHECK((co_await peer.ask(post("/nowhere", "x"))).status == 404);
  CHECK((co_await peer.ask(get("/hello/x"))).status == 200);
  co_await h.stop();
}

SERVER_TEST(guards, "http: the guard speaks before the body is read") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  // The body never comes: the answer does not wait for it.
  auto const refused = co_await peer.ask("POST /private HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n");
  CHECK(refused.status == 401);
  CHECK(refused.headers.get("WWW-Authenticate") == "Bearer");
  CHECK(refused.headers.get("Connection") == "close");
  HttpPeer known(h.context.get_executor());
  co_await known.connect(h.server->port());
  CHECK((co_await known.ask(post("/private", "x", "Authorization: Bearer good\r\n"))).body == "x");
  co_await h.stop();
}

SERVER_TEST(too_large, "http: a body over the limit is refused before it is read") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  auto const refused = co_await peer.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n");
  CHECK(refused.status == 413);
  CHECK((co_await peer.rest()).empty());
  HttpPeer exact(h.context.get_executor());
  co_await exact.connect(h.server->port());
  CHECK((co_await exact.ask(post("/echo", std::string(100'000, 'x')))).body.size() == 100'000);
  co_await h.stop();
}

SERVER_TEST(gigabyte, "http: a chunked gigabyte is cut at the limit, and memory stays flat") {
  co_await h.start();
  std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (auto const* path : {"/echo", "/upload"}) {
    auto const before = resident_kilobytes();
    HttpPeer peer(h.context.get_executor());
    co_await peer.connect(h.server->port());
    co_await peer.send(std::string("POST ") + path + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::uint64_t sent = 0;
    while (sent < 1024ULL * 1024 * 1024) {
      bool const taken = co_await peer.send(chunk);
      if (!taken || peer.something_waits()) break;
      sent += 0x10000;
    }
    CHECK(sent < 64 * 1024 * 1024);
    auto const answer = co_await peer.receive();
    CHECK(answer.status == 413);
    CHECK(answer.headers.get("Connection") == "close");
    CHECK(resident_kilobytes() - before < 40 * 1024);
  }
  CHECK_THAT(h.upload_failure, Catch::Contains("larger than 10000000 bytes"));
  co_await h.stop();
}

SERVER_TEST(streams_in, "http: a streamed body reaches the handler in pieces, chunked or not, plain or packed") {
  co_await h.start();
  std::string const body(3'000'000, 'x');
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  CHECK((co_await peer.ask(post("/upload", body))).body == "3000000");
  std::string chunked = "POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 300; ++i) chunked += "2710\r\n" + std::string(10'000, 'x') + "\r\n";
  CHECK((co_await peer.ask(chunked + "0\r\n\r\n")).body == "3000000");
  std::string lines;
  for (int i = 0; i < 100'000; ++i) lines += std::to_string(i * 7919 % 100'003) + ";";
  CHECK((co_await peer.ask(post("/upload", gzipped(lines, 6), "Content-Encoding: gzip\r\n"))).body == std::to_string(lines.size()));
  co_await h.stop();
}

SERVER_TEST(cut_short, "http: a streamed body that is cut short is an error for the handler") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  co_await peer.send("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this");
  peer.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send);
  co_await peer.rest();
  CHECK_THAT(h.upload_failure, Catch::Contains("ended in the middle"));
  co_await h.stop();
}

SERVER_TEST(packed_bodies, "http: packed bodies are unpacked within limits") {
  co_await h.start();
  std::string const gzip = "Content-Encoding: gzip\r\n";
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  CHECK((co_await peer.ask(post("/echo", gzipped("hello", 6), gzip))).body == "hello");
  CHECK((co_await peer.ask(post("/echo", "not gzip at all", gzip))).status == 400);
  auto const packed = gzipped(std::string(50'000, 'x'), 6);
  CHECK((co_await peer.ask(post("/echo", packed.substr(0, packed.size() - 9), gzip))).status == 400);
  CHECK((co_await peer.ask(post("/echo", packed + "tail", gzip))).status == 400);
  CHECK((co_await peer.ask(post("/echo", gzipped(std::string(100'001, 'x'), 6), gzip))).status == 413);
  CHECK((co_await peer.ask(post("/echo", gzipped(packed, 6), gzip + gzip))).status == 415);
  CHECK((co_await peer.ask(post("/echo", "x", "Content-Encoding: gzip, gzip\r\n"))).status == 415);
  // Ten megabytes of zeros in ten kilobytes: allowed by size, not by ratio.
  auto const bomb = gzipped(std::string(9'000'000, '\0'), 9);
  CHECK(bomb.size() < 20'000);
  CHECK((co_await peer.ask(post("/upload", bomb, gzip))).status == 413);
  co_await h.stop();
}

SERVER_TEST(packs_answers, "http: text answers are packed when asked for") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  std::string const accept = "Accept-Encoding: br, gzip;q=0.5\r\n";
  for (int const lines : {100, 10'000}) {  // on the I/O thread, and off it
    auto const plain = co_await peer.ask(get("/text/" + std::to_string(lines)));
    CHECK_FALSE(plain.headers.find("Content-Encoding"));
    CHECK(plain.headers.get("Vary") == "Accept-Encoding");
    auto const packed = co_await peer.ask(get("/text/" + std::to_string(lines), accept));
    CHECK(packed.headers.get("Content-Encoding") == "gzip");
    CHECK(packed.body.size() < plain.body.size() / 10);
    std::string unpacked;
    Inflater inflater(10'000'000, 1000);
    CHECK(inflater.feed(packed.body, unpacked) == Inflater::Outcome::ended);
    CHECK(unpacked == plain.body);
  }
  CHECK_FALSE((co_await peer.ask(get("/text/10", accept))).headers.find("Content-Encoding"));
  CHECK_FALSE((co_await peer.ask(get("/text/100", "Accept-Encoding: gzip;q=0\r\n"))).headers.find("Content-Encoding"));
  CHECK_FALSE((co_await peer.ask(get("/lasting", accept))).headers.find("Vary"));
  auto const stream = co_await peer.ask(get("/stream/5000", accept));
  std::string unpacked;
  Inflater inflater(10'000'000, 1000);
  CHECK(inflater.feed(stream.body, unpacked) == Inflater::Outcome::ended);
  CHECK(unpacked.size() == 30'000);
  CHECK((co_await peer.ask(get("/hello/x"))).status == 200);
  co_await h.stop();
}

SERVER_TEST(streams_out, "http: a streamed answer is chunked; when the stream breaks the client sees it is not complete") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  auto const whole = co_await peer.ask(get("/stream/3"));
  CHECK(whole.complete);
  CHECK(whole.body == "a,b,c\na,b,c\na,b,c\n");
  auto const broken = co_await peer.ask(get("/stream/3?fail=1"));
  CHECK(broken.status == 200);
  CHECK_FALSE(broken.complete);
  CHECK_THAT(h.logged, Catch::Contains("the stream broke"));
  co_await h.stop();
}

SERVER_TEST(smuggling, "http: what could be read in two ways is answered once, by 400 and the end of the connection") {
  co_await h.start();
  std::string const evil = "GET /hello/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  std::string const start = "POST /echo HTTP/1.1\r\nHost: x\r\n";
  std::string const set[] = {
      start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      start + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
      start + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\nX: a\r\n folded\r\n\r\n0\r\n\r\n",
      "POST /echo HTTP/1.1\nHost: x\n\n",
      start + std::string("X: a\0b\r\n\r\n", 10),
      start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
  };
  for (auto const& wire : set) {
    INFO(wire);
    HttpPeer peer(h.context.get_executor());
    co_await peer.connect(h.server->port());
    auto const answer = co_await peer.ask(wire + evil);
    CHECK(answer.status == 400);
    CHECK(answer.headers.get("Connection") == "close");
    CHECK((co_await peer.rest()).empty());
  }
  CHECK(h.logged.find("hello") == std::string::npos);
  co_await h.stop();
}

SERVER_TEST(exceptions, "http: an exception is a 500 that names the request and keeps its words to the log") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  auto const answer = co_await peer.ask(get("/fail"));
  CHECK(answer.status == 500);
  CHECK_THAT(answer.body, Catch::Contains(std::string(answer.headers.get("X-Request-Id"))) && !Catch::Contains("secret"));
  CHECK_THAT(h.logged, Catch::Contains("secret inner words"));
  auto const lost = co_await peer.ask(get("/lost"));
  CHECK(lost.status == 503);
  CHECK(lost.headers.get("Retry-After") == "2");
  CHECK((co_await peer.ask(get("/hello/x"))).status == 200);
  co_await h.stop();
}

SERVER_TEST(continues, "http: a client that asks before it sends its body is told to go on, or not to") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  auto const on = co_await peer.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  CHECK(on.status == 100);
  CHECK((co_await peer.ask("hello")).body == "hello");
  auto const large = co_await peer.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\nExpect: 100-continue\r\n\r\n");
  CHECK(large.status == 413);
  HttpPeer stranger(h.context.get_executor());
  co_await stranger.connect(h.server->port());
  auto const refused = co_await stranger.ask("POST /private HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  CHECK(refused.status == 401);
  CHECK(refused.headers.get("Connection") == "close");
  co_await h.stop();
}

SERVER_TEST(slow_header, "http: a header that does not come in time is a 408, and idle connections end quietly") {
  co_await h.start();
  HttpPeer slow(h.context.get_executor()), silent(h.context.get_executor()), idle(h.context.get_executor());
  co_await slow.connect(h.server->port());
  co_await silent.connect(h.server->port());
  co_await idle.connect(h.server->port());
  CHECK((co_await idle.ask(get("/hello/x"))).status == 200);
  auto const begin = h.clock.now();
  co_await slow.send("GET /hello/x HT");
  h.let_time_pass();
  auto const answer = co_await slow.receive();
  CHECK(answer.status == 408);
  CHECK(h.seconds_since(begin) > 9);
  CHECK(h.seconds_since(begin) < 20);
  CHECK((co_await silent.rest()).empty());
  CHECK(h.seconds_since(begin) < 30);
  CHECK((co_await idle.rest()).empty());
  CHECK(h.seconds_since(begin) > 74);
  CHECK(h.seconds_since(begin) < 100);
  co_await h.stop();
}

SERVER_TEST(slow_body, "http: a body that trickles is a 408") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  auto const begin = h.clock.now();
  co_await peer.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + std::string(5000, 'x'));
  h.let_time_pass();
  auto const answer = co_await peer.receive();
  CHECK(answer.status == 408);
  CHECK(h.seconds_since(begin) > 19);
  CHECK(h.seconds_since(begin) < 40);
  co_await h.stop();
}

SERVER_TEST(trickle, "http: a body that never stalls but comes too slowly ends too") {
  h.settings.min_bytes_per_second = 1'000'000;
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  co_await peer.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  h.let_time_pass();
  int sent = 0;
  while (!peer.something_waits() && co_await peer.send("x")) ++sent, co_await yield();
  CHECK((co_await peer.receive()).status == 408);
  CHECK(sent < 100'000);
  co_await h.stop();
}

SERVER_TEST(slow_reader, "http: a client that does not read its answer is let go") {
  co_await h.start();
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  auto const begin = h.clock.now();
  co_await peer.send(get("/text/400000"));  // 18 MB: far more than the kernel takes
  h.let_time_pass();
  while (h.server->connections() == 0) co_await yield();
  while (h.server->connections() > 0) co_await yield();
  CHECK(h.seconds_since(begin) > 19);
  CHECK(h.seconds_since(begin) < 60);
  auto const got = co_await peer.rest();
  CHECK(got.size() < 18'000'000);
  co_await h.stop();
}

SERVER_TEST(crowded, "http: over the limit of connections, newcomers are told so") {
  h.settings.max_connections = 2;
  co_await h.start();
  HttpPeer first(h.context.get_executor()), second(h.context.get_executor()), third(h.context.get_executor());
  co_await first.connect(h.server->port());
  CHECK((co_await first.ask(get("/hello/x"))).status == 200);
  co_await second.connect(h.server->port());
  CHECK((co_await second.ask(get("/hello/x"))).status == 200);
  co_await third.connect(h.server->port());
  auto const refused = co_await third.ask(get("/hello/x"));
  CHECK(refused.status == 503);
  CHECK(refused.headers.get("Retry-After") == "5");
  CHECK((co_await third.rest()).empty());
  CHECK((co_await first.ask(get("/hello/x"))).status == 200);
  co_await h.stop();
}

// The one answer, and what else comes before the end of the connection.
static Task<void> ask_into(HttpPeer& peer, std::string wire, PeerResponse& answer, std::string& after) {
  answer = co_await peer.ask(std::move(wire));
  after = co_await peer.rest();
  peer.close();
}

SERVER_TEST(drains, "http: stopping finishes what is under way, tells it to close, and ends what is idle") {
  co_await h.start();
  HttpPeer busy(h.context.get_executor()), idle(h.context.get_executor()), listening(h.context.get_executor());
  co_await idle.connect(h.server->port());
  CHECK((co_await idle.ask(get("/hello/x"))).status == 200);
  co_await listening.connect(h.server->port());
  co_await busy.connect(h.server->port());
  PeerResponse waited, streamed;
  std::string after_waited = "not ended", after_streamed = "not ended";
  h.tasks.spawn("busy", ask_into(busy, get("/wait") + get("/hello/never"), waited, after_waited));
  h.tasks.spawn("events", ask_into(listening, get("/events"), streamed, after_streamed));
  co_await h.entered.wait_for(10s);
  while (h.server->connections() < 3) co_await yield();
  auto const port = h.server->port();
  h.tasks.spawn("stop", h.server->stop());
  CHECK((co_await idle.rest()).empty());
  h.release.notify();
  co_await h.tasks.join();
  CHECK(waited.status == 200);
  CHECK(waited.body == "waited");
  CHECK(waited.headers.get("Connection") == "close");
  CHECK(after_waited.empty());  // the pipelined one is for the client to repeat
  CHECK(streamed.complete);
  CHECK(streamed.body == "data: hello\n\n");
  CHECK(after_streamed.empty());
  HttpPeer late(h.context.get_executor());
  CHECK_THROWS(co_await late.connect(port));
  co_await h.stop();
}

SERVER_TEST(drain_cuts, "http: what does not end in the time to drain is cut") {
  h.settings.drain_time = 50ms;
  co_await h.start();
  HttpPeer stuck(h.context.get_executor());
  co_await stuck.connect(h.server->port());
  co_await stuck.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
  while (h.server->connections() == 0) co_await yield();
  co_await h.stop();
  CHECK(h.server->connections() == 0);
}

SERVER_TEST(forwarded, "http: X-Forwarded headers count only from trusted proxies") {
  co_await h.start();
  std::string const headers = "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n";
  HttpPeer peer(h.context.get_executor());
  co_await peer.connect(h.server->port());
  CHECK((co_await peer.ask(get("/hello/x", headers))).body == "hello x from 127.0.0.1");
  co_await h.stop();
  h.settings.trusted_proxies.push_back(*Cidr::parse("127.0.0.0/8"));
  co_await h.start();
  HttpPeer proxy(h.context.get_executor());
  co_await proxy.connect(h.server->port());
  CHECK((co_await proxy.ask(get("/hello/x", headers))).body == "hello x from 198.51.100.7 secure");
  co_await h.stop();
}

SERVER_TEST(listens, "http: an address that cannot be listened on is named") {
  co_await h.start();
  ServerSettings taken;
  taken.listen = h.server->address();
  Server second(h.context.get_executor(), h.clock, h.ids, *h.router, {}, taken);
  CHECK_THROWS_WITH(co_await second.start(), Catch::Contains("cannot listen on " + taken.listen));
  co_await second.stop();
  taken.listen = "nowhere";
  Server third(h.context.get_executor(), h.clock, h.ids, *h.router, {}, taken);
  CHECK_THROWS_WITH(co_await third.start(), Catch::Contains("ADDRESS:PORT"));
  co_await h.stop();
}
