// One suite over both databases. Each run gets a fresh, migrated database, a clock that moves only when told, counted ids and
// seeded randomness:
//
//   TEST_CASE("a lead is found again") {
//     on_each_store([](TestStore& t) -> Task<void> {
//       auto tx = co_await t.store->begin();
//       …
//     });
//   }
//
// The lambda must not capture (it is a coroutine). Waiting for something: `co_await t.until([&] { return done; })`, which fails the
// test after ten seconds; never sleep.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/context.h"
#include "postrider/base/id.h"
#include "postrider/base/random.h"
#include "postrider/base/task.h"
#include "postrider/db/store.h"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace postrider::test {

// 00000000-0000-7000-8000-00000000000N: in order, and readable in failures.
class CountedIds : public Ids {
 public:
  Uuid next() override;

 private:
  std::uint64_t last_ = 0x1000;
};

struct TestStore {
  boost::asio::io_context io{1};
  FixedClock clock{*parse_instant("2026-03-02T10:00:00Z")};
  SeededRandom random{42};
  CountedIds ids;
  std::string database;
  std::unique_ptr<db::Store> store;
  TenantId tenant;   // the default one
  InstanceId instance;

  Executor executor() { return io.get_executor(); }
  Context context() const;
  // Another door to the same database, as another instance would have. Started.
  Task<std::unique_ptr<db::Store>> another();
  Task<void> until(std::function<bool()> holds);
  // Any SQL, for arranging and checking: the rows as texts ("NULL" for null).
  Task<std::vector<std::vector<std::string>>> query(std::string sql);
};

using StoreTest = Task<void> (*)(TestStore&);
// Runs it on SQLite and then on PostgreSQL.
void on_each_store(StoreTest test);
void on_sqlite(StoreTest test);
void on_postgres(StoreTest test);

}  // namespace postrider::test
