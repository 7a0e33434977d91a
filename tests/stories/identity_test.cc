// Who is let in: sessions and keys, guessing, the first owner, and what ends a session.
#include "stories/api_story.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

using namespace postrider;
using namespace postrider::test;

namespace {

constexpr char const* password = "correct horse battery";

std::string cookie_in(Answer const& answer) {
  std::string const whole(answer.headers.get("Set-Cookie"));
  return whole.substr(0, whole.find(';'));
}

struct SignedIn {
  std::string cookie;
  std::string csrf;

  With reading() const { return With().key("").header("Cookie", cookie); }
  With writing() const { return reading().header("X-CSRF-Token", csrf); }
};

Task<Answer> log_in(ApiStory& t, std::string email, std::string secret) {
  co_return co_await t.post("/session", "{\"email\": \"" + email + "\", \"password\": \"" + secret + "\"}", With().key(""));
}

Task<SignedIn> signed_in(ApiStory& t, std::string email) {
  auto const answer = co_await log_in(t, email, password);
  REQUIRE(answer.status == 200);
  SignedIn session;
  session.cookie = cookie_in(answer);
  session.csrf = std::string(answer.json.at("csrf_token").as_string());
  co_return session;
}

Task<std::string> add_user(ApiStory& t, std::string email, std::string role) {
  auto const made = co_await t.post("/users", "{\"email\": \"" + email + "\", \"role\": \"" + role + "\", \"password\": \"" + password + "\"}");
  INFO(made.text);
  REQUIRE(made.status == 201);
  co_return made.id();
}

// Moves all sessions into the past.
Task<void> age_sessions(ApiStory& t, std::string column, std::string instant) { co_await t.query("update sessions set " + column + " = '" + instant + "'"); }

}  // namespace

TEST_CASE("a session's cookie is for this site, this server and no script, and ends on the server") {
  on_each_api([](ApiStory& t) -> Task<void> {
    co_await add_user(t, "ada@example.org", "marketer");
    auto const answer = co_await log_in(t, "ADA@example.org", password);
    REQUIRE(answer.status == 200);
    std::string const cookie(answer.headers.get("Set-Cookie"));
    CHECK(cookie.starts_with("postrider_session="));
    for (auto const* const flag : {"; HttpOnly", "; SameSite=Lax", "; Path=/"}) CHECK(cookie.find(flag) != std::string::npos);
    CHECK(answer.headers.get("Cache-Control") == "no-store");
    CHECK(answer.text.find(password) == std::string::npos);
    auto const ada = co_await signed_in(t, "ada@example.org");
    CHECK(ada.cookie != cookie_in(answer));
    auto const kept = co_await t.query("select token_hash from sessions");
    CHECK(kept.size() == 2);
    for (auto const& row : kept) CHECK(ada.cookie.find(row[0]) == std::string::npos);
    auto const me = co_await t.get("/session", ada.reading());
    CHECK(me.json.at("email") == "ada@example.org");
    CHECK(me.json.at("role") == "marketer");
    CHECK(me.json.at("can_send") == false);
    auto const out = co_await t.del("/session", ada.writing());
    CHECK(out.status == 204);
    CHECK(out.headers.get("Set-Cookie").find("Max-Age=0") != std::string_view::npos);
    auto const gone = co_await t.get("/session", ada.reading());
    CHECK(gone.status == 401);
  });
}

TEST_CASE("behind https the cookie is bound to the host") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    co_await add_user(t, "ada@example.org", "marketer");
    auto const body = std::string("{\"email\": \"ada@example.org\", \"password\": \"") + password + "\"}";
    // This peer is no trusted proxy, so what it says of the scheme does not count.
    auto const answer = co_await t.post("/session", body, With().key("").header("X-Forwarded-Proto", "https"));
    CHECK(answer.headers.get("Set-Cookie").starts_with("postrider_session="));
  });
}

