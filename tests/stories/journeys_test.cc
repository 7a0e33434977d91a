// Journeys over HTTP: from a draft that is wrong to people being let in, and what nobody can do to them.
#include "stories/api_story.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::test;

namespace {

using Words = std::vector<std::string>;

std::string quiet(std::string const& wait = "2d") {
  return R"({"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "pause"}},
                       {"id": "pause", "kind": "wait", "settings": {"duration": ")" +
         wait + R"("}, "exits": {"next": "bye"}}, {"id": "bye", "kind": "exit"}]})";
}

std::string named(std::string const& name, std::string const& definition) { return "{\"name\": \"" + name + "\", \"definition\": " + definition + "}"; }

}  // namespace

TEST_CASE("a journey is drafted, checked, published, activated, paused, resumed and put away over HTTP") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto made = co_await t.post("/journeys", named("Welcome", R"({"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "gone"}}]})"));
    CHECK(made.status == 201);
    CHECK(made.json.at("status") == "draft");
    REQUIRE(made.json.at("problems").as_array().size() == 1);
    CHECK(made.json.at("problems").at(0).at("pointer") == "/definition/nodes/0/exits/next");
    auto const path = "/journeys/" + made.id();
    auto answer = co_await t.post(path + "/validate");
    CHECK(answer.json.at("valid") == false);
    answer = co_await t.post(path + "/activate");
    CHECK(answer.status == 400);
    CHECK(answer.errors() == Words{"/definition/nodes/0/exits/next invalid_value"});
    auto const stale = made.headers.get("ETag");
    answer = co_await t.patch(path, "{\"definition\": " + quiet() + ", \"description\": \"For new people\"}", With().header("If-Match", std::string(stale)));
    CHECK(answer.status == 200);
    CHECK(answer.json.at("problems").as_array().empty());
    CHECK(answer.json.at("definition").at("nodes").as_array().size() == 3);
    answer = co_await t.patch(path, "{\"description\": \"Mine\"}", With().header("If-Match", std::string(stale)));
    CHECK(answer.status == 412);
    answer = co_await t.post(path + "/publish", R"({"note": "first"})");
    CHECK(answer.status == 200);
    CHECK(answer.json.at("version") == 1);
    answer = co_await t.post(path + "/publish");
    CHECK(answer.status == 409);
    answer = co_await t.post(path + "/activate");
    CHECK(answer.status == 200);
    CHECK(answer.json.at("status") == "active");
    answer = co_await t.patch(path, "{\"definition\": " + quiet("3d") + "}");
    CHECK(answer.json.at("draft_changed") == true);
    answer = co_await t.get(path + "/diff?from=1&to=draft");
    CHECK(answer.json.at("same") == false);
    REQUIRE(answer.json.at("nodes").as_array().size() == 1);
    CHECK(answer.json.at("nodes").at(0).at("fields").at(0).at("pointer") == "/settings/duration");
    CHECK(answer.json.at("nodes").at(0).at("fields").at(0).at("after") == "3d");
    answer = co_await t.post(path + "/publish");
    CHECK(answer.json.at("version") == 2);
    answer = co_await t.get(path + "/versions");
    REQUIRE(answer.json.at("items").as_array().size() == 2);
    CHECK(answer.json.at("items").at(1).at("note") == "first");
    answer = co_await t.get(path + "/versions?limit=1");
    answer = co_await t.get(path + "/versions?limit=1&cursor=" + std::string(answer.json.at("next_cursor").as_string()));
    CHECK(answer.json.at("items").at(0).at("version") == 1);
    answer = co_await t.get(path + "/versions/1");
    CHECK(answer.json.at("definition").at("nodes").at(1).at("settings").at("duration") == "2d");
    answer = co_await t.get(path + "/diff?from=1&to=1");
    CHECK(answer.json.at("same") == true);
    for (auto const* const verb : {"pause", "resume", "pause", "archive", "restore"}) {
      INFO(verb);
      answer = co_await t.post(path + "/" + verb);
      CHECK(answer.status == 200);
    }
    CHECK(answer.json.at("status") == "paused");
    answer = co_await t.del(path);
    CHECK(answer.status == 409);
    answer = co_await t.get("/journeys?status=paused&search=welc");
    REQUIRE(answer.json.at("items").as_array().size() == 1);
    CHECK_FALSE(answer.json.at("items").at(0).as_object().contains("definition"));
    answer = co_await t.get("/audit?entity_type=journey&entity_id=" + made.id());
    CHECK(answer.json.at("items").as_array().size() == 11);
  });
}

