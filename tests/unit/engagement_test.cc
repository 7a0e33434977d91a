#include "postrider/delivery/engagement.h"

#include "support/shared_files.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::delivery;

namespace {

constexpr auto chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36";

Hit hit_of(std::string agent, std::chrono::seconds after_sending = std::chrono::minutes(10)) {
  Hit hit;
  hit.sent_at = Instant(std::chrono::hours(500'000));
  hit.at = *hit.sent_at + after_sending;
  hit.user_agent = std::move(agent);
  return hit;
}

}  // namespace

TEST_CASE("a browser some time after sending is a person") {
  auto const found = classify(hit_of(chrome));
  CHECK(found.actor == ActorClass::human);
  CHECK(found.reasons == std::vector<std::string>{"browser"});
}

TEST_CASE("Google's image proxy shows a real open, its prefetcher does not") {
  CHECK(classify(hit_of("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)")).actor == ActorClass::human);
  CHECK(classify(hit_of("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/42.0 Safari/537.36 Edge/12.246 Mozilla/5.0")).actor == ActorClass::machine);
}

TEST_CASE("of Apple's privacy proxy nothing can be said") {
  auto const found = classify(hit_of("Mozilla/5.0"));
  CHECK(found.actor == ActorClass::unknown);
  CHECK(found.reasons == std::vector<std::string>{"apple_mail_privacy"});
}

TEST_CASE("what comes within two seconds of sending is a machine") {
  CHECK(classify(hit_of(chrome, std::chrono::seconds(1))).actor == ActorClass::machine);
  CHECK(classify(hit_of(chrome, std::chrono::seconds(2))).actor == ActorClass::human);
}

TEST_CASE("most links of a mail at once, a HEAD request, or a library's name is a machine") {
  auto burst = hit_of(chrome);
  burst.click = true;
  burst.links = 10;
  burst.recent_links = 7;
  CHECK(classify(burst).actor == ActorClass::machine);
  burst.recent_links = 2;
  CHECK(classify(burst).actor == ActorClass::human);
  auto head = hit_of(chrome);
  head.method = "HEAD";
  CHECK(classify(head).reasons == std::vector<std::string>{"head_request"});
  CHECK(classify(hit_of("python-requests/2.31")).actor == ActorClass::machine);
  CHECK(classify(hit_of("curl/8.0")).actor == ActorClass::machine);
}

TEST_CASE("mail programs that people read with are not taken for robots") {
  for (auto const* const agent : {
           "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
           "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
           "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Thunderbird/115.9.0",
           "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
           "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0 Mobile Safari/537.36",
           "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
           "Outlook-iOS/712.2735391.prod.iphone (3.0.0)",
           "Mail/3774.600.62 CFNetwork/1494.0.7 Darwin/23.4.0",
           "Airmail 1.0 rv:148 (Macintosh; Mac OS X 10.8.5; en_US)",
           "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; Microsoft Outlook 16.0.4266)",
           "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 Edg/124.0.0.0",
       }) {
    INFO(agent);
    CHECK(classify(hit_of(agent)).actor == ActorClass::human);
  }
}

TEST_CASE("at least 97 of 100 agents that others have collected from crawlers are known for machines") {
  auto const text = test::shared_text("suites/crawler-user-agents.json");
  if (!text) return;
  auto const suite = boost::json::parse(*text);
  int agents = 0, known = 0;
  for (auto const& crawler : suite.as_array()) {
    auto const* const instances = crawler.as_object().if_contains("instances");
    if (!instances) continue;
    for (auto const& instance : instances->as_array()) {
      ++agents;
      auto const agent = std::string(instance.as_string());
      // Two of the collection fetch pictures for somebody who is reading just then.
      bool const proxy = agent.find("GoogleImageProxy") != std::string::npos || agent.find("YahooMailProxy") != std::string::npos;
      if (proxy || classify(hit_of(agent)).actor == ActorClass::machine) ++known;
      else UNSCOPED_INFO(agent);
    }
  }
  CHECK(agents > 2000);
  CHECK(known * 100 >= agents * 97);
}
