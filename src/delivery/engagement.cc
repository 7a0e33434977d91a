#include "postrider/delivery/engagement.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace postrider::delivery {

namespace {

constexpr auto too_fast = std::chrono::seconds(2);
constexpr std::size_t longest_agent = 1000;

// Words that no mail program or browser has in its name, in lower case.
constexpr std::array<std::string_view, 98> bot_words{
    "bot", "crawl", "spider", "slurp", "scan", "archiver", "fetch", "monitor", "preview", "curl/", "wget", "libwww", "python", "java/",
    "okhttp", "go-http-client", "node-fetch", "axios", "undici", "got (", "ruby", "perl", "php", "httpclient", "http_client", "http-client",
    "headless", "phantom", "selenium", "puppeteer", "playwright", "lighthouse", "pingdom", "uptime", "statuscake", "newrelic", "datadog",
    "facebookexternalhit", "facebookcatalog", "whatsapp", "telegram", "slack", "discord", "skypeuripreview", "embedly", "quora link", "outbrain",
    "pinterest", "vkshare", "w3c_validator", "validator", "barracuda", "proofpoint", "mimecast", "symantec", "fireeye", "trendmicro",
    "forcepoint", "sophos", "cisco", "ironport", "cloudmark", "safelinks", "urldefense", "virustotal", "nmap", "masscan", "zgrab",
    "censys", "shodan", "ahrefs", "semrush", "dataprovider", "siteimprove", "feed", "rss", "reader/", "link check", "linkcheck", "checker",
    "grab", "harvest", "nikto", "openvas", "ptst/", "inspector", "gtmetrix", "favicon", "extract", "scrap", "index", "search", "mediapartners", "appengine-google", "google-", "googleother", "yandex", "baidu"};

// Mail programs and systems whose name does not begin with Mozilla/.
constexpr std::array<std::string_view, 14> mail_programs{"microsoft office", "microsoft outlook", "outlook-", "thunderbird", "airmail", "cfnetwork", "lotus-notes",
                                                         "the bat!",         "mailmate",          "kmail",    "evolution",   "opera/",  "dalvik/",    "samsung"};

std::string lower(std::string_view text) {
  std::string out(text.substr(0, longest_agent));
  for (auto& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::string_view name(ActorClass value) {
  switch (value) {
    case ActorClass::human: return "human";
    case ActorClass::machine: return "machine";
    case ActorClass::unknown: return "unknown";
    case ActorClass::none: return "none";
  }
  return "none";
}

bool is_bot(std::string_view user_agent) {
  auto const agent = lower(user_agent);
  if (agent.empty()) return false;
  auto has = [&agent](std::string_view word) { return agent.find(word) != std::string::npos; };
  if (std::ranges::any_of(bot_words, has)) return true;
  // Robots introduce themselves by an address, and pass themselves off as compatible with what only Internet Explorer was.
  if (has("://") || has("@") || has("www.")) return true;
  if (has("compatible") && !has("msie ") && !has("konqueror")) return true;
  // Whatever shows a page to somebody names its engine, or is a mail program that does not.
  return !agent.starts_with("mozilla/") && !std::ranges::any_of(mail_programs, has);
}

Classified classify(Hit const& hit) {
  Classified found;
  auto machine = [&found](char const* why) {
    found.actor = ActorClass::machine;
    found.reasons.emplace_back(why);
  };
  auto const& agent = hit.user_agent;
  if (hit.provider_says_machine) machine("provider_says_machine");
  if (hit.method != "GET" && hit.method != "POST") machine("method_" + lower(hit.method) == "method_head" ? "head_request" : "odd_method");
  // Gmail fetches images ahead of the reader with this exact ending; the proxy with the name below fetches on a real open.
  if (agent.ends_with("Edge/12.246 Mozilla/5.0")) machine("gmail_prefetch");
  bool const google_proxy = agent.find("GoogleImageProxy") != std::string::npos || agent.find("YahooMailProxy") != std::string::npos;
  if (!google_proxy && is_bot(agent)) machine("bot_user_agent");
  if (hit.sent_at && hit.at - *hit.sent_at < too_fast) machine("too_fast");
  if (hit.click && hit.links >= 3 && hit.recent_links * 10 >= hit.links * 7) machine("all_links_at_once");
  if (hit.click && agent.empty()) machine("no_user_agent");
  if (found.actor == ActorClass::machine) return found;

  if (agent == "Mozilla/5.0") {
    // Apple's proxy loads everything, read or not: nothing can be said.
    found.reasons.emplace_back("apple_mail_privacy");
    return found;
  }
  if (agent.empty()) {
    found.reasons.emplace_back("no_user_agent");
    return found;
  }
  found.actor = ActorClass::human;
  found.reasons.emplace_back(google_proxy ? "image_proxy" : "browser");
  return found;
}

}  // namespace postrider::delivery
