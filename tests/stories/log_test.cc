// What reaches the log and the metrics: neither people nor secrets.
#include "stories/api_story.h"

#include "postrider/base/log.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <catch2/catch.hpp>

#include <sstream>

using namespace postrider;
using namespace postrider::test;

TEST_CASE("neither people nor secrets reach the log, at its most talkative") {
  on_each_api([](ApiStory& t) -> Task<void> {
    log::configure(log::Level::debug, log::Format::json);
    t.logged.clear();
    auto const key = co_await t.key(identity::Role::owner, true);
    auto const asks = With().key(key).header("User-Agent", "canary-agent").header("X-Canary", "canary-header");
    co_await t.post("/contacts", R"({"email": "canary-mail@example.net", "first_name": "canary-name", "phone": "+390612345678"})", asks);
    co_await t.post("/contacts", R"({"email": "canary-mail@example.net"})", asks);
    co_await t.post("/contacts", R"({"email": "canary-broken", "canary-field": 1})", asks);
    co_await t.get("/contacts?email=canary-mail@example.net", asks);
    co_await t.get("/contacts?search=canary-search", asks);
    co_await t.post("/suppressions", R"({"email_address": "canary-suppressed@example.net", "reason": "manual"})", asks);
    co_await t.post("/providers", R"({"name": "canary-provider", "kind": "smtp", "settings": {"host": "127.0.0.1", "port": 1, "security": "none", "username": "canary-login", "password": "canary-password"}})", asks);
    co_await t.post("/users", R"({"email": "canary-user@example.org", "role": "owner", "password": "canary-user-password"})", asks);
    auto const nobody = With().key("");
    co_await t.post("/session", R"({"email": "canary-user@example.org", "password": "canary-wrong-password"})", nobody);
    auto const session = co_await t.post("/session", R"({"email": "canary-user@example.org", "password": "canary-user-password"})", nobody);
    std::string const cookie(session.headers.get("Set-Cookie"));
    co_await t.get("/session", nobody.header("Cookie", cookie.substr(0, cookie.find(';'))));
    co_await t.get("/session", With().key("pr_canarykey_canary-secret"));
    co_await t.get("//o/canary-token.gif", nobody);
    co_await t.get("//c/canary-token", nobody);
    co_await t.get("//u/canary-token", nobody);
    auto const everything = t.logged;
    log::configure(log::Level::info, log::Format::text);
    CHECK(everything.size() > 1000);
    INFO(everything);
    CHECK(everything.find("anary") == std::string::npos);
    CHECK(everything.find("390612345678") == std::string::npos);
    CHECK(everything.find(key.substr(key.size() - 20)) == std::string::npos);
    CHECK(everything.find(cookie.substr(cookie.find('=') + 1, 20)) == std::string::npos);
    std::istringstream lines(everything);
    for (std::string line; std::getline(lines, line);) {
      auto const record = boost::json::parse(line);
      CHECK(record.as_object().contains("event"));
    }
    auto const metrics = co_await t.get("//metrics", nobody);
    CHECK(metrics.text.find("anary") == std::string::npos);
  }, "api", "debug");
}

TEST_CASE("an address in the log is enough to recognise, not to write to") {
  CHECK(log::redacted("jane.doe@example.net") == "j***@example.net");
  CHECK(log::redacted("no address").find("address") == std::string::npos);
}

TEST_CASE("the documented metrics are served from the start") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const metrics = co_await t.get("//metrics", With().key(""));
    CHECK(metrics.status == 200);
    CHECK(metrics.headers.get("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
    for (auto const* const name : {"campaign_delivery_duration_seconds", "journey_steps_executed_total", "marketing_events_ingested_total", "postrider_http_requests_total"}) {
      INFO(name);
      CHECK(metrics.text.find("# TYPE " + std::string(name) + " ") != std::string::npos);
    }
  });
}

TEST_CASE("alive and ready are told without credentials") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const alive = co_await t.get("//healthz", With().key(""));
    CHECK(alive.status == 200);
    auto const ready = co_await t.get("//readyz", With().key(""));
    CHECK(ready.status == 200);
    t.modules().operations_api.drain();
    auto const stopping = co_await t.get("//readyz", With().key(""));
    CHECK(stopping.status == 503);
    CHECK_FALSE(stopping.headers.get("Retry-After").empty());
    auto const still_alive = co_await t.get("//healthz", With().key(""));
    CHECK(still_alive.status == 200);
  });
}
