// What every part of the API promises alike: how it refuses, how it pages, how it guards against lost changes.
#include "postrider/json/codec.h"
#include "stories/api_story.h"
#include "support/source_tree.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <set>

using namespace postrider;
using namespace postrider::test;

namespace {

using Words = std::vector<std::string>;

Task<void> make_contacts(ApiStory& t, int count) {
  for (int i = 0; i < count; ++i) {
    auto const made = co_await t.post("/contacts", "{\"email\": \"person" + std::to_string(i) + "@example.net\"}");
    REQUIRE(made.status == 201);
  }
}

std::string nested(int depth) {
  std::string text = "{\"attributes\": ";
  for (int i = 0; i < depth; ++i) text += "{\"a\":";
  text += "1";
  for (int i = 0; i < depth; ++i) text += "}";
  return text + "}";
}

}  // namespace

TEST_CASE("a body that is not what the route takes is refused with a pointer to each mistake") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto answer = co_await t.post("/contacts", R"({"email": "a@example.net", "colour": "red", "is_suppressed": true})");
    CHECK(answer.status == 400);
    CHECK(answer.errors() == Words{"/colour unknown_field", "/is_suppressed unknown_field"});
    answer = co_await t.post("/contacts", R"({"email": "a@example.net", "id": "0", "created_at": "2020-01-01T00:00:00Z"})");
    CHECK(answer.status == 400);
    CHECK(answer.errors() == Words{"/id read_only", "/created_at read_only"});
    answer = co_await t.post("/contacts", R"({"email": 7, "tags": [1], "attributes": []})");
    CHECK(answer.status == 400);
    CHECK(answer.errors() == Words{"/email wrong_type", "/attributes wrong_type", "/tags/0 wrong_type"});
    answer = co_await t.post("/contacts", "[]");
    CHECK(answer.status == 400);
    for (auto const& entry : answer.errors()) CHECK(entry == " wrong_type");
    CHECK_FALSE(answer.errors().empty());
    answer = co_await t.get("/contacts");
    CHECK(answer.json.at("items").as_array().empty());
  });
}

TEST_CASE("broken JSON is refused with the place where it breaks") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    Words const bodies{"{", "{\"email\": }", "{\"email\": \"a@b.example\",}", "nul", "{\"email\": \"a@b.example\"} x", "{'email': 'a'}",
                       "{\"first_name\": \"\xff\"}", "{\"first_name\": \"\\u0000\"}", "{\"first_name\": \"\\ud800\"}",
                       "{\"first_name\": \"a\", \"first_name\": \"b\"}", "\xEF\xBB\xBF{}", "{\"attributes\": {\"n\": 1e999}}", nested(200)};
    for (auto const& body : bodies) {
      auto const answer = co_await t.post("/contacts", body);
      INFO(body.substr(0, 60));
      CHECK(answer.status == 400);
      CHECK(answer.headers.get("Content-Type") == "application/problem+json");
      CHECK_FALSE(answer.detail().empty());
    }
    auto const answer = co_await t.get("/contacts");
    CHECK(answer.json.at("items").as_array().empty());
  });
}

TEST_CASE("size, type and method of a request are held to the route") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto answer = co_await t.post("/contacts", "{\"first_name\": \"" + std::string(1'100'000, 'x') + "\"}");
    CHECK(answer.status == 413);
    answer = co_await t.post("/contacts", "email=a", With().type("application/x-www-form-urlencoded"));
    CHECK(answer.status == 415);
    answer = co_await t.post("/contacts", "{}", With().type(""));
    CHECK(answer.status == 415);
    answer = co_await t.put("/contacts", "{}", With().unchecked());
    CHECK(answer.status == 405);
    CHECK(answer.headers.get("Allow") == "GET, HEAD, POST");
    answer = co_await t.call("OPTIONS", "/contacts", "", With().unchecked());
    CHECK(answer.status == 405);
    answer = co_await t.get("/nothing-here", With().unchecked());
    CHECK(answer.status == 404);
    CHECK(answer.headers.get("Content-Type") == "application/problem+json");
  });
}

TEST_CASE("HEAD answers as GET does, without the body") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const whole = co_await t.get("/contacts");
    auto const head = co_await t.call("HEAD", "/contacts");
    CHECK(head.status == 200);
    CHECK(head.text.empty());
    CHECK(head.headers.get("Content-Length") == std::to_string(whole.text.size()));
    CHECK(head.headers.get("Content-Type") == whole.headers.get("Content-Type"));
  });
}

