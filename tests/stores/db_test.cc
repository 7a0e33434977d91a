#include "support/store_test.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::test;

namespace {

constexpr db::Statement echo{"test", "echo", db::Tag::utility,
                             "select cast($1 as text), cast($2 as bigint), cast($3 as double precision), cast($4 as boolean), cast($5 as text)",
                             "select cast($1 as text), cast($2 as bigint), cast($3 as real), $4, cast($5 as text)"};
constexpr db::Statement members{"test", "members", db::Tag::utility, "select unnest($1::text[])", "select value from json_each($1)"};
constexpr db::Statement table{"test", "table", db::Tag::utility, "select a, b, c from unnest($1::text[], $2::bigint[], $3::text[]) as u (a, b, c)",
                              "select value ->> 0, cast(value ->> 1 as integer), value ->> 2 from json_each($1)"};
constexpr db::Statement insert_lease{"test", "insert_lease", db::Tag::router, "insert into leases (tenant_id, name, owner, until) values ($1, $2, $3, $4)",
                                     "insert into leases (tenant_id, name, owner, until) values ($1, $2, $3, $4)"};
constexpr db::Statement count_leases{"test", "count_leases", db::Tag::router, "select count(*) from leases where tenant_id = $1",
                                     "select count(*) from leases where tenant_id = $1"};

}  // namespace

TEST_CASE("db: values of every type go in and come out the same") {
  on_each_store([](TestStore& t) -> Task<void> {
    std::string const odd = "quote ' double \" backslash \\ brace {} comma , emoji 😀 newline\n";
    std::int64_t const negative = -42;
    auto const row = co_await t.store->one(echo, odd, negative, 2.5, true, std::nullopt);
    CHECK(row.text(0) == odd);
    CHECK(row.integer(1) == -42);
    CHECK(row.real(2) == 2.5);
    CHECK(row.boolean(3));
    CHECK(row.is_null(4));
    db::TextArray list;
    list.items = {odd, "", "NULL", "plain"};
    auto const rows = co_await t.store->all(members, list);
    REQUIRE(rows.size() == 4);
    CHECK(rows[0].text(0) == odd);
    CHECK(rows[2].text(0) == "NULL");
    db::Columns columns(3);
    columns.add(odd, 7, std::optional<std::string>());
    columns.add("b", 8, "x");
    auto const cells = co_await t.store->all(table, columns);
    REQUIRE(cells.size() == 2);
    CHECK(cells[0].text(0) == odd);
    CHECK(cells[0].integer(1) == 7);
    CHECK(cells[0].is_null(2));
    CHECK(cells[1].text(2) == "x");
  });
}

TEST_CASE("db: what is not committed is not there") {
  on_each_store([](TestStore& t) -> Task<void> {
    {
      auto tx = co_await t.store->begin();
      co_await tx.exec(insert_lease, t.tenant, "dropped", t.instance, t.clock.now());
    }
    {
      auto tx = co_await t.store->begin();
      co_await tx.exec(insert_lease, t.tenant, "kept", t.instance, t.clock.now());
      co_await tx.commit();
    }
    auto const row = co_await t.store->one(count_leases, t.tenant);
    CHECK(row.integer(0) == 1);
  });
}

TEST_CASE("db: the same key twice is a UniqueViolation, and the connection lives on") {
  on_each_store([](TestStore& t) -> Task<void> {
    co_await t.store->exec(insert_lease, t.tenant, "one", t.instance, t.clock.now());
    bool refused = false;
    try {
      co_await t.store->exec(insert_lease, t.tenant, "one", t.instance, t.clock.now());
    } catch (db::UniqueViolation const& violation) {
      refused = violation.constraint.find("leases") != std::string::npos;
    }
    CHECK(refused);
    auto const row = co_await t.store->one(count_leases, t.tenant);
    CHECK(row.integer(0) == 1);
  });
}

TEST_CASE("db: a hundred coroutines share the connections") {
  on_each_store([](TestStore& t) -> Task<void> {
    TaskGroup group(t.executor());
    struct Writer {
      static Task<void> write(TestStore& t, int number) {
        auto tx = co_await t.store->begin();
        co_await tx.exec(insert_lease, t.tenant, "n" + std::to_string(number), t.instance, t.clock.now());
        co_await tx.commit();
      }
    };
    for (int i = 0; i < 100; ++i) group.spawn("writer", Writer::write(t, i));
    co_await group.join();
    auto const row = co_await t.store->one(count_leases, t.tenant);
    CHECK(row.integer(0) == 100);
  });
}

TEST_CASE("db: an announcement after commit wakes another instance") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto& bell = t.store->topic("rung");
    auto tx = co_await t.store->begin();
    co_await tx.exec(insert_lease, t.tenant, "x", t.instance, t.clock.now());
    tx.announce("rung");
    co_await tx.commit();
    CHECK(co_await bell.wait_for(std::chrono::seconds(5)));
    if (t.store->dialect() == db::Dialect::postgres) {
      auto other = co_await t.another();
      auto& far_bell = other->topic("rung");
      // The listener connects on its own time: announce until it is heard.
      bool heard = false;
      for (int i = 0; i < 50 && !heard; ++i) {
        t.store->announce("rung");
        heard = co_await far_bell.wait_for(std::chrono::milliseconds(100));
      }
      CHECK(heard);
      co_await other->stop();
    }
  });
}

TEST_CASE("db: a connection that the server ends is an Unavailable, and the next one works") {
  on_postgres([](TestStore& t) -> Task<void> {
    auto tx = co_await t.store->begin();
    co_await tx.exec(insert_lease, t.tenant, "lost", t.instance, t.clock.now());
    co_await t.query("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()");
    bool lost = false;
    try {
      co_await tx.exec(insert_lease, t.tenant, "lost too", t.instance, t.clock.now());
    } catch (db::Unavailable const&) {
      lost = true;
    }
    CHECK(lost);
    auto const row = co_await t.store->one(count_leases, t.tenant);
    CHECK(row.integer(0) == 0);
  });
}

TEST_CASE("db: migrating twice changes nothing, and two at once do not collide") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto const again = co_await db::migrate(*t.store, t.clock.now());
    CHECK(again.from == again.to);
    CHECK(again.to == db::wanted_schema_version());
  });
}

TEST_CASE("db: a database that is not there is told in one sentence") {
  boost::asio::io_context io;
  db::Settings settings;
  settings.database = "postgresql://nobody@127.0.0.1:1/none";
  auto store = db::open_store(io.get_executor(), settings);
  std::string said;
  try {
    run_to_end(io, store->start());
  } catch (db::Unavailable const& error) {
    said = error.what();
  }
  CHECK(said.find("cannot reach PostgreSQL") == 0);
}