TEST_CASE("a journey's file reads alike from both databases, and applied again changes nothing") {
  static std::string first;
  first.clear();
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const made = co_await t.post("/journeys", R"({"definition": {"rules": {"when_blocked": "skip", "overdue": "6h"}, "nodes": [{"exits": {"next": "bye"}, "settings": {"where": [], "on": "event",
      "event": "signed_up"}, "kind": "trigger", "id": "start"}, {"kind": "exit", "id": "bye"}]}, "name": "Filed", "description": "In git"})");
    REQUIRE(made.status == 201);
    auto const file = co_await t.get("/journeys/" + made.id() + "/export");
    CHECK(file.text.starts_with("{\n"));
    CHECK(file.text.find("\"name\"") < file.text.find("\"description\""));
    CHECK(file.text.find("\"id\": \"start\"") < file.text.find("\"kind\": \"trigger\""));
    if (first.empty()) first = file.text;
    CHECK(file.text == first);
    auto answer = co_await t.put("/journeys/by-name", file.text);
    CHECK(answer.status == 200);
    CHECK(answer.id() == made.id());
    CHECK(answer.headers.get("ETag") == made.headers.get("ETag"));
    answer = co_await t.put("/journeys/by-name", named("Another", quiet()));
    CHECK(answer.status == 201);
    CHECK(answer.id() != made.id());
    answer = co_await t.put("/journeys/by-name", "{\"definition\": {}}");
    CHECK(answer.status == 400);
    CHECK(answer.errors() == Words{"/name required"});
    answer = co_await t.post("/journeys/" + made.id() + "/copy");
    CHECK(answer.status == 201);
    CHECK(answer.json.at("name") == "Filed (copy)");
    answer = co_await t.post("/journeys/" + made.id() + "/copy", R"({"name": "Another"})");
    CHECK(answer.status == 409);
    CHECK(answer.errors() == Words{"/name duplicate"});
    answer = co_await t.del("/journeys/" + made.id());
    CHECK(answer.status == 204);
  });
}

TEST_CASE("what a journey cannot be is refused, and nothing of it is stored") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    std::string deep = "{\"name\": \"Deep\", \"definition\": ";
    for (int i = 0; i < 2000; ++i) deep += "{\"a\": ";
    deep += "1";
    for (int i = 0; i < 2001; ++i) deep += "}";
    auto answer = co_await t.post("/journeys", deep);
    CHECK(answer.status == 400);
    std::vector<std::pair<std::string, std::string>> const wrong{{R"({"definition": {}})", "/name required"},
                                                                 {R"({"name": "", "definition": {}})", "/name too_short"},
                                                                 {R"({"name": "A", "definition": []})", "/definition wrong_type"},
                                                                 {R"({"name": "A", "definition": null})", "/definition wrong_type"},
                                                                 {R"({"name": "A", "status": "active"})", "/status read_only"},
                                                                 {R"({"name": "A", "version": 7})", "/version read_only"},
                                                                 {R"({"name": "A", "nodes": []})", "/nodes unknown_field"}};
    for (auto const& [body, expected] : wrong) {
      answer = co_await t.post("/journeys", body);
      INFO(body);
      CHECK(answer.status == 400);
      CHECK(answer.errors() == Words{expected});
    }
    answer = co_await t.get("/journeys");
    CHECK(answer.json.at("items").as_array().empty());
    answer = co_await t.get("/journeys?status=sleeping");
    CHECK(answer.status == 400);
    // A draft with very many nodes is stored, and said to be too much.
    std::string many = "{\"nodes\": [";
    for (int i = 0; i < 201; ++i) many += (i ? ",{\"id\": \"n" : "{\"id\": \"n") + std::to_string(i) + "\", \"kind\": \"exit\"}";
    answer = co_await t.post("/journeys", named("Many", many + "]}"));
    CHECK(answer.status == 201);
    CHECK_FALSE(answer.json.at("problems").as_array().empty());
    auto const path = "/journeys/" + answer.id();
    for (auto const* const query : {"", "?from=draft", "?from=draft&to=x", "?from=-1&to=draft", "?from=draft&to=99999999999"}) {
      answer = co_await t.get(path + "/diff" + query);
      INFO(query);
      CHECK(answer.status == 400);
    }
    answer = co_await t.get(path + "/diff?from=draft&to=1");
    CHECK(answer.status == 404);
    answer = co_await t.get(path + "/versions/0");
    CHECK(answer.status == 404);
  });
}

