// Idempotency-Key: doing it twice is harmless, whatever happened to the first one.
#include "stories/api_story.h"

#include "postrider/base/fail_point.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::test;

namespace {

With keyed(std::string key) { return With().header("Idempotency-Key", std::move(key)); }

Task<std::size_t> contacts_of(ApiStory& t) {
  auto const all = co_await t.get("/contacts");
  co_return all.json.at("items").as_array().size();
}

// As if the process had died: the claim is old, and nobody here remembers it.
Task<void> let_it_age(ApiStory& t) {
  co_await t.query("update idempotency_keys set created_at = '2020-01-01T00:00:00.000000Z' where status is null and created_at < '2020-01-01T00:00:00.000000Z'");
  bool const postgres = t.modules().store->dialect() == db::Dialect::postgres;
  co_await t.query(postgres ? "update idempotency_keys set created_at = created_at - interval '5 minutes' where status is null"
                            : "update idempotency_keys set created_at = strftime('%Y-%m-%dT%H:%M:%f000Z', created_at, '-5 minutes') where status is null");
}

}  // namespace

TEST_CASE("the same key and body get the same answer, and one effect") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const first = co_await t.post("/contacts", R"({"email": "ada@example.net"})", keyed("k1"));
    CHECK(first.status == 201);
    CHECK(first.headers.get("Idempotent-Replay").empty());
    auto const second = co_await t.post("/contacts", R"({"email": "ada@example.net"})", keyed("k1"));
    CHECK(second.status == 201);
    CHECK(second.text == first.text);
    CHECK(second.headers.get("Location") == first.headers.get("Location"));
    CHECK(second.headers.get("Idempotent-Replay") == "true");
    auto const count = co_await contacts_of(t);
    CHECK(count == 1);
    auto const other = co_await t.post("/contacts", R"({"email": "bob@example.net"})", keyed("k1"));
    CHECK(other.status == 422);
    auto const elsewhere = co_await t.post("/suppressions", R"({"email": "ada@example.net"})", keyed("k1"));
    CHECK(elsewhere.status == 422);
    auto const refused = co_await t.post("/contacts", R"({"email": 1})", keyed("k2"));
    CHECK(refused.status == 400);
    auto const refused_again = co_await t.post("/contacts", R"({"email": 1})", keyed("k2"));
    CHECK(refused_again.text == refused.text);
  });
}

TEST_CASE("keys belong to their caller") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const other = co_await t.key(identity::Role::admin, false);
    auto const first = co_await t.post("/contacts", R"({"email": "ada@example.net"})", keyed("k1"));
    CHECK(first.status == 201);
    auto const second = co_await t.post("/contacts", R"({"email": "bob@example.net"})", keyed("k1").key(other));
    CHECK(second.status == 201);
    auto const empty = co_await t.post("/contacts", R"({"email": "c@example.net"})", keyed(""));
    CHECK(empty.status == 400);
    auto const long_one = co_await t.post("/contacts", R"({"email": "c@example.net"})", keyed(std::string(256, 'k')));
    CHECK(long_one.status == 400);
  });
}

TEST_CASE("a key whose request is still running is a conflict") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const first = co_await t.post("/contacts", R"({"email": "ada@example.net"})", keyed("k1"));
    CHECK(first.status == 201);
    co_await t.query("update idempotency_keys set status = null");
    auto const twin = co_await t.post("/contacts", R"({"email": "ada@example.net"})", keyed("k1"));
    CHECK(twin.status == 409);
    CHECK(twin.detail().find("still running") != std::string::npos);
  });
}

TEST_CASE("a request that died after its effect is answered anew, not carried out again") {
  on_each_api([](ApiStory& t) -> Task<void> {
    fail_point::arm("idempotency.effect_done=error");
    auto const died = co_await t.post("/contacts", R"({"email": "ada@example.net", "first_name": "Ada"})", keyed("k1"));
    fail_point::disarm_all();
    CHECK(died.status == 500);
    co_await let_it_age(t);
    auto const again = co_await t.post("/contacts", R"({"email": "ada@example.net", "first_name": "Ada"})", keyed("k1"));
    CHECK(again.status == 201);
    CHECK(again.json.at("first_name") == "Ada");
    CHECK(again.headers.get("Location") == "/api/v1/contacts/" + again.id());
    auto const count = co_await contacts_of(t);
    CHECK(count == 1);
    auto const third = co_await t.post("/contacts", R"({"email": "ada@example.net", "first_name": "Ada"})", keyed("k1"));
    CHECK(third.text == again.text);
    CHECK(third.headers.get("Idempotent-Replay") == "true");
  });
}

TEST_CASE("a request that died before its effect is carried out by whoever repeats it") {
  on_each_api([](ApiStory& t) -> Task<void> {
    fail_point::arm("idempotency.claimed=error");
    auto const died = co_await t.post("/contacts", R"({"email": "ada@example.net"})", keyed("k1"));
    fail_point::disarm_all();
    CHECK(died.status == 500);
    co_await let_it_age(t);
    auto const again = co_await t.post("/contacts", R"({"email": "ada@example.net"})", keyed("k1"));
    CHECK(again.status == 201);
    auto const count = co_await contacts_of(t);
    CHECK(count == 1);
  });
}

TEST_CASE("an answer that shows a secret is kept sealed") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const first = co_await t.post("/api-keys", R"({"name": "crm", "role": "viewer"})", keyed("k1"));
    REQUIRE(first.status == 201);
    std::string const secret(first.json.at("key").as_string());
    auto const again = co_await t.post("/api-keys", R"({"name": "crm", "role": "viewer"})", keyed("k1"));
    CHECK(again.text == first.text);
    CHECK(again.headers.get("Cache-Control") == "no-store");
    auto const kept = co_await t.query("select body from idempotency_keys");
    REQUIRE(kept.size() == 1);
    CHECK(kept[0][0].find(secret) == std::string::npos);
    auto const keys = co_await t.get("/api-keys");
    CHECK(keys.text.find(secret) == std::string::npos);
  });
}
