// The database, seen from a module: statements run on a Session; a Transaction is a Session that ends in commit or not at all.
// One interface over PostgreSQL (asynchronous, pipelined, pooled) and SQLite (threads of its own, one writer, several readers).
//
//   auto tx = co_await store.begin();
//   co_await tx.exec(sql::contacts::insert, tenant, id, email);
//   tx.announce("events");
//   co_await tx.commit();
//
// Throws (errors.h): Unavailable, Retryable, UniqueViolation, ForeignKeyViolation; Failure for a statement that is wrong.
// Never hold a transaction over anything on the network, and never wait for another transaction inside one.
#pragma once

#include "postrider/base/service.h"
#include "postrider/base/task.h"
#include "postrider/db/errors.h"
#include "postrider/db/row.h"
#include "postrider/db/statement.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::db {

// Which connections a piece of work may take. Lanes never wait for each other's.
enum class Lane {
  interactive,  // API requests
  sending,      // claims and outcomes
  background,   // segments, imports, expansion, exports: may be slow
  vital,        // heartbeats, leases, migrations: always in reserve
};

struct Call {
  Statement const& statement;
  Parameters parameters;
};

class Session {
 public:
  virtual ~Session() = default;

  // Any statement; all its rows.
  virtual Task<Rows> run(Statement const& statement, Parameters parameters) = 0;
  // Several statements in one round trip where the database can. In a transaction they share its fate.
  virtual Task<std::vector<Rows>> run_all(std::vector<Call> calls) = 0;

  template <class... Values>
  Task<Rows> all(Statement const& statement, Values const&... values) {
    return run(statement, pack(values...));
  }
  // No rows wanted; how many rows an update or delete touched.
  template <class... Values>
  Task<std::int64_t> exec(Statement const& statement, Values const&... values) {
    return count_of(run(statement, pack(values...)));
  }
  // At most one row (the first).
  template <class... Values>
  Task<std::optional<OwnedRow>> maybe(Statement const& statement, Values const&... values) {
    return first_of(run(statement, pack(values...)));
  }
  // Exactly one row, or it throws.
  template <class... Values>
  Task<OwnedRow> one(Statement const& statement, Values const&... values) {
    return only_of(statement, run(statement, pack(values...)));
  }

 protected:
  template <class... Values>
  static Parameters pack(Values const&... values) {
    Parameters parameters;
    parameters.reserve(sizeof...(values));
    (parameters.emplace_back(values), ...);
    return parameters;
  }

 private:
  static Task<std::int64_t> count_of(Task<Rows> rows);
  static Task<std::optional<OwnedRow>> first_of(Task<Rows> rows);
  static Task<OwnedRow> only_of(Statement const& statement, Task<Rows> rows);
};

class Store;

// Ends in `commit`, or is rolled back when it dies. Movable.
class Transaction : public Session {
 public:
  // What the databases implement; the pool's connection lives in here.
  class Body {
   public:
    virtual ~Body() = default;
    virtual Task<Rows> run(Statement const& statement, Parameters parameters) = 0;
    virtual Task<std::vector<Rows>> run_all(std::vector<Call> calls) = 0;
    virtual Task<void> commit() = 0;
  };

  Transaction(Store& store, std::unique_ptr<Body> body) : store_(&store), body_(std::move(body)) {}
  Transaction(Transaction&&) = default;
  Transaction& operator=(Transaction&&) = default;

  Task<Rows> run(Statement const& statement, Parameters parameters) override { return body_->run(statement, std::move(parameters)); }
  Task<std::vector<Rows>> run_all(std::vector<Call> calls) override { return body_->run_all(std::move(calls)); }
  // Durable when it returns. Afterwards the announced topics are signalled.
  Task<void> commit();
  // Wakes whoever waits for `topic`, here and on other instances, once committed. A hint: waiters also poll.
  void announce(std::string_view topic);
  Dialect dialect() const;

 private:
  Store* store_;
  std::unique_ptr<Body> body_;
  std::vector<std::string> topics_;
};

// As a Session it runs each statement in a transaction of its own on the interactive lane.
class Store : public Session, public Service {
 public:
  virtual Dialect dialect() const = 0;
  virtual Task<Transaction> begin(Lane lane = Lane::interactive) = 0;
  // One statement on connections of the given lane.
  virtual Task<Rows> run_on(Lane lane, Statement const& statement, Parameters parameters) = 0;
  Task<Rows> run(Statement const& statement, Parameters parameters) override {
    return run_on(Lane::interactive, statement, std::move(parameters));
  }
  template <class... Values>
  Task<Rows> all_on(Lane lane, Statement const& statement, Values const&... values) {
    return run_on(lane, statement, pack(values...));
  }

  // A signal that `announce` of the same topic rings, here or on another instance.
  virtual Signal& topic(std::string_view name) = 0;
  virtual void announce(std::string_view topic) = 0;

  // Several statements of a migration script, outside the catalogue, in one transaction of their own.
  virtual Task<void> run_script(std::string text) = 0;
};

struct Settings {
  std::string database = "sqlite:postrider.db";  // or postgresql://…
  int interactive_connections = 12;
  int sending_connections = 6;
  int background_connections = 4;
  std::string schema = "postrider";  // PostgreSQL: everything lives in here
};

// Opens nothing yet: `start` does, and throws Unavailable with the reason when it cannot.
std::unique_ptr<Store> open_store(Executor executor, Settings settings);

struct MigrationReport {
  int from = 0;
  int to = 0;
};
// Brings the schema to this binary's version, one runner at a time; each migration in a transaction of its own.
// Fails with Failure when the database is newer than this binary.
Task<MigrationReport> migrate(Store& store, Instant now);
// The version this binary wants, and the one the database has (0: empty).
int wanted_schema_version();
Task<int> schema_version(Store& store);

}  // namespace postrider::db
