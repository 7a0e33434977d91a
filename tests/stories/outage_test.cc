// The database goes away and comes back while the server runs.
#include "stories/api_story.h"

#include "postrider/crypto/tokens.h"
#include "support/postgres_cluster.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <libpq-fe.h>

#include <catch2/catch.hpp>

#include <chrono>

using namespace postrider;
using namespace postrider::test;

namespace {

// Speaks to the cluster beside the server's own database.
class Operator {
 public:
  explicit Operator(std::string const& address) {
    auto const slash = address.find('/', address.find("://") + 3);
    auto const query = std::min(address.find('?', slash), address.size());
    database_ = address.substr(slash + 1, query - slash - 1);
    connection_ = PQconnectdb((address.substr(0, slash + 1) + "postgres" + address.substr(query)).c_str());
    REQUIRE(PQstatus(connection_) == CONNECTION_OK);
  }
  ~Operator() {
    come_back();
    PQfinish(connection_);
  }

  // Nobody gets in, and whoever is in is thrown out.
  void go_away() {
    run("alter database \"" + database_ + "\" with allow_connections false");
    run("select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + database_ + "'");
  }
  void come_back() { run("alter database \"" + database_ + "\" with allow_connections true"); }

 private:
  void run(std::string const& sql) {
    auto* const result = PQexec(connection_, sql.c_str());
    auto const status = PQresultStatus(result);
    PQclear(result);
    REQUIRE((status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK));
  }
  PGconn* connection_ = nullptr;
  std::string database_;
};

}  // namespace

TEST_CASE("without its database the server answers 503 and when to come again, keeps opens, and recovers by itself") {
  on_postgres_api([](ApiStory& t) -> Task<void> {
    auto made = co_await t.post("/providers", R"({"name": "Inbox", "kind": "demo"})");
    REQUIRE(made.status == 201);
    made = co_await t.post("/senders", "{\"from_email\": \"news@example.com\", \"from_name\": \"News\", \"verified\": true, \"provider_id\": \"" + made.id() + "\"}");
    REQUIRE(made.status == 201);
    made = co_await t.post("/messages", "{\"email\": \"ada@example.net\", \"subject\": \"Hello\", \"html_body\": \"<p>Hello</p>\", \"sender_id\": \"" + made.id() + "\"}");
    INFO(made.text);
    REQUIRE(made.status == 202);
    crypto::OpenToken const opened{identity::default_tenant(), *MessageId::parse(made.id())};
    auto const pixel = "//o/" + t.modules().tokens.encode(opened) + ".gif";
    Operator database(t.modules().options.database);
    database.go_away();
    auto const nobody = With().key("");
    auto const started = std::chrono::steady_clock::now();
    auto answer = co_await t.get("/contacts");
    CHECK(answer.status == 503);
    CHECK_FALSE(answer.headers.get("Retry-After").empty());
    CHECK(answer.headers.get("Content-Type") == "application/problem+json");
    answer = co_await t.post("/contacts", R"({"email": "bob@example.net"})");
    CHECK(answer.status == 503);
    answer = co_await t.get("//readyz", nobody);
    CHECK(answer.status == 503);
    answer = co_await t.get("//healthz", nobody);
    CHECK(answer.status == 200);
    for (int i = 0; i < 3; ++i) {
      answer = co_await t.get(pixel, nobody);
      CHECK(answer.status == 200);
      CHECK(answer.headers.get("Content-Type") == "image/gif");
    }
    // A target that stands in the signed link needs no database.
    crypto::ClickToken clicked{identity::default_tenant(), *MessageId::parse(made.id()), TemplateVersionId(), 0, "https://example.com/offer?for=ada"};
    answer = co_await t.get("//c/" + t.modules().tokens.encode(clicked), nobody);
    CHECK(answer.status == 302);
    CHECK(answer.headers.get("Location") == "https://example.com/offer?for=ada");
    CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(10));
    database.come_back();
    auto const back = std::chrono::steady_clock::now();
    for (;;) {
      answer = co_await t.get("/contacts");
      if (answer.status == 200 || std::chrono::steady_clock::now() - back > std::chrono::seconds(10)) break;
      CHECK(answer.status == 503);
      co_await sleep_for(std::chrono::milliseconds(50));
    }
    CHECK(answer.status == 200);
    CHECK(std::chrono::steady_clock::now() - back < std::chrono::seconds(5));
    CHECK(answer.json.at("items").as_array().size() == 1);
    std::size_t opens = 0;
    while (opens < 3 && std::chrono::steady_clock::now() - back < std::chrono::seconds(10)) {
      auto const rows = co_await t.query("select count(*) from message_events where event_type = 'opened'");
      opens = static_cast<std::size_t>(std::stoi(rows[0][0]));
      co_await sleep_for(std::chrono::milliseconds(20));
    }
    CHECK(opens == 3);
    answer = co_await t.get("//readyz", nobody);
    CHECK(answer.status == 200);
  });
}