TEST_CASE("a page of another site can do nothing with the cookie") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    co_await add_user(t, "ada@example.org", "owner");
    auto const ada = co_await signed_in(t, "ada@example.org");
    auto const body = std::string(R"({"email": "x@example.net"})");
    auto answer = co_await t.post("/contacts", body, ada.reading());
    CHECK(answer.status == 403);
    answer = co_await t.post("/contacts", body, ada.reading().header("X-CSRF-Token", "x"));
    CHECK(answer.status == 403);
    answer = co_await t.post("/contacts", body, ada.writing().header("Origin", "https://evil.example"));
    CHECK(answer.status == 403);
    answer = co_await t.post("/contacts", body, ada.writing().header("Origin", "null"));
    CHECK(answer.status == 403);
    answer = co_await t.post("/contacts", body, ada.writing().header("Sec-Fetch-Site", "cross-site"));
    CHECK(answer.status == 403);
    answer = co_await t.post("/contacts", body, ada.writing().header("Sec-Fetch-Site", "same-site"));
    CHECK(answer.status == 403);
    answer = co_await t.post("/contacts", body, ada.writing().type("text/plain"));
    CHECK(answer.status == 415);
    answer = co_await t.post("/session", "{\"email\": \"ada@example.org\", \"password\": \"" + std::string(password) + "\"}",
                             With().key("").header("Origin", "https://evil.example"));
    CHECK(answer.status == 403);
    answer = co_await t.post("/contacts", body, ada.writing().header("Origin", "http://api.example"));
    CHECK(answer.status == 201);
    auto const token = ada.cookie.substr(ada.cookie.find('=') + 1);
    answer = co_await t.get("/contacts", With().key(token));
    CHECK(answer.status == 401);
    answer = co_await t.get("/contacts", With().key("").header("Cookie", "postrider_session=" + t.owner_key));
    CHECK(answer.status == 401);
  });
}

TEST_CASE("a session ends when it is idle or old, and whatever changes its user's rights ends it at once") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const id = co_await add_user(t, "ada@example.org", "marketer");
    auto const path = "/users/" + id;
    auto ada = co_await signed_in(t, "ada@example.org");
    co_await age_sessions(t, "last_seen_at", "2020-01-01T00:00:00.000000Z");
    auto answer = co_await t.get("/session", ada.reading());
    CHECK(answer.status == 401);
    ada = co_await signed_in(t, "ada@example.org");
    co_await age_sessions(t, "expires_at", "2020-01-01T00:00:00.000000Z");
    answer = co_await t.get("/session", ada.reading());
    CHECK(answer.status == 401);
    std::vector<std::string> const changes{R"({"role": "viewer"})", R"({"can_send": true})", R"({"password": "another long one"})"};
    auto secret = std::string(password);
    for (auto const& change : changes) {
      auto const open = co_await log_in(t, "ada@example.org", secret);
      REQUIRE(open.status == 200);
      auto const reading = With().key("").header("Cookie", cookie_in(open));
      answer = co_await t.get("/session", reading);
      CHECK(answer.status == 200);
      answer = co_await t.patch(path, change);
      CHECK(answer.status == 200);
      answer = co_await t.get("/session", reading);
      INFO(change);
      CHECK(answer.status == 401);
    }
    secret = "another long one";
    answer = co_await log_in(t, "ada@example.org", password);
    CHECK(answer.status == 401);
    auto const open = co_await log_in(t, "ada@example.org", secret);
    CHECK(open.status == 200);
    answer = co_await t.patch(path, R"({"disabled": true})");
    CHECK(answer.status == 200);
    answer = co_await t.get("/session", With().key("").header("Cookie", cookie_in(open)));
    CHECK(answer.status == 401);
    answer = co_await log_in(t, "ada@example.org", secret);
    CHECK(answer.status == 401);
    CHECK(answer.detail() == "e-mail address or password is wrong");
  });
}

TEST_CASE("somebody sees where he is signed in, and can sign out everywhere") {
  on_each_api([](ApiStory& t) -> Task<void> {
    co_await add_user(t, "ada@example.org", "viewer");
    auto const here = co_await signed_in(t, "ada@example.org");
    auto const there = co_await signed_in(t, "ada@example.org");
    auto const list = co_await t.get("/sessions", here.reading());
    REQUIRE(list.json.at("items").as_array().size() == 2);
    int current = 0;
    for (auto const& item : list.json.at("items").as_array()) current += item.at("current").as_bool() ? 1 : 0;
    CHECK(current == 1);
    auto const out = co_await t.del("/sessions", here.writing());
    CHECK(out.status == 204);
    for (auto const& session : {here, there}) {
      auto const answer = co_await t.get("/session", session.reading());
      CHECK(answer.status == 401);
    }
  });
}

TEST_CASE("changing one's password takes the old one, and ends all other sessions") {
  on_each_api([](ApiStory& t) -> Task<void> {
    co_await add_user(t, "ada@example.org", "viewer");
    auto const here = co_await signed_in(t, "ada@example.org");
    auto const there = co_await signed_in(t, "ada@example.org");
    auto answer = co_await t.put("/session/password", R"({"current_password": "wrong wrong wrong", "new_password": "another long one"})", here.writing());
    CHECK(answer.status == 400);
    CHECK(answer.errors() == std::vector<std::string>{"/current_password invalid_value"});
    auto const to = [](std::string const& wanted) {
      return std::string("{\"current_password\": \"") + password + "\", \"new_password\": \"" + wanted + "\"}";
    };
    for (auto const* const weak : {"short", "aaaaaaaaaaaaaa", "ada@example.org"}) {
      answer = co_await t.put("/session/password", to(weak), here.writing());
      CHECK(answer.status == 400);
    }
    answer = co_await t.put("/session/password", to("another long one"), here.writing());
    REQUIRE(answer.status == 200);
    auto const fresh = With().key("").header("Cookie", cookie_in(answer));
    for (auto const& session : {here, there}) {
      answer = co_await t.get("/session", session.reading());
      CHECK(answer.status == 401);
    }
    answer = co_await t.get("/session", fresh);
    CHECK(answer.status == 200);
    answer = co_await t.put("/session/password", to("another long one"));
    CHECK(answer.status == 403);  // a key has no password
    auto const audit = co_await t.get("/audit?entity_type=user");
    CHECK(audit.text.find("password_changed") != std::string::npos);
    CHECK(audit.text.find("another long one") == std::string::npos);
  });
}

