#include "postrider/http/outbound.h"

#include "support/results.h"

using namespace postrider;
using namespace postrider::http;

namespace {

std::string special(std::string_view text) {
  auto const address = IpAddress::parse(text);
  REQUIRE(address);
  return std::string(special_range(*address));
}

OutboundPolicy with(std::initializer_list<char const*> allowed) {
  OutboundPolicy policy;
  for (auto const* text : allowed) policy.allowed.push_back(*Allowance::parse(text));
  return policy;
}

}  // namespace

TEST_CASE("http: every special range of IPv4 is known, from its first address to its last") {
  char const* const inside[] = {
      "0.0.0.0",         "0.255.255.255",   "10.0.0.0",       "10.255.255.255",  "100.64.0.0",      "100.127.255.255", "127.0.0.0",
      "127.0.0.1",       "127.255.255.255", "169.254.0.0",    "169.254.169.254", "169.254.255.255", "172.16.0.0",      "172.31.255.255",
      "192.0.0.0",       "192.0.0.255",     "192.0.2.0",      "192.0.2.255",     "192.88.99.0",     "192.88.99.255",   "192.168.0.0",
      "192.168.255.255", "198.18.0.0",      "198.19.255.255", "198.51.100.0",    "198.51.100.255",  "203.0.113.0",     "203.0.113.255",
      "224.0.0.0",       "239.255.255.255", "240.0.0.0",      "255.255.255.254", "255.255.255.255"};
  for (auto const* text : inside) {
    INFO(text);
    CHECK_FALSE(special(text).empty());
    CHECK_FALSE(special(std::string("::ffff:") + text).empty());       // mapped
    CHECK_FALSE(special(std::string("::") + text).empty());            // compatible
    CHECK_FALSE(special(std::string("64:ff9b::") + text).empty());     // NAT64
    CHECK_FALSE(special(std::string("64:ff9b:1::") + text).empty());   // NAT64, local
  }
  char const* const outside[] = {
      "1.0.0.0",         "9.255.255.255", "11.0.0.0",        "100.63.255.255",  "100.128.0.0",     "126.255.255.255", "128.0.0.0",
      "169.253.255.255", "169.255.0.0",   "172.15.255.255",  "172.32.0.0",      "191.255.255.255", "192.0.1.0",       "192.0.3.0",
      "192.88.98.255",   "192.88.100.0",  "192.167.255.255", "192.169.0.0",     "198.17.255.255",  "198.20.0.0",      "198.51.99.255",
      "198.51.101.0",    "203.0.112.255", "203.0.114.0",     "223.255.255.255", "8.8.8.8"};
  for (auto const* text : outside) {
    INFO(text);
    CHECK(special(text).empty());
    CHECK(special(std::string("::ffff:") + text).empty());
  }
}

TEST_CASE("http: every special range of IPv6 is known, and what hides inside an address") {
  char const* const inside[] = {"::",
                                "::1",
                                "::2",
                                "64:ff9b::1",
                                "64:ff9b::8.8.8.8",
                                "64:ff9b:1::1",
                                "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
                                "100::",
                                "100::ffff:ffff:ffff:ffff",
                                "2001::",
                                "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
                                "2001:0:7f00:1::",
                                "2001:db8::1",
                                "2001:db8:ffff::",
                                "2002::",
                                "2002:7f00:1::",
                                "2002:c0a8:101::1",
                                "2002:808:808::1",
                                "3fff::1",
                                "5f00::1",
                                "fc00::1",
                                "fdff::1",
                                "fe80::1",
                                "febf::1",
                                "fec0::1",
                                "feff::1",
                                "ff00::1",
                                "ff02::1",
                                "1::1",
                                "4000::1",
                                "f000::1"};
  for (auto const* text : inside) {
    INFO(text);
    CHECK_FALSE(special(text).empty());
  }
  for (auto const* text : {"2000::1", "2001:200::1", "2001:4860:4860::8888", "2001:db7:ffff::1", "2001:db9::1", "2003::1",
                           "2606:4700::1111", "2a00:1450::1", "3ffe::1", "3fff:1000::1"}) {
    INFO(text);
    CHECK(special(text).empty());
  }
  CHECK(special("::ffff:127.0.0.1") == "loopback");
  CHECK(special("::ffff:7f00:1") == "loopback");
  CHECK(special("64:ff9b::10.0.0.1") == "private");
  CHECK(special("2002:a9fe:a9fe::") == "link-local");
  CHECK(special("2001:0:4136:e378:8000:63bf:80ff:fffe") == "loopback");  // Teredo, client 127.0.0.1 inverted
}