TEST_CASE("a journey of another tenant is not there, whatever is asked of it") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const mine = co_await t.post("/journeys", named("Mine", quiet()));
    REQUIRE(mine.status == 201);
    auto const stranger = co_await t.another_tenant("Stranger");
    auto const theirs = With().key(co_await t.key(identity::Role::owner, true, stranger));
    auto const path = "/journeys/" + mine.id();
    for (auto const* const what : {"", "/versions", "/versions/1", "/diff?from=draft&to=draft", "/export"}) {
      auto const answer = co_await t.get(path + what, theirs);
      INFO(what);
      CHECK(answer.status == 404);
    }
    for (auto const* const verb : {"validate", "publish", "activate", "pause", "resume", "archive", "restore", "copy"}) {
      auto const answer = co_await t.post(path + "/" + verb, "", theirs);
      INFO(verb);
      CHECK(answer.status == 404);
    }
    auto answer = co_await t.patch(path, R"({"name": "Theirs"})", theirs);
    CHECK(answer.status == 404);
    answer = co_await t.del(path, theirs);
    CHECK(answer.status == 404);
    answer = co_await t.put("/journeys/by-name", named("Mine", quiet("9d")), theirs);
    CHECK(answer.status == 201);
    answer = co_await t.get(path);
    CHECK(answer.json.at("definition").at("nodes").at(1).at("settings").at("duration") == "2d");
    // Whoever may not send, cannot let anybody in.
    auto const writer = With().key(co_await t.key(identity::Role::marketer, false));
    answer = co_await t.post(path + "/activate", "", writer);
    CHECK(answer.status == 403);
    answer = co_await t.patch(path, R"({"description": "better"})", writer);
    CHECK(answer.status == 200);
  });
}