TEST_CASE("answers are for their caller alone, and no other site may read them") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const asked_from_elsewhere = With().header("Origin", "https://evil.example");
    auto const answer = co_await t.get("/contacts", asked_from_elsewhere);
    for (auto const& [name, value] : answer.headers.entries()) CHECK_FALSE(name.starts_with("Access-Control-"));
    CHECK(answer.headers.get("Cache-Control") == "private, no-cache");
    CHECK(answer.headers.get("X-Content-Type-Options") == "nosniff");
    CHECK_FALSE(answer.headers.get("X-Request-Id").empty());
    CHECK(answer.headers.get("Server").empty());
    auto const nobody = co_await t.get("/contacts", With().key(""));
    CHECK(nobody.status == 401);
    CHECK(nobody.headers.get("WWW-Authenticate").starts_with("Bearer"));
    CHECK(nobody.headers.get("Cache-Control") == "no-store");
  });
}

TEST_CASE("pages are bounded, and a walk through them meets every item once") {
  on_each_api([](ApiStory& t) -> Task<void> {
    co_await make_contacts(t, 7);
    Words const wrong{"0", "-1", "501", "abc", "1.5", "", "99999999999999999999", "1e2", "+5", "0x10"};
    for (auto const& limit : wrong) {
      auto const answer = co_await t.get("/contacts?limit=" + limit);
      INFO(limit);
      CHECK(answer.status == 400);
      CHECK(answer.errors() == Words{"?limit out_of_range"});
    }
    auto const unknown = co_await t.get("/contacts?page=2&filter=x");
    CHECK(unknown.status == 400);
    CHECK(unknown.errors() == Words{"?page unknown_field", "?filter unknown_field"});
    std::set<std::string> seen;
    std::string path = "/contacts?limit=3";
    for (int pages = 0; pages < 5; ++pages) {
      auto const page = co_await t.get(path);
      REQUIRE(page.status == 200);
      for (auto const& item : page.json.at("items").as_array()) CHECK(seen.insert(std::string(item.at("id").as_string())).second);
      if (page.json.at("next_cursor").is_null()) break;
      path = "/contacts?limit=3&cursor=" + std::string(page.json.at("next_cursor").as_string());
    }
    CHECK(seen.size() == 7);
  });
}

TEST_CASE("a cursor works for its own list, caller, filter and order only") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    co_await make_contacts(t, 3);
    auto const page = co_await t.get("/contacts?limit=1");
    std::string const cursor(page.json.at("next_cursor").as_string());
    auto const stranger = co_await t.another_tenant("Stranger");
    auto const key_of_stranger = co_await t.key(identity::Role::owner, true, stranger);
    auto broken = cursor;
    broken[broken.size() / 2] = broken[broken.size() / 2] == 'A' ? 'B' : 'A';
    Words const paths{"/contacts?cursor=" + broken, "/contacts?cursor=x", "/contacts?cursor=", "/contacts?cursor=" + cursor + "AAAA", "/segments?cursor=" + cursor,
                      "/contacts?tag=vip&cursor=" + cursor};
    for (auto const& path : paths) {
      auto const answer = co_await t.get(path);
      INFO(path);
      CHECK(answer.status == 400);
      CHECK(answer.errors() == Words{"?cursor invalid_value"});
    }
    auto const answer = co_await t.get("/contacts?cursor=" + cursor, With().key(key_of_stranger));
    CHECK(answer.status == 400);
    auto const good = co_await t.get("/contacts?limit=2&cursor=" + cursor);
    CHECK(good.status == 200);
  });
}

TEST_CASE("only listed names sort a list") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    for (auto const& [path, item] : t.document().document().at("paths").as_object()) {
      std::string_view const pattern(path);
      auto const* listing = item.as_object().if_contains("get");
      if (!listing || pattern.find('{') != std::string_view::npos || !listing->as_object().contains("parameters")) continue;
      bool pages = false;
      for (auto const& parameter : listing->at("parameters").as_array()) pages = pages || parameter.at("name").as_string() == "cursor";
      if (!pages) continue;
      Words const keys{"password_hash", "(select%201)", "id;--", "id,email", "%D0%B5mail", std::string(2000, 'a')};
      for (auto const& key : keys) {
        auto const answer = co_await t.get(std::string(pattern.substr(7)) + "?sort=" + key);
        INFO(pattern << " " << key.substr(0, 30));
        CHECK(answer.status == 400);
      }
    }
  });
}