TEST_CASE("http: addresses are read strictly") {
  for (auto const* text : {"", "127.1", "127.0.0.01", "0x7f.0.0.1", "2130706433", "1.2.3.4.5", "256.1.1.1", "fe80::1%lo", "[::1]", "::1 ",
                           " ::1", "1.2.3.4/8", "localhost"}) {
    INFO(text);
    CHECK_FALSE(IpAddress::parse(text));
  }
  CHECK(IpAddress::parse("::ffff:1.2.3.4") == IpAddress::parse("1.2.3.4"));
  CHECK(IpAddress::parse("1.2.3.4")->str() == "1.2.3.4");
  CHECK(IpAddress::parse("2001:DB8::0:1")->str() == "2001:db8::1");
}

TEST_CASE("http: ranges are read, and mask what they are given") {
  CHECK(Cidr::parse("10.1.2.3/8")->str() == "10.0.0.0/8");
  CHECK(Cidr::parse("10.1.2.3")->str() == "10.1.2.3/32");
  CHECK(Cidr::parse("2001:db8::1/32")->str() == "2001:db8::/32");
  CHECK(Cidr::parse("0.0.0.0/0")->contains(*IpAddress::parse("8.8.8.8")));
  CHECK_FALSE(Cidr::parse("0.0.0.0/0")->contains(*IpAddress::parse("2606::1")));
  CHECK(Cidr::parse("10.0.0.0/9")->contains(*IpAddress::parse("10.127.255.255")));
  CHECK_FALSE(Cidr::parse("10.0.0.0/9")->contains(*IpAddress::parse("10.128.0.0")));
  for (auto const* text : {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "::/129", "x/8", "/8"}) CHECK_FALSE(Cidr::parse(text));
}

TEST_CASE("http: nothing special is reached, except what the operator allows") {
  OutboundPolicy policy = with({"10.1.0.0/16:8080", "[fd00::/8]:443", "192.168.1.1", "::1"});
  policy.own_addresses.push_back(*IpAddress::parse("8.8.4.4"));
  auto const refused = [&](char const* ip, std::uint16_t port) { return refusal(*IpAddress::parse(ip), port, policy).has_value(); };
  CHECK_FALSE(refused("10.1.2.3", 8080));
  CHECK(refused("10.1.2.3", 8081));
  CHECK(refused("10.2.2.3", 8080));
  CHECK_FALSE(refused("fd12::1", 443));
  CHECK(refused("fd12::1", 80));
  CHECK_FALSE(refused("192.168.1.1", 25));
  CHECK_FALSE(refused("::1", 9999));
  CHECK(refused("127.0.0.1", 80));
  CHECK(refused("8.8.4.4", 443));
  CHECK_FALSE(refused("8.8.8.8", 443));
  CHECK_FALSE(refused("8.8.8.8", 8443));
  for (std::uint16_t const port : {22, 25, 53, 110, 143, 465, 587, 993, 1023, 3306, 5432, 6379, 11211, 27017})
    CHECK(refused("8.8.8.8", port));
  for (auto const* text :
       {"", "x", "10.0.0.0/8:", "10.0.0.0/8:0", "10.0.0.0/8:65536", "10.0.0.0/8:80x", "[fd00::/8", "[fd00::/8]443", "fd00::/8:x"})
    CHECK_FALSE(Allowance::parse(text));
}

