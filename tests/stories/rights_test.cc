// Who may do what, for every route there is: written by nobody, made from the routes themselves.
#include "stories/api_story.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace postrider;
using namespace postrider::test;
using identity::Role;

namespace {

// The route's address below /api/v1 with ids that are not there.
std::string address_of(http::Route const& route, std::string const& id) {
  auto path = route.pattern.substr(std::string("/api/v1").size());
  for (std::size_t open; (open = path.find('{')) != std::string::npos;) {
    auto const close = path.find('}', open);
    auto const name = path.substr(open + 1, close - open - 1);
    auto value = id;
    if (name == "channel") value = "email";
    if (name == "type") value = "marketing";
    if (name == "version") value = "1";
    path.replace(open, close - open + 1, value);
  }
  return path;
}

bool below_api(http::Route const& route) { return route.pattern.starts_with("/api/v1/") && !route.doc.hidden; }

std::string body_of(http::Route const& route) { return route.body == http::BodyKind::json ? "{}" : std::string(); }

struct Caller {
  std::string key;
  Role role;
  bool can_send;

  bool may(std::string_view right) const {
    if (right == "read") return true;
    if (right == "write") return role >= Role::marketer;
    if (right == "send") return role >= Role::marketer && can_send;
    if (right == "admin") return role >= Role::admin;
    return role == Role::owner;
  }
};

}  // namespace

TEST_CASE("every route asks for its right, from every role, with and without the right to send") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    std::vector<Caller> callers;
    for (auto const role : {Role::viewer, Role::marketer, Role::admin, Role::owner})
      for (bool const can_send : {false, true}) {
        auto key = co_await t.key(role, can_send);
        callers.push_back(Caller{std::move(key), role, can_send});
      }
    std::string const nowhere = "01890000-0000-7000-8000-0000000000ff";
    int checked = 0;
    for (auto const& route : t.modules().routes()) {
      if (!below_api(route)) continue;
      auto const right = route.right.name();
      INFO(route.method << " " << route.pattern << " needs " << right);
      if (right == identity::right::anonymous) continue;
      auto const path = address_of(route, nowhere);
      auto const nobody = co_await t.call(route.method, path, body_of(route), With().key(""));
      CHECK(nobody.status == 401);
      auto const wrong = co_await t.call(route.method, path, body_of(route), With().key("pr_AAAAAAAAAA_nonsense"));
      CHECK(wrong.status == 401);
      for (auto const& caller : callers) {
        INFO(identity::name(caller.role) << (caller.can_send ? " who may send" : ""));
        auto const answer = co_await t.call(route.method, path, body_of(route), With().key(caller.key));
        if (caller.may(right)) CHECK(answer.status != 403);
        else CHECK(answer.status == 403);
        CHECK(answer.status < 500);
        ++checked;
      }
    }
    CHECK(checked > 300);
  });
}

TEST_CASE("no right is wider than it need be: reading routes change nothing, writing ones are not for viewers") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    // POSTs that only compute.
    std::set<std::string> const computing{"/api/v1/templates/{id}/preview", "/api/v1/templates/preview", "/api/v1/segments/preview", "/api/v1/campaigns/{id}/forecast",
                                           "/api/v1/journeys/{id}/validate", "/api/v1/journeys/{id}/simulate", "/api/v1/journeys/{id}/migrations/plan"};
    // What callers do to their own session, whatever their role.
    std::set<std::string> const own{"/api/v1/session", "/api/v1/session/password", "/api/v1/sessions"};
    for (auto const& route : t.modules().routes()) {
      if (!below_api(route) || route.method == "GET" || computing.contains(route.pattern) || own.contains(route.pattern)) continue;
      if (route.right.name() == identity::right::anonymous) {
        CHECK(route.pattern == "/api/v1/setup");
        continue;
      }
      INFO(route.method << " " << route.pattern);
      CHECK(route.right.name() != identity::right::read);
    }
    co_return;
  });
}

TEST_CASE("GET changes nothing, on any route") {
  on_sqlite_api([](ApiStory& t) -> Task<void> {
    auto const tables = co_await t.query("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name");
    auto const count = [](ApiStory& story, std::vector<std::vector<std::string>> names) -> Task<std::map<std::string, std::string>> {
      std::map<std::string, std::string> counts;
      for (auto const& name : names) {
        auto const rows = co_await story.query("select count(*) from " + name[0]);
        counts[name[0]] = rows[0][0];
      }
      co_return counts;
    };
    auto const contact = co_await t.post("/contacts", R"({"email": "ada@example.net"})");
    auto const before = co_await count(t, tables);
    auto const version = co_await t.query("pragma data_version");
    for (auto const& route : t.modules().routes()) {
      if (!below_api(route) || route.method != "GET") continue;
      INFO(route.pattern);
      auto const answer = co_await t.get(address_of(route, contact.id()));
      CHECK(answer.status < 500);
    }
    auto const after = co_await count(t, tables);
    CHECK(after == before);
  });
}