TEST_CASE("guessing is braked for known and unknown users alike, and the answer tells nothing") {
  on_each_api([](ApiStory& t) -> Task<void> {
    co_await add_user(t, "ada@example.org", "owner");
    std::string texts[2];
    for (int side = 0; side < 2; ++side) {
      auto const email = side == 0 ? std::string("ada@example.org") : std::string("nobody@example.org");
      for (int i = 0; i < 5; ++i) {
        auto const answer = co_await log_in(t, email, "wrong wrong wrong");
        CHECK(answer.status == 401);
        texts[side] += answer.text;
      }
      auto const braked = co_await log_in(t, email, side == 0 ? password : "wrong wrong wrong");
      CHECK(braked.status == 429);
      CHECK_FALSE(braked.headers.get("Retry-After").empty());
    }
    CHECK(texts[0] == texts[1]);
    // The brake lets go by itself, and a good login is then not held against anybody.
    co_await t.query("update login_attempts set blocked_until = '2020-01-01T00:00:00.000000Z'");
    auto const good = co_await log_in(t, "ada@example.org", password);
    CHECK(good.status == 200);
    auto const left = co_await t.query("select count(*) from login_attempts where subject like 'pair:ada%'");
    CHECK(left[0][0] == "0");
    auto const by_network = co_await t.query("select failures from login_attempts where subject like 'net:%'");
    REQUIRE(by_network.size() == 1);
    CHECK(by_network[0][0] == "12");  // braked ones count too
  });
}

TEST_CASE("an API key is shown once, kept hashed, found by its prefix, and revoked at once") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const made = co_await t.post("/api-keys", R"({"name": "crm", "role": "marketer", "can_send": true})");
    REQUIRE(made.status == 201);
    CHECK(made.headers.get("Cache-Control") == "no-store");
    std::string const key(made.json.at("key").as_string());
    std::string const prefix(made.json.at("prefix").as_string());
    CHECK(key.starts_with("pr_" + prefix + "_"));
    CHECK(key.size() >= 50);
    auto const row = co_await t.query("select prefix, key_hash, last_used_at from api_keys where name = 'crm'");
    CHECK(row[0][0] == prefix);
    CHECK(row[0][1].size() == 64);
    CHECK(row[0][2] == "NULL");
    auto const list = co_await t.get("/api-keys");
    CHECK(list.text.find(key) == std::string::npos);
    auto answer = co_await t.get("/session", With().key(key));
    CHECK(answer.json.at("kind") == "api_key");
    CHECK(answer.json.at("can_send") == true);
    auto const used = co_await t.query("select last_used_at from api_keys where name = 'crm'");
    CHECK(used[0][0] != "NULL");
    auto forged = key;
    forged.back() = forged.back() == 'A' ? 'B' : 'A';
    answer = co_await t.get("/session", With().key(forged));
    CHECK(answer.status == 401);
    answer = co_await t.del("/api-keys/" + made.id());
    CHECK(answer.status == 204);
    answer = co_await t.get("/session", With().key(key));
    CHECK(answer.status == 401);
    answer = co_await t.del("/api-keys/" + made.id());
    CHECK(answer.status == 404);
  });
}

