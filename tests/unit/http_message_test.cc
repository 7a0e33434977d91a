#include "http/gzip.h"
#include "http/proxy.h"
#include "postrider/http/response.h"
#include "support/results.h"

using namespace postrider;
using namespace postrider::http;

TEST_CASE("http: headers are found without regard to case") {
  Headers headers;
  headers.add("Content-Type", "a");
  headers.add("X-A", "1");
  headers.add("x-a", "2");
  CHECK(headers.get("content-TYPE") == "a");
  CHECK(headers.all("X-a").size() == 2);
  headers.set("X-A", "3");
  CHECK(headers.all("x-a") == std::vector<std::string_view>{"3"});
  CHECK(headers.get("absent").empty());
  CHECK(headers.find("absent") == nullptr);
}

TEST_CASE("http: a query is decoded once, in its order") {
  auto const query = Query::parse("a=1&b=x+y%20z&a=2&c&=d&&e=%2525&f=%C3%A4=");
  REQUIRE(query);
  CHECK(*query->find("a") == "1");
  CHECK(query->all("a") == std::vector<std::string_view>{"1", "2"});
  CHECK(*query->find("b") == "x y z");
  CHECK(query->find("c")->empty());
  CHECK(*query->find("") == "d");
  CHECK(*query->find("e") == "%25");
  CHECK(*query->find("f") == "\xC3\xA4=");
  CHECK(Query::parse("")->entries().empty());
  for (auto const* text : {"a=%", "a=%4", "a=%4x", "%=a", "a=%00", "a=%ff", "a=%C0%80", "a=%ED%A0%80", "a=%F5%80%80%80", "a=%E2%82"}) {
    INFO(text);
    CHECK_FALSE(Query::parse(text));
  }
  CHECK(Query::parse("a=%ff").error().fields[0].pointer == "?a");
}

TEST_CASE("http: the caller behind proxies is the last one that no trusted proxy vouches against") {
  std::vector<Cidr> const trusted{*Cidr::parse("10.0.0.0/8"), *Cidr::parse("::1")};
  auto const seen = [&](char const* peer, std::vector<std::string> const& forwarded, std::string const& protocol = "") {
    Headers headers;
    for (auto const& value : forwarded) headers.add("x-forwarded-for", value);
    if (!protocol.empty()) headers.add("X-Forwarded-Proto", protocol);
    auto const caller = caller_of(*IpAddress::parse(peer), headers, trusted);
    return caller.ip.str() + (caller.secure ? " secure" : "");
  };
  CHECK(seen("203.0.113.9", {"1.2.3.4"}, "https") == "203.0.113.9");
  CHECK(seen("10.0.0.1", {"1.2.3.4"}, "https") == "1.2.3.4 secure");
  CHECK(seen("10.0.0.1", {"1.2.3.4"}, "http") == "1.2.3.4");
  CHECK(seen("10.0.0.1", {"1.2.3.4"}, "http, HTTPS") == "1.2.3.4 secure");
  CHECK(seen("10.0.0.1", {}) == "10.0.0.1");
  CHECK(seen("10.0.0.1", {"6.6.6.6, 1.2.3.4, 10.0.0.2"}) == "1.2.3.4");
  CHECK(seen("10.0.0.1", {"6.6.6.6, 1.2.3.4", "10.0.0.2"}) == "1.2.3.4");
  CHECK(seen("10.0.0.1", {"10.0.0.3, 10.0.0.2"}) == "10.0.0.3");
  CHECK(seen("10.0.0.1", {"1.2.3.4, nonsense"}) == "10.0.0.1");
  CHECK(seen("10.0.0.1", {"1.2.3.4, nonsense, 10.0.0.2"}) == "10.0.0.2");
  CHECK(seen("::1", {"[2001:db8::7]:4711"}) == "2001:db8::7");
  CHECK(seen("10.0.0.1", {"1.2.3.4:80"}) == "1.2.3.4");
}

TEST_CASE("http: which answers are packed") {
  for (auto const* text : {"gzip", "GZIP", "br, gzip", "deflate, gzip;q=0.1", "*", "*;q=0.5", "br;q=1, *;q=0.1", " gzip ; q=1.0"})
    CHECK(accepts_gzip(text));
  for (auto const* text : {"", "br", "identity", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *", "xgzip"})
    CHECK_FALSE(accepts_gzip(text));
  for (auto const* text :
       {"text/html", "text/html; charset=utf-8", "application/json", "application/problem+json", "image/svg+xml", "TEXT/CSV"})
    CHECK(compressible(text));
  for (auto const* text : {"", "image/png", "application/octet-stream", "text/event-stream", "application/gzip"})
    CHECK_FALSE(compressible(text));
}

TEST_CASE("http: inflating gives the same, however the bytes are split, and stops at its limits") {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i);
  auto const packed = gzipped(text, 6);
  for (std::size_t const step : {packed.size(), std::size_t(1), std::size_t(13)}) {
    Inflater inflater(1'000'000, 200);
    std::string out;
    auto outcome = Inflater::Outcome::more;
    for (std::size_t at = 0; at < packed.size(); at += step) outcome = inflater.feed(std::string_view(packed).substr(at, step), out);
    CHECK(outcome == Inflater::Outcome::ended);
    CHECK(out == text);
  }
  std::string out;
  CHECK(Inflater(text.size() - 1, 200).feed(packed, out) == Inflater::Outcome::too_large);
  CHECK(Inflater(text.size(), 200).feed(packed, out) == Inflater::Outcome::ended);
  CHECK(Inflater(1000, 200).feed("garbage", out) == Inflater::Outcome::broken);
  auto const bomb = gzipped(std::string(50'000'000, 'x'), 9);
  std::string blown;
  CHECK(Inflater(100'000'000, 200).feed(bomb, blown) == Inflater::Outcome::too_large);
  CHECK(blown.size() < 12'000'000);
}