TEST_CASE("http: odd spellings of addresses do not pass") {
  OutboundPolicy const policy;
  char const* const refused[] = {
      "http://127.0.0.1/",
      "http://2130706433/",
      "http://0x7f.1/",
      "http://0x7f000001/",
      "http://0177.0.0.1/",
      "http://127.1/",
      "http://127.0.1/",
      "http://0/",
      "http://127.0.0.1./",
      "http://localhost/",
      "http://localhost./",
      "http://LOCALHOST/",
      "http://a.localhost/",
      "http://[::1]/",
      "http://[::ffff:7f00:1]/",
      "http://[::ffff:127.0.0.1]/",
      "http://[fe80::1%25lo]/",
      "http://[fe80::1%lo]/",
      "http://[::]/",
      "http://[::1]:443/",
      "http://\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.0.0.1/",
      "http://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1/",
      ("http://b\xC3\xBC"
       "cher.example/"),
      "http://ok@127.0.0.1/",
      "http://ok@example.com/",
      "http://ok:pw@example.com/",
      "http://127.0.0.1#@example.com/",
      "http://example.com\\@127.0.0.1/",
      "http:\\\\127.0.0.1/",
      "http://exam\tple.com/",
      "http://exam\nple.com/",
      " http://example.com/",
      "http://example.com/a b",
      "http://example.com/\x01",
      "http://example.com /",
      "http://%31%32%37.0.0.1/",
      "http://example%2ecom/",
      "http://127.0.0.1%00.example.com/",
      "http:///127.0.0.1/",
      "http:127.0.0.1/",
      "http:/127.0.0.1/",
      "//127.0.0.1/",
      "127.0.0.1",
      "example.com",
      "",
      "http://",
      "http://?x",
      "http://:80/",
      "http://./",
      "http://[]/",
      "http://1.2.3.4.5/",
      "http://1.2.3.999/",
      "http://999999999999/",
      "http://example.123/",
      "http://example.0x7f/",
      "http://example.com:0/",
      "http://example.com:65536/",
      "http://example.com:x/",
      "http://example.com:-1/",
      "http://exa$mple.com/",
      "http://exa,mple.com/",
      "ftp://example.com/",
      "file:///etc/passwd",
      "gopher://example.com/",
      "dict://example.com/",
      "unix:///var/run/docker.sock",
      "javascript:alert(1)",
      "data:text/plain,x",
      "ldap://example.com/",
      "http://example.com:22/",
      "http://example.com:25/",
      "http://example.com:5432/",
      "http://example.com:6379/",
      "https://169.254.169.254/latest/meta-data/",
      "http://10.0.0.1/",
      "http://[fd00::1]/",
  };
  for (auto const* url : refused) {
    INFO(url);
    CHECK_FALSE(check_url(url, policy));
  }
}

TEST_CASE("http: honest addresses pass, and tell their parts") {
  OutboundPolicy policy = with({"127.0.0.1:9000", "[::1]:9000"});
  policy.own_hosts.push_back("news.example.com");
  auto const parts = [&](char const* url) {
    auto const checked = check_url(url, policy);
    return checked ? checked->scheme + " " + checked->host + " " + std::to_string(checked->port) : "refused: " + checked.error().message;
  };
  CHECK(parts("https://Example.com/hook?a=b#c") == "https example.com 443");
  CHECK(parts("http://example.com.") == "http example.com 80");
  CHECK(parts("https://xn--bcher-kva.example:8443/") == "https xn--bcher-kva.example 8443");
  CHECK(parts("http://8.8.8.8/") == "http 8.8.8.8 80");
  CHECK(parts("http://[2606:4700::1111]:8080/") == "http 2606:4700::1111 8080");
  CHECK(parts("http://127.0.0.1:9000/") == "http 127.0.0.1 9000");
  CHECK(parts("http://localhost:9000/") == "http localhost 9000");
  CHECK(parts("http://[::1]:9000/") == "http ::1 9000");
  CHECK(parts("HTTPS://a_b.example.com/") == "https a_b.example.com 443");
  CHECK_THAT(parts("http://localhost:9001/"), Catch::StartsWith("refused"));
  CHECK_THAT(parts("https://NEWS.example.com./x"), Catch::Contains("this server itself"));
}
