#include "stories/api_story.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::test;

TEST_CASE("events are told one by one or many at once, by id or by address, all or none") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const ada = co_await t.post("/contacts", R"({"email": "ada@example.net"})");
    auto answer = co_await t.post("/events", R"({"type": "trial.started", "email": " ADA@Example.net ", "occurred_at": "2026-01-02T03:04:05Z", "properties": {"plan": "pro"}})");
    CHECK(answer.status == 202);
    answer = co_await t.post("/events", "{\"events\": [{\"type\": \"seat_added\", \"contact_id\": \"" + ada.id() + "\"}, {\"type\": \"seat_added\", \"email\": \"ada@example.net\"}]}");
    CHECK(answer.status == 202);
    CHECK(answer.json.at("ids").as_array().size() == 2);
    auto list = co_await t.get("/events?contact_id=" + ada.id() + "&type=trial.started");
    REQUIRE(list.json.at("items").as_array().size() == 1);
    auto const& event = list.json.at("items").at(0);
    CHECK(event.at("occurred_at") == "2026-01-02T03:04:05Z");
    CHECK(event.at("properties").at("plan") == "pro");
    answer = co_await t.post("/events", R"({"events": [{"type": "seat_added", "email": "ada@example.net"}, {"type": "seat_added", "email": "nobody@example.net"}]})");
    CHECK(answer.status == 400);
    CHECK(answer.errors() == std::vector<std::string>{"/events/1/email invalid_value"});
    list = co_await t.get("/events?type=seat_added");
    CHECK(list.json.at("items").as_array().size() == 2);
  });
}

TEST_CASE("an event that cannot be is refused with a pointer") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const ada = co_await t.post("/contacts", R"({"email": "ada@example.net"})");
    std::vector<std::pair<std::string, std::string>> const wrong{
        {R"({"type": "email_opened", "email": "ada@example.net"})", "/type invalid_value"},
        {R"({"type": "Has Blank", "email": "ada@example.net"})", "/type invalid_value"},
        {R"({"type": "x"})", "/contact_id required"},
        {R"({"type": "x", "email": "no address"})", "/email invalid_value"},
        {R"({"type": "x", "email": "ada@example.net", "occurred_at": "2999-01-01T00:00:00Z"})", "/occurred_at out_of_range"},
        {R"({"type": "x", "email": "ada@example.net", "properties": []})", "/properties wrong_type"},
        {R"({"type": "x", "email": "ada@example.net", "message_id": "a"})", "/message_id read_only"},
        {R"({"events": []})", "/events out_of_range"},
        {R"({"email": "ada@example.net"})", "/type required"},
        {R"({"events": [{"email": "ada@example.net"}]})", "/events/0/type required"}};
    for (auto const& [body, expected] : wrong) {
      auto const answer = co_await t.post("/events", body);
      INFO(body);
      CHECK(answer.status == 400);
      CHECK(answer.errors() == std::vector<std::string>{expected});
    }
    auto const stranger = co_await t.another_tenant("Stranger");
    auto const theirs = co_await t.key(identity::Role::owner, true, stranger);
    auto const crossing = co_await t.post("/events", "{\"type\": \"x\", \"contact_id\": \"" + ada.id() + "\"}", With().key(theirs));
    CHECK(crossing.status == 400);
    auto const list = co_await t.get("/events?type=x");
    CHECK(list.json.at("items").as_array().empty());
  });
}

TEST_CASE("jobs and the audit are listed with their filters") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const segment = co_await t.post("/segments", R"({"name": "VIP", "conditions": {"type": "tag", "tag": "vip"}})");
    REQUIRE(segment.status == 201);
    auto answer = co_await t.get("/audit?entity_type=segment&entity_id=" + segment.id());
    REQUIRE(answer.json.at("items").as_array().size() == 1);
    CHECK(answer.json.at("items").at(0).at("action") == "created");
    CHECK(answer.json.at("items").at(0).at("changes").at("name").at("new") == "VIP");
    answer = co_await t.get("/audit?entity_id=nonsense");
    CHECK(answer.status == 400);
    answer = co_await t.get("/jobs?state=sleeping");
    CHECK(answer.status == 400);
    answer = co_await t.get("/jobs?state=ready&queue=segments");
    CHECK(answer.status == 200);
    answer = co_await t.get("/jobs/dead");
    CHECK(answer.json.at("items").as_array().empty());
    answer = co_await t.post("/jobs/01890000-0000-7000-8000-000000000001/retry");
    CHECK(answer.status == 404);
  });
}
