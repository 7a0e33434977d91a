// A journey tried before anybody is on it: on made-up people, on real ones with their past, and beside another version.
#include "stories/api_story.h"

#include <boost/json/object.hpp>

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::test;

namespace {

std::string welcome(std::string const& wait) {
  return R"({"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "event", "event": "signed_up"}, "exits": {"next": "pause"}},
    {"id": "pause", "kind": "wait", "settings": {"duration": ")" + wait + R"("}, "exits": {"next": "read"}},
    {"id": "read", "kind": "condition", "settings": {"condition": {"type": "event", "event": "visited", "within": "24h"}}, "exits": {"true": "tag", "false": "bye"}},
    {"id": "tag", "kind": "action", "settings": {"act": "add_tag", "tag": "reader"}, "exits": {"next": "bye"}}, {"id": "bye", "kind": "exit", "settings": {"reason": "done"}}]})";
}

std::int64_t left_by(boost::json::value const& report, std::string_view node, std::string_view exit) {
  for (auto const& each : report.at("nodes").as_array()) {
    if (std::string_view(each.at("node").as_string()) != node) continue;
    auto const* const count = each.at("left").as_object().if_contains(exit);
    return count ? count->as_int64() : 0;
  }
  return -1;
}

}  // namespace

TEST_CASE("a journey is simulated over HTTP; the same seed answers the same, and nothing is written") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const made = co_await t.post("/journeys", "{\"name\": \"Welcome\", \"definition\": " + welcome("2d") + "}");
    auto const path = "/journeys/" + made.id();
    std::string const asked = R"({"from": "2026-03-02T00:00:00Z", "days": 30, "seed": 5, "population": {"people": 500, "events": [{"event": "visited", "per_day": 0.5}]}})";
    auto const once = co_await t.post(path + "/simulate", asked);
    CHECK(once.status == 200);
    auto const& report = once.json.at("report");
    CHECK(report.at("entered") == 500);
    CHECK(report.at("completed").at("done") == 500);
    CHECK(left_by(report, "read", "true") + left_by(report, "read", "false") == 500);
    CHECK(left_by(report, "read", "true") > 130);
    auto const twice = co_await t.post(path + "/simulate", asked);
    CHECK(once.text == twice.text);
    // Beside what was published.
    CHECK((co_await t.post(path + "/publish")).status == 200);
    co_await t.patch(path, "{\"definition\": " + welcome("1h") + "}");
    auto const both = co_await t.post(path + "/simulate", R"({"version": "draft", "compare_with": "1", "days": 30, "population": {"people": 200}})");
    CHECK(both.json.at("report").at("entered") == 200);
    CHECK(both.json.at("compared_report").at("entered") == 200);
    CHECK((co_await t.query("select count(*) from journey_executions"))[0][0] == "0");
    CHECK((co_await t.query("select count(*) from marketing_events"))[0][0] == "0");
    auto answer = co_await t.post(path + "/simulate", R"({"version": "7"})");
    CHECK(answer.status == 400);
    CHECK(answer.errors() == std::vector<std::string>(1, "/version invalid_value"));
    answer = co_await t.post(path + "/simulate", R"({"population": {"people": 0}})");
    CHECK(answer.errors() == std::vector<std::string>(1, "/population/people out_of_range"));
    answer = co_await t.post(path + "/simulate", R"({"time_zone": "Mars/Olympus"})");
    CHECK(answer.errors() == std::vector<std::string>(1, "/time_zone invalid_value"));
  });
}

TEST_CASE("a journey is simulated over real people and what really happened to them") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const made = co_await t.post("/journeys", "{\"name\": \"Welcome\", \"definition\": " + welcome("2d") + "}");
    for (std::string const who : {"ada", "bob", "cy"}) {
      auto const contact = co_await t.post("/contacts", "{\"email\": \"" + who + "@example.net\"}");
      auto happened = [&](std::string const& type, std::string const& at) {
        return t.query("insert into marketing_events (tenant_id, event_id, event_type, contact_id, payload, occurred_at, created_at) select tenant_id, '" + uuid_from_name(who + type).str() +
                       "', '" + type + "', id, '{}', '" + at + "', '" + at + "' from contacts where id = '" + contact.id() + "'");
      };
      auto const now = SystemClock().now();
      auto const ago = [now](int hours) { return to_text(now - std::chrono::hours(hours)); };
      if (who != "cy") co_await happened("signed_up", ago(24 * 5));
      if (who == "ada") co_await happened("visited", ago(24 * 4 - 12));
    }
    auto const from = to_rfc3339(SystemClock().now() - std::chrono::hours(24 * 6));
    auto const answer = co_await t.post("/journeys/" + made.id() + "/simulate", "{\"from\": \"" + from + "\", \"days\": 30, \"contacts\": {\"limit\": 100}}");
    CHECK(answer.status == 200);
    auto const& report = answer.json.at("report");
    CHECK(report.at("people") == 3);
    CHECK(report.at("entered") == 2);
    CHECK(left_by(report, "read", "true") == 1);
    CHECK(left_by(report, "read", "false") == 1);
  });
}