TEST_CASE("nobody hands out more than he has, and the last owner stays") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const admin = co_await t.key(identity::Role::admin, false);
    auto const by_admin = With().key(admin);
    auto const owner = co_await add_user(t, "ada@example.org", "owner");
    auto answer = co_await t.post("/users", R"({"email": "b@example.org", "role": "owner", "password": "a long password"})", by_admin);
    CHECK(answer.status == 403);
    answer = co_await t.post("/users", R"({"email": "b@example.org", "role": "viewer", "can_send": true, "password": "a long password"})", by_admin);
    CHECK(answer.status == 403);
    answer = co_await t.post("/api-keys", R"({"name": "b", "role": "owner"})", by_admin);
    CHECK(answer.status == 403);
    answer = co_await t.patch("/users/" + owner, R"({"role": "viewer"})", by_admin);
    CHECK(answer.status == 403);
    answer = co_await t.patch("/users/" + owner, R"({"role": "viewer"})");
    CHECK(answer.status == 409);
    answer = co_await t.patch("/users/" + owner, R"({"disabled": true})");
    CHECK(answer.status == 409);
    auto const second = co_await add_user(t, "grace@example.org", "owner");
    answer = co_await t.patch("/users/" + owner, R"({"role": "viewer"})");
    CHECK(answer.status == 200);
    answer = co_await t.patch("/users/" + second, R"({"disabled": true})");
    CHECK(answer.status == 409);
    answer = co_await t.post("/users", R"({"email": "ADA@example.org", "role": "viewer", "password": "a long password"})");
    CHECK(answer.status == 409);
    answer = co_await t.post("/users", R"({"email": "not an address", "role": "king", "password": "short"})");
    CHECK(answer.status == 400);
  });
}

TEST_CASE("two owners cannot remove each other at once") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const first = co_await add_user(t, "ada@example.org", "owner");
    auto const second = co_await add_user(t, "grace@example.org", "owner");
    TaskGroup both(t.modules().executor);
    std::vector<int> statuses;
    auto const demote = [](ApiStory& story, std::string id, std::vector<int>& into) -> Task<void> {
      auto const answer = co_await story.patch("/users/" + id, R"({"role": "viewer"})");
      into.push_back(answer.status);
    };
    both.spawn("first", demote(t, first, statuses));
    both.spawn("second", demote(t, second, statuses));
    co_await both.join();
    std::ranges::sort(statuses);
    CHECK(statuses == std::vector<int>{200, 409});
    auto const left = co_await t.query("select count(*) from users where role = 'owner'");
    CHECK(left[0][0] == "1");
  });
}

TEST_CASE("the first owner is made with the code from the server's log, once") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const anybody = With().key("");
    auto answer = co_await t.get("/setup", anybody);
    CHECK(answer.json.at("needed") == true);
    auto const with_code = [](std::string const& code) {
      return "{\"code\": \"" + code + "\", \"email\": \"ada@example.org\", \"password\": \"correct horse battery\", \"organisation\": \"Acme\", \"time_zone\": \"Europe/Rome\"}";
    };
    answer = co_await t.post("/setup", with_code("guessed"), anybody);
    CHECK(answer.status == 400);
    CHECK(answer.errors() == std::vector<std::string>{"/code invalid_value"});
    auto const code = t.modules().identity.setup_code();
    answer = co_await t.post("/setup", with_code(code), anybody.header("Origin", "https://evil.example"));
    CHECK(answer.status == 403);
    answer = co_await t.post("/setup", with_code(code), anybody);
    REQUIRE(answer.status == 201);
    CHECK(answer.json.at("role") == "owner");
    CHECK(answer.json.at("can_send") == true);
    CHECK(answer.json.at("tenant_name") == "Acme");
    CHECK(answer.json.at("time_zone") == "Europe/Rome");
    auto const me = co_await t.get("/session", anybody.header("Cookie", cookie_in(answer)));
    CHECK(me.status == 200);
    answer = co_await t.get("/setup", anybody);
    CHECK(answer.json.at("needed") == false);
    answer = co_await t.post("/setup", with_code(code), anybody);
    CHECK(answer.status == 409);
    auto const users = co_await t.query("select count(*) from users");
    CHECK(users[0][0] == "1");
  });
}

TEST_CASE("what a tenant sets about itself is typed, refused by name, and shows on its pages") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const set = co_await t.patch("/tenant", R"({"settings": {"brand": {"name": "Blue Bicycle", "color": "#0a7d5c", "footer": "1 Harbour Road"}, "double_opt_in": {"valid_for": "48h"}}})");
    CHECK(set.status == 200);
    CHECK(set.json.at("settings").at("brand").at("name") == "Blue Bicycle");
    CHECK(set.json.at("settings").at("double_opt_in").at("valid_for") == "2d");
    auto const unknown = co_await t.patch("/tenant", R"({"settings": {"brand": {"colour": "#0a7d5c"}}})");
    CHECK(unknown.errors() == std::vector<std::string>{"/settings/brand/colour unknown_field"});
    auto const wrong = co_await t.patch("/tenant", R"({"settings": {"brand": {"color": "red"}, "double_opt_in": {"valid_for": "1s"}}})");
    CHECK(wrong.errors() == std::vector<std::string>{"/settings/brand/color invalid_value", "/settings/double_opt_in/valid_for out_of_range"});
    auto const after = co_await t.get("/tenant");
    CHECK(after.json.at("settings") == set.json.at("settings"));
  });
}