// A second tenant asks for everything of the first by its real ids, and gets what it would get for ids that are nowhere.
TEST_CASE("another tenant's things are not there, on any route") {
  on_each_api([](ApiStory& t) -> Task<void> {
    std::map<std::string, std::string> ids;  // by collection
    auto const remember = [&ids](std::string const& collection, Answer const& made) {
      INFO(collection << " " << made.text);
      REQUIRE(made.status / 100 == 2);
      ids[collection] = made.id();
    };
    auto made = co_await t.post("/contacts", R"({"email": "canary-a@example.net", "first_name": "Canary"})");
    remember("contacts", made);
    auto const contact = made.id();
    made = co_await t.post("/segments", R"({"name": "Canary", "conditions": {"type": "tag", "tag": "vip"}})");
    remember("segments", made);
    auto const segment = made.id();
    made = co_await t.post("/templates", R"({"name": "Canary", "subject": "Canary", "html_body": "<p>Canary {{ unsubscribe_url }}</p>"})");
    remember("templates", made);
    auto const letter = made.id();
    made = co_await t.post("/providers", R"({"name": "Canary", "kind": "demo"})");
    remember("providers", made);
    made = co_await t.post("/senders", "{\"from_email\": \"canary@example.com\", \"from_name\": \"Canary\", \"verified\": true, \"provider_id\": \"" + made.id() + "\"}");
    remember("senders", made);
    auto const sender = made.id();
    made = co_await t.post("/campaigns", "{\"name\": \"Canary\", \"type\": \"broadcast\", \"segment_ids\": [\"" + segment + "\"], \"template_id\": \"" + letter +
                                             "\", \"sender_id\": \"" + sender + "\"}");
    remember("campaigns", made);
    made = co_await t.post("/suppressions", R"({"email_address": "canary-b@example.net", "reason": "manual"})");
    remember("suppressions", made);
    made = co_await t.post("/users", R"({"email": "canary@example.org", "name": "Canary", "role": "viewer", "password": "a long password"})");
    remember("users", made);
    made = co_await t.post("/api-keys", R"({"name": "Canary", "role": "viewer"})");
    remember("api-keys", made);
    made = co_await t.post("/messages", "{\"contact_id\": \"" + contact + "\", \"template_id\": \"" + letter + "\", \"sender_id\": \"" + sender + "\"}");
    remember("messages", made);

    auto const stranger = co_await t.another_tenant("Stranger");
    auto const theirs = co_await t.key(Role::owner, true, stranger);
    auto const asks = With().key(theirs);
    std::string const nowhere = "01890000-0000-7000-8000-0000000000ff";
    int crossed = 0;
    for (auto const& route : t.modules().routes()) {
      if (!below_api(route) || route.right.name() == identity::right::anonymous) continue;
      INFO(route.method << " " << route.pattern);
      if (route.pattern.find('{') == std::string::npos) {
        if (route.method != "GET") continue;
        auto const list = co_await t.get(address_of(route, nowhere), asks);
        CHECK(list.text.find("anary") == std::string::npos);
        continue;
      }
      auto const collection = route.pattern.substr(8, route.pattern.find('/', 8) - 8);
      if (!ids.contains(collection)) continue;
      auto body = body_of(route);
      if (route.method == "PATCH") body = R"({"name": "taken"})";
      auto const real = co_await t.call(route.method, address_of(route, ids.at(collection)), body, asks);
      auto const random = co_await t.call(route.method, address_of(route, nowhere), body, asks);
      CHECK(real.status == random.status);
      CHECK(real.text.size() == random.text.size());
      CHECK(real.text.find("anary") == std::string::npos);
      ++crossed;
    }
    CHECK(crossed > 30);
    // Nothing of it was touched.
    for (auto const& [collection, id] : ids) {
      auto const mine = co_await t.get("/" + collection);
      INFO(collection);
      CHECK(mine.text.find(id) != std::string::npos);
      CHECK(mine.text.find("taken") == std::string::npos);
    }
  });
}

TEST_CASE("no answer shows what is secret") {
  on_each_api([](ApiStory& t) -> Task<void> {
    auto const provider = co_await t.post(
        "/providers", R"({"name": "SMTP", "kind": "smtp", "settings": {"host": "127.0.0.1", "port": 1, "security": "none", "username": "u", "password": "canary-secret"}})");
    INFO(provider.text);
    REQUIRE(provider.status == 201);
    auto const user = co_await t.post("/users", R"({"email": "ada@example.org", "role": "owner", "password": "canary-secret-of-ada"})");
    REQUIRE(user.status == 201);
    auto const key = co_await t.post("/api-keys", R"({"name": "crm", "role": "viewer"})");
    std::string const shown_once(key.json.at("key").as_string());
    std::vector<std::string> const ids{provider.id(), user.id(), key.id()};
    int looked = 0;
    for (auto const& route : t.modules().routes()) {
      if (!below_api(route) || route.method != "GET") continue;
      for (auto const& id : ids) {
        auto const answer = co_await t.get(address_of(route, id));
        INFO(route.pattern << " " << answer.text.substr(0, 400));
        for (auto const& secret : {std::string("canary-secret"), std::string("$argon2"), shown_once, std::string("\"pr1."), std::string("hash\"")})
          CHECK(answer.text.find(secret) == std::string::npos);
        ++looked;
        if (route.pattern.find('{') == std::string::npos) break;
      }
    }
    CHECK(looked > 30);
    // Changing something else leaves the password, and shows it neither.
    auto const changed = co_await t.patch("/providers/" + provider.id(), R"({"name": "Mail"})");
    CHECK(changed.status == 200);
    CHECK(changed.text.find("canary-secret") == std::string::npos);
  });
}
