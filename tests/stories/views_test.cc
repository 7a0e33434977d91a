#include "stories/api_story.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::test;

TEST_CASE("a kept view is everybody's in its workspace, has a name of its own, and who did what is in the audit") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const first = co_await t.post("/views", R"({"list": "contacts", "name": "Rome, by address", "query": "tag=rome&sort=email"})");
    REQUIRE(first.status == 201);
    CHECK(first.json.at("query") == "tag=rome&sort=email");
    auto answer = co_await t.post("/views", R"({"list": "contacts", "name": "Rome, by address", "query": ""})");
    CHECK(answer.status == 409);
    answer = co_await t.post("/views", R"({"list": "messages", "name": "Rome, by address", "query": "status=failed"})");
    CHECK(answer.status == 201);

    auto const viewer = co_await t.key(identity::Role::viewer, false);
    answer = co_await t.get("/views?list=contacts", With().key(viewer));
    REQUIRE(answer.json.at("items").as_array().size() == 1);
    CHECK(answer.json.at("items").at(0).at("name") == "Rome, by address");
    answer = co_await t.call("DELETE", "/views/" + first.id(), "", With().key(viewer));
    CHECK(answer.status == 403);
    auto const stranger = co_await t.another_tenant("Stranger");
    auto const theirs = co_await t.key(identity::Role::owner, true, stranger);
    answer = co_await t.get("/views", With().key(theirs));
    CHECK(answer.json.at("items").as_array().empty());
    answer = co_await t.call("DELETE", "/views/" + first.id(), "", With().key(theirs));
    CHECK(answer.status == 404);

    answer = co_await t.post("/views", R"({"list": "contacts", "name": "Milan", "query": "tag=milan"})");
    answer = co_await t.call("PATCH", "/views/" + first.id(), R"({"name": "Milan"})");
    CHECK(answer.status == 409);
    answer = co_await t.call("PATCH", "/views/" + first.id(), R"({"name": "Rome"})");
    CHECK(answer.status == 200);
    CHECK(answer.json.at("name") == "Rome");
    CHECK(answer.json.at("query") == "tag=rome&sort=email");
    answer = co_await t.call("DELETE", "/views/" + first.id(), "");
    CHECK(answer.status == 204);
    answer = co_await t.get("/audit?entity_type=view&entity_id=" + first.id());
    auto const& entries = answer.json.at("items").as_array();
    REQUIRE(entries.size() == 3);
    CHECK(entries[0].at("action") == "deleted");
    CHECK(entries[1].at("action") == "updated");
    CHECK(entries[2].at("action") == "created");
  });
}

TEST_CASE("a view that cannot be is refused with a pointer") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    std::vector<std::pair<std::string, std::string>> const wrong{{R"({"list": "Contacts?", "name": "a", "query": ""})", "/list invalid_value"},
                                                                 {R"({"list": "contacts", "name": "", "query": ""})", "/name too_short"},
                                                                 {R"({"list": "contacts", "name": "a"})", "/query required"}};
    for (auto const& [body, expected] : wrong) {
      auto const answer = co_await t.post("/views", body);
      INFO(body);
      CHECK(answer.status == 400);
      CHECK(answer.errors() == std::vector<std::string>{expected});
    }
  });
}
