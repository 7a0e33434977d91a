#include "support/store_test.h"

#include "postrider/events/event_log.h"
#include "postrider/identity/identity.h"
#include "support/postgres_cluster.h"

#include <boost/asio/steady_timer.hpp>

#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>

namespace postrider::test {

namespace {

Task<void> whole(TestStore& t, StoreTest test) {
  co_await t.store->start();
  co_await db::migrate(*t.store, t.clock.now());
  co_await events::ensure_partitions(*t.store, t.clock.now());
  std::exception_ptr failure;
  try {
    co_await test(t);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await t.store->stop();
  if (failure) std::rethrow_exception(failure);
}

void run(std::string database, StoreTest test) {
  TestStore t;
  t.database = std::move(database);
  t.tenant = identity::default_tenant();
  t.instance = t.ids.make<InstanceId>();
  db::Settings settings;
  settings.database = t.database;
  t.store = db::open_store(t.executor(), settings);
  // A test that hangs fails by name rather than by the patience of whoever runs it.
  boost::asio::steady_timer watchdog(t.io);
  watchdog.expires_after(std::chrono::minutes(3));
  watchdog.async_wait([](boost::system::error_code ended) {
    if (!ended) throw std::runtime_error("the test took longer than three minutes");
  });
  run_to_end(t.io, whole(t, test));
}

}  // namespace

Uuid CountedIds::next() {
  ++last_;
  Uuid uuid;
  uuid.bytes[6] = 0x70;
  uuid.bytes[8] = 0x80;
  for (int i = 0; i < 6; ++i) uuid.bytes[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(last_ >> (8 * i));
  return uuid;
}

Context TestStore::context() const {
  Context context;
  context.tenant = tenant;
  context.request_id = "test";
  return context;
}

Task<std::unique_ptr<db::Store>> TestStore::another() {
  db::Settings settings;
  settings.database = database;
  auto other = db::open_store(executor(), settings);
  co_await other->start();
  co_return other;
}

Task<void> TestStore::until(std::function<bool()> holds) {
  auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("what was waited for did not happen within ten seconds");
    co_await sleep_for(std::chrono::milliseconds(1));
  }
}

Task<std::vector<std::vector<std::string>>> TestStore::query(std::string sql) {
  db::Statement const statement{"test", "query", db::Tag::utility, sql, sql, true};
  auto const rows = co_await store->run(statement, db::Parameters());
  std::vector<std::vector<std::string>> all;
  for (auto const row : rows) {
    std::vector<std::string> cells;
    for (std::size_t c = 0; c < rows.columns(); ++c) cells.push_back(row.is_null(c) ? "NULL" : row.text(c));
    all.push_back(std::move(cells));
  }
  co_return all;
}

void on_sqlite(StoreTest test) {
  SECTION("on SQLite") {
    char pattern[] = "/tmp/postrider-test-XXXXXX";
    std::filesystem::path const folder = ::mkdtemp(pattern);
    std::exception_ptr failure;
    try {
      run("sqlite:" + (folder / "test.db").string(), test);
    } catch (...) {
      failure = std::current_exception();
    }
    std::filesystem::remove_all(folder);
    if (failure) std::rethrow_exception(failure);
  }
}

void on_postgres(StoreTest test) {
  SECTION("on PostgreSQL") { run(new_postgres_database(), test); }
}

void on_each_store(StoreTest test) {
  on_sqlite(test);
  on_postgres(test);
}

}  // namespace postrider::test