TEST_CASE("who is on the way is listed, explained, counted and ordered about over HTTP") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const made = co_await t.post("/journeys", named("Welcome", quiet()));
    auto const path = "/journeys/" + made.id();
    auto answer = co_await t.post(path + "/activate");
    REQUIRE(answer.status == 200);
    auto const ada = co_await t.post("/contacts", R"({"email": "ada@example.net"})");
    std::string const tenant = (co_await t.query("select tenant_id from journeys"))[0][0];
    std::string const way = "01890000-0000-7000-8000-00000000000a";
    co_await t.query("insert into journey_executions (tenant_id, id, journey_id, version, contact_id, entry_key, status, node_id, visit, due_at, arrived_at, entered_at, variables, event, goals, "
                     "updated_at) values ('" + tenant + "', '" + way + "', '" + made.id() + "', 1, '" + ada.id() +
                     "', 'k', 'waiting', 'pause', 2, '2030-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z', '{\"plan\": \"pro\"}', '{}', '[]', "
                     "'2026-01-01T00:00:00.000000Z')");
    co_await t.query("insert into journey_steps (tenant_id, execution_id, visit, journey_id, version, node_id, kind, exit, outcome, arrived_at, left_at, trace) values ('" + tenant + "', '" + way +
                     "', 1, '" + made.id() + "', 1, 'start', 'trigger', 'next', 'success', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z', '{\"drawn\": 7}')");
    for (auto const* const query : {"", "?status=waiting", "?node_id=pause", "?held=false", "?version=1&limit=1"}) {
      answer = co_await t.get(path + "/executions" + query);
      INFO(query);
      CHECK(answer.status == 200);
      REQUIRE(answer.json.at("items").as_array().size() == 1);
      CHECK(answer.json.at("items").at(0).at("email") == "ada@example.net");
    }
    for (auto const* const query : {"?status=exited", "?node_id=%27%3B--", "?held=true", "?version=2", "?contact_id=01890000-0000-7000-8000-0000000000ff"}) {
      answer = co_await t.get(path + "/executions" + query);
      INFO(query);
      CHECK(answer.json.at("items").as_array().empty());
    }
    for (auto const* const query : {"?status=lost", "?contact_id=x", "?held=maybe", "?version=-1", "?version=99999999999", "?colour=red", "?cursor=x"}) {
      answer = co_await t.get(path + "/executions" + query);
      INFO(query);
      CHECK(answer.status == 400);
    }
    answer = co_await t.get("/contacts/" + ada.id() + "/journeys");
    REQUIRE(answer.json.at("items").as_array().size() == 1);
    CHECK(answer.json.at("items").at(0).at("journey_name") == "Welcome");
    answer = co_await t.get(path + "/executions/" + way);
    CHECK(answer.json.at("steps").at(0).at("trace").at("drawn") == 7);
    CHECK(answer.json.at("variables").at("plan") == "pro");
    answer = co_await t.get(path + "/stats?version=1");
    CHECK(answer.json.at("in_flight") == 1);
    CHECK(answer.json.at("nodes").at(1).at("waiting") == 1);
    answer = co_await t.post(path + "/executions/" + way + "/move", R"({"node_id": "nowhere"})");
    CHECK(answer.status == 400);
    CHECK(answer.errors() == Words{"/node_id invalid_value"});
    answer = co_await t.post(path + "/executions/" + way + "/move", R"({"node_id": "bye", "version": 2})");
    CHECK(answer.errors() == Words{"/version unknown_field"});
    answer = co_await t.post(path + "/executions/" + way + "/retry");
    CHECK(answer.status == 409);
    answer = co_await t.post(path + "/executions/" + way + "/move", R"({"node_id": "bye"})");
    CHECK(answer.status == 202);
    CHECK(answer.json.at("order").at("move") == "bye");
    answer = co_await t.post(path + "/executions/" + way + "/exit");
    CHECK(answer.json.at("order").at("leave") == "ordered");
    answer = co_await t.post(path + "/release");
    CHECK(answer.json.at("released") == 0);
    // Nobody else's.
    auto const stranger = co_await t.another_tenant("Stranger");
    auto const theirs = With().key(co_await t.key(identity::Role::owner, true, stranger));
    for (auto const& what : {path + "/executions", path + "/executions/" + way, path + "/stats", "/contacts/" + ada.id() + "/journeys"}) {
      answer = co_await t.get(what, theirs);
      INFO(what);
      CHECK(answer.status == 404);
    }
    for (auto const& what : {path + "/executions/" + way + "/exit", path + "/executions/" + way + "/retry", path + "/release"}) {
      answer = co_await t.post(what, "", theirs);
      INFO(what);
      CHECK(answer.status == 404);
    }
    auto const theirs_too = co_await t.post("/journeys", named("Theirs", quiet()), theirs);
    answer = co_await t.get("/journeys/" + theirs_too.id() + "/executions/" + way, theirs);
    CHECK(answer.status == 404);
  });
}

