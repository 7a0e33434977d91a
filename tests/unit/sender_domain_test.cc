#include "postrider/delivery/sender_domain.h"

#include <catch2/catch.hpp>

#include <map>

using namespace postrider;
using namespace postrider::delivery;

namespace {

using Zone = std::map<std::string, std::vector<std::string>>;

std::vector<DomainFinding> check(Zone const& zone, std::string const& domain = "example.com", std::optional<PublishedKey> const& key = std::nullopt) {
  return check_sender_domain(domain, key, [&zone](std::string const& name) -> Result<std::vector<std::string>> {
    auto const found = zone.find(name);
    return found == zone.end() ? std::vector<std::string>() : found->second;
  });
}

}  // namespace

TEST_CASE("a domain with one SPF record and a DMARC policy is good") {
  auto const found = check({{"example.com", {"google-site-verification=x", "v=spf1 include:_spf.example.net ip4:192.0.2.1 -all"}},
                            {"_dmarc.example.com", {"v=DMARC1; p=reject; rua=mailto:dmarc@example.com"}}});
  REQUIRE(found.size() == 2);
  CHECK(found[0].verdict == Verdict::good);
  CHECK(found[0].subject == "SPF of example.com");
  CHECK(found[1].verdict == Verdict::good);
}

TEST_CASE("what is wrong with an SPF record is said with its mend") {
  std::string many = "v=spf1";
  for (int i = 0; i < 11; ++i) many += " include:_spf" + std::to_string(i) + ".example.net";
  struct Case {
    std::vector<std::string> records;
    std::string says;
  };
  auto const wrong = GENERATE_COPY(values<Case>({{{}, "there is no SPF record"},
                                                 {{"v=spf10 -all"}, "there is no SPF record"},
                                                 {{"v=spf1 -all", "V=SPF1 mx ~all"}, "2 SPF records"},
                                                 {{"v=spf1 +all"}, "+all"},
                                                 {{"v=spf1 ALL"}, "+all"},
                                                 {{many + " -all"}, "11 look-ups"}}));
  auto const found = check({{"example.com", wrong.records}});
  CHECK(found[0].verdict == Verdict::bad);
  CHECK(found[0].detail.find(wrong.says) != std::string::npos);
}

TEST_CASE("a subdomain is served by its organisation's DMARC record") {
  CHECK(check({{"_dmarc.example.com", {"v=DMARC1;p=none"}}}, "news.mail.example.com")[1].verdict == Verdict::good);
  CHECK(check({{"_dmarc.com", {"v=DMARC1;p=none"}}}, "example.com")[1].verdict == Verdict::bad);
  CHECK(check({{"_dmarc.example.com", {"v=DMARC1; rua=mailto:a@example.com"}}})[1].detail.find("no policy") != std::string::npos);
}

TEST_CASE("the published DKIM key is the one that signs") {
  PublishedKey const key{"pr1._domainkey.example.com", "v=DKIM1; k=rsa; p=MIIB"};
  CHECK(check({{"pr1._domainkey.example.com", {"v=DKIM1;k=rsa;p=MI IB"}}}, "example.com", key)[2].verdict == Verdict::good);
  CHECK(check({{"pr1._domainkey.example.com", {"v=DKIM1; p=other"}}}, "example.com", key)[2].detail.find("another key") != std::string::npos);
  CHECK(check({}, "example.com", key)[2].detail.find("not published") != std::string::npos);
}

TEST_CASE("a resolver that gives no answer is a warning, not a verdict on the domain") {
  auto const found = check_sender_domain("example.com", std::nullopt, [](std::string const&) -> Result<std::vector<std::string>> { return unavailable("no answer"); });
  for (auto const& finding : found) CHECK(finding.verdict == Verdict::warning);
}