TEST_CASE("a change that carries an old ETag is refused and changes nothing") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const made = co_await t.post("/contacts", R"({"email": "ada@example.net"})");
    auto const path = "/contacts/" + made.id();
    auto const first = co_await t.get(path);
    std::string const tag(first.headers.get("ETag"));
    REQUIRE_FALSE(tag.empty());
    auto const guarded = With().header("If-Match", tag);
    auto const changed = co_await t.patch(path, R"({"first_name": "Ada"})", guarded);
    CHECK(changed.status == 200);
    CHECK(changed.headers.get("ETag") != tag);
    auto const stale = co_await t.patch(path, R"({"first_name": "Bob"})", guarded);
    CHECK(stale.status == 412);
    auto const now = co_await t.get(path);
    CHECK(now.json.at("first_name") == "Ada");
    CHECK(now.headers.get("ETag") == changed.headers.get("ETag"));
    auto const anyhow = co_await t.patch(path, R"({"first_name": "Grace"})", With().header("If-Match", "*"));
    CHECK(anyhow.status == 200);
  });
}

TEST_CASE("an id that is not there, malformed, or another tenant's is one and the same answer") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const stranger = co_await t.another_tenant("Stranger");
    auto const theirs = co_await t.key(identity::Role::owner, true, stranger);
    auto const made = co_await t.post("/contacts", R"({"email": "ada@example.net"})");
    auto const foreign = co_await t.get("/contacts/" + made.id(), With().key(theirs));
    auto const random = co_await t.get("/contacts/01890000-0000-7000-8000-000000000001", With().key(theirs));
    auto const malformed = co_await t.get("/contacts/not-an-id", With().key(theirs));
    CHECK(foreign.status == 404);
    CHECK(random.status == 404);
    CHECK(malformed.status == 404);
    CHECK(foreign.text.size() == random.text.size());
  });
}

TEST_CASE("the document describes every route, and every answer of JSON has a schema") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const served = co_await t.get("/openapi.json", With().key(""));
    CHECK(served.status == 200);
    CHECK(served.json == t.document().document());
    std::set<std::string> ids;
    for (auto const& route : t.modules().routes()) {
      if (route.doc.hidden) continue;
      INFO(route.method << " " << route.pattern);
      CHECK_FALSE(route.doc.operation_id.empty());
      CHECK_FALSE(route.doc.summary.empty());
      CHECK_FALSE(route.doc.tag.empty());
      CHECK(ids.insert(route.doc.operation_id).second);
      CHECK_FALSE(route.doc.answers.empty());
      for (auto const& answer : route.doc.answers) {
        INFO("status " << answer.status);
        if (answer.status != 204 && answer.content_type == "application/json") CHECK_FALSE(answer.schema.empty());
      }
      if (route.body == http::BodyKind::json) CHECK_FALSE(route.doc.request_schema.empty());
    }
    co_return;
  });
}

TEST_CASE("docs/openapi.json is the document that is served") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const path = source_tree() / "docs/openapi.json";
    auto const document = json::lines(t.document().document());
    if (std::getenv("POSTRIDER_WRITE_DOCS")) std::ofstream(path) << document;
    std::ifstream file(path);
    std::string const kept((std::istreambuf_iterator<char>(file)), {});
    // Not compared by CHECK: half a megabyte twice would be printed.
    bool const same = kept == document;
    INFO("the API has changed: write docs/openapi.json anew with `postrider openapi > docs/openapi.json`, and look at the difference");
    CHECK(same);
    co_return;
  });
}

// Lists write rows as text, single things are written member by member: both must say the same.
TEST_CASE("a contact reads the same in a list, alone and as the answer to who made it") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const made = co_await t.post("/contacts", R"({"email": "ada@example.net", "first_name": "Ada \"the\\first\" \ud83d\ude00", "tags": ["vip", "early \"bird\""], "attributes": {"n": 1.50, "nested": {"list": [1, null, "x"]}}})");
    REQUIRE(made.status == 201);
    co_await t.post("/contacts", R"({"email": "bob@example.net", "external_id": "7"})");
    auto const alone = co_await t.get("/contacts/" + made.id());
    CHECK(alone.json == made.json);
    for (std::string const sort : {"-created_at", "created_at", "email", "-email"}) {
      INFO(sort);
      std::string cursor;
      std::size_t met = 0;
      do {
        auto const page = co_await t.get("/contacts?limit=1&sort=" + sort + (cursor.empty() ? "" : "&cursor=" + cursor));
        for (auto const& item : page.json.at("items").as_array()) {
          if (item.at("id") == made.json.at("id")) CHECK(item == made.json);
          ++met;
        }
        auto const& next = page.json.at("next_cursor");
        cursor = next.is_string() ? std::string(next.as_string()) : std::string();
      } while (!cursor.empty());
      CHECK(met == 2);
    }
  });
}