TEST_CASE("a contact is called into a journey by id, by address or by the number another system knows them under") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const made = co_await t.post("/journeys", named("Called", R"({"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "pause"}},
      {"id": "pause", "kind": "wait", "settings": {"duration": "2d"}, "exits": {"next": "bye"}}, {"id": "bye", "kind": "exit"}], "entry": {"again": "always"}})"));
    auto const path = "/journeys/" + made.id() + "/call";
    auto const ada = co_await t.post("/contacts", R"({"email": "ada@example.net", "external_id": "crm-7"})");
    auto answer = co_await t.post(path, R"({"email": "ada@example.net"})");
    CHECK(answer.status == 409);
    answer = co_await t.post("/journeys/" + made.id() + "/activate");
    REQUIRE(answer.status == 200);
    answer = co_await t.post(path, R"({"email": " ADA@example.net", "variables": {"total": 12.5}})");
    CHECK(answer.status == 201);
    CHECK(answer.json.at("contact_id").as_string() == ada.id());
    auto const way = answer.id();
    answer = co_await t.get("/journeys/" + made.id() + "/executions/" + way);
    CHECK(answer.json.at("variables").at("total") == 12.5);
    answer = co_await t.post(path, R"({"external_id": "crm-7", "key": "order-1"})");
    CHECK(answer.status == 201);
    answer = co_await t.post(path, "{\"contact_id\": \"" + ada.id() + "\", \"key\": \"order-1\"}");
    CHECK(answer.status == 409);
    std::vector<std::pair<std::string, std::string>> const wrong{{"{}", "/contact_id required"},
                                                                 {R"({"email": "a@b.example", "external_id": "x"})", "/contact_id required"},
                                                                 {R"({"email": "nobody@example.net"})", "/email invalid_value"},
                                                                 {R"({"email": "no address"})", "/email invalid_value"},
                                                                 {R"({"external_id": "'; --"})", "/external_id invalid_value"},
                                                                 {R"({"contact_id": "01890000-0000-7000-8000-0000000000ff"})", "/contact_id invalid_value"},
                                                                 {R"({"email": "ada@example.net", "variables": []})", "/variables wrong_type"},
                                                                 {R"({"email": "ada@example.net", "variables": {"a": ")" + std::string(20'000, 'x') + "\"}}", "/variables too_long"},
                                                                 {R"({"email": "ada@example.net", "node_id": "bye"})", "/node_id unknown_field"}};
    for (auto const& [body, expected] : wrong) {
      answer = co_await t.post(path, body);
      INFO(body.substr(0, 80));
      CHECK(answer.status == 400);
      CHECK(answer.errors() == Words{expected});
    }
    // Another tenant's contact is nobody here.
    auto const stranger = co_await t.another_tenant("Stranger");
    auto const theirs = With().key(co_await t.key(identity::Role::owner, true, stranger));
    auto const eve = co_await t.post("/contacts", R"({"email": "eve@example.net"})", theirs);
    answer = co_await t.post(path, "{\"contact_id\": \"" + eve.id() + "\"}");
    CHECK(answer.status == 400);
    answer = co_await t.post(path, R"({"email": "eve@example.net"})", theirs);
    CHECK(answer.status == 404);
    answer = co_await t.get("/contacts/" + ada.id() + "/journeys");
    CHECK(answer.json.at("items").as_array().size() == 2);
  });
}

TEST_CASE("those on the way are brought to another version over HTTP: planned, started, looked after, rolled back") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const made = co_await t.post("/journeys", named("Moving", quiet()));
    auto const path = "/journeys/" + made.id();
    auto answer = co_await t.post(path + "/activate");
    REQUIRE(answer.status == 200);
    auto const ada = co_await t.post("/contacts", R"({"email": "ada@example.net"})");
    answer = co_await t.post(path + "/call", R"({"email": "ada@example.net"})");
    REQUIRE(answer.status == 201);
    auto const way = answer.id();
    std::string const other = R"({"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "rest"}},
                                            {"id": "rest", "kind": "wait", "settings": {"duration": "9d"}, "exits": {"next": "bye"}}, {"id": "bye", "kind": "exit"}]})";
    answer = co_await t.patch(path, "{\"definition\": " + other + "}");
    answer = co_await t.post(path + "/publish");
    REQUIRE(answer.json.at("version") == 2);
    answer = co_await t.post(path + "/migrations/plan", R"({"from": 1, "to": 2})");
    CHECK(answer.status == 400);
    CHECK(answer.errors() == Words{"/map/pause required"});
    answer = co_await t.post(path + "/migrations/plan", R"({"from": 1, "to": 2, "map": {"pause": "rest"}})");
    CHECK(answer.status == 200);
    CHECK(answer.json.at("nodes").at(0).at("to_node_id").is_string());
    std::vector<std::pair<std::string, std::string>> const wrong{{R"({"from": 1})", "/to required"},
                                                                 {R"({"from": 0, "to": 2})", "/from out_of_range"},
                                                                 {R"({"from": 1, "to": 2, "map": {"pause": 7}})", "/map/pause wrong_type"},
                                                                 {R"({"from": 1, "to": 2, "map": {"pause": "start"}})", "/map/pause invalid_value"},
                                                                 {R"({"from": 1, "to": 2, "map": {"pause": "rest"}, "dry": true})", "/dry unknown_field"}};
    for (auto const& [body, expected] : wrong) {
      answer = co_await t.post(path + "/migrations", body);
      INFO(body);
      CHECK(answer.status == 400);
      CHECK(answer.errors() == Words{expected});
    }
    answer = co_await t.post(path + "/migrations", R"({"from": 2, "to": 1, "map": {"rest": "exit"}})");
    CHECK(answer.status == 409);
    answer = co_await t.post(path + "/migrations", R"({"from": 1, "to": 2, "map": {"pause": "rest"}})");
    REQUIRE(answer.status == 202);
    CHECK(answer.json.at("status") == "running");
    auto const one = path + "/migrations/" + answer.id();
    jobs::Job job;
    job.tenant = *TenantId::parse((co_await t.query("select tenant_id from journeys"))[0][0]);
    job.payload["journey_id"] = made.id();
    job.payload["migration_id"] = answer.id();
    auto handlers = t.modules().journey_migrations.job_handlers();
    auto const& migrate = handlers.at("journey:migrate");
    // Nobody steps here, so she still stands at the trigger, which both versions have.
    auto done = co_await migrate(job);
    CHECK(std::holds_alternative<jobs::Done>(done));
    answer = co_await t.get(one);
    CHECK(answer.json.at("status") == "completed");
    CHECK(answer.json.at("moved") == 1);
    answer = co_await t.get(path + "/executions/" + way);
    CHECK(answer.json.at("version") == 2);
    CHECK(answer.json.at("steps").at(0).at("exit") == "migrated");
    auto const stranger = co_await t.another_tenant("Stranger");
    auto const theirs = With().key(co_await t.key(identity::Role::owner, true, stranger));
    answer = co_await t.post(one + "/rollback", "", theirs);
    CHECK(answer.status == 404);
    answer = co_await t.get(path + "/migrations", theirs);
    CHECK(answer.status == 404);
    answer = co_await t.post(one + "/rollback");
    CHECK(answer.status == 202);
    done = co_await migrate(job);
    CHECK(std::holds_alternative<jobs::Done>(done));
    answer = co_await t.get(path + "/migrations");
    CHECK(answer.json.at("items").at(0).at("status") == "rolled_back");
    CHECK(answer.json.at("items").at(0).at("returned") == 1);
    answer = co_await t.get(path + "/executions/" + way);
    CHECK(answer.json.at("version") == 1);
  });
}
