#include "db/sqlite.h"

#include "db/sqlite_functions.h"
#include "db/turnstile.h"
#include "db/usage.h"
#include "postrider/base/log.h"

#include <boost/asio/post.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <sqlite3.h>

#include <functional>
#include <map>
#include <unordered_map>

namespace postrider::db {

namespace asio = boost::asio;

namespace {

constexpr auto turn_limit = std::chrono::seconds(30);

[[noreturn]] void fail(sqlite3* connection, Statement const& statement) {
  int const code = sqlite3_extended_errcode(connection);
  std::string const detail = sqlite3_errmsg(connection);
  auto const message = std::string(statement.module) + "." + std::string(statement.name) + ": " + detail;
  if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) {
    // "UNIQUE constraint failed: contacts.tenant_id, contacts.email_key" or "... index 'name'"
    auto const colon = detail.find(": ");
    throw UniqueViolation(message, colon == std::string::npos ? detail : detail.substr(colon + 2));
  }
  if (code == SQLITE_CONSTRAINT_FOREIGNKEY) throw ForeignKeyViolation(message);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: throw Retryable(message);
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: throw Unavailable(message);
    default: throw Failure(message);
  }
}

// One connection on one thread. Every public member but the constructor runs on that thread.
class Connection {
 public:
  explicit Connection(std::string path) : path_(std::move(path)), thread_(1) {}

  ~Connection() { finish(); }

  // From another thread than its own: ends what is under way there, whoever else still holds the connection. Once is enough.
  void finish() {
    if (std::exchange(finished_, true)) return;
    asio::post(thread_, [this] { close(); });
    thread_.join();
  }

  void open() {
    if (sqlite3_open_v2(path_.c_str(), &connection_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) {
      std::string const why = connection_ ? sqlite3_errmsg(connection_) : "out of memory";
      throw Unavailable("cannot open the database file '" + path_ + "': " + why + "; check that its folder exists and may be written");
    }
    sqlite3_busy_timeout(connection_, 10'000);
    add_functions(connection_);
    run_script("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma temp_store = memory;"
               "pragma cache_size = -32768; pragma case_sensitive_like = on;");
  }

  void close() {
    for (auto& [text, prepared] : prepared_) sqlite3_finalize(prepared);
    prepared_.clear();
    sqlite3_close(connection_);
    connection_ = nullptr;
  }

  void run_script(std::string const& text) {
    char* why = nullptr;
    if (sqlite3_exec(connection_, text.c_str(), nullptr, nullptr, &why) != SQLITE_OK) {
      std::string const message = why ? why : "unknown";
      sqlite3_free(why);
      throw Failure("script: " + message);
    }
  }

  void begin() { run_script("begin immediate"); }
  void commit() {
    static constexpr Statement committing{"db", "commit", Tag::utility, "", "commit"};
    run(committing, Parameters());
  }
  void rollback() noexcept {
    if (connection_ && sqlite3_get_autocommit(connection_) == 0) sqlite3_exec(connection_, "rollback", nullptr, nullptr, nullptr);
  }

  Rows run(Statement const& statement, Parameters const& parameters) {
    auto* const prepared = prepare(statement);
    note_use(Dialect::sqlite, statement);
    struct Reset {
      sqlite3_stmt* statement;
      bool dynamic;
      ~Reset() {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
        if (dynamic) sqlite3_finalize(statement);
      }
    } const reset{prepared, statement.dynamic};
    bind(prepared, parameters);
    auto const columns = static_cast<std::size_t>(sqlite3_column_count(prepared));
    Rows rows(columns);
    for (;;) {
      int const step = sqlite3_step(prepared);
      if (step == SQLITE_DONE) break;
      if (step != SQLITE_ROW) fail(connection_, statement);
      for (int i = 0; i < static_cast<int>(columns); ++i) {
        if (sqlite3_column_type(prepared, i) == SQLITE_NULL) {
          rows.add_null();
        } else {
          auto const* const text = reinterpret_cast<char const*>(sqlite3_column_text(prepared, i));
          rows.add_cell(std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(prepared, i))));
        }
      }
    }
    rows.set_affected(sqlite3_changes64(connection_));
    return rows;
  }

  asio::thread_pool& thread() { return thread_; }

 private:
  sqlite3_stmt* prepare(Statement const& statement) {
    if (!statement.dynamic)
      if (auto const found = prepared_.find(statement.sqlite.data()); found != prepared_.end()) return found->second;
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(connection_, statement.sqlite.data(), static_cast<int>(statement.sqlite.size()), &prepared, nullptr) != SQLITE_OK)
      fail(connection_, statement);
    if (!statement.dynamic) prepared_.emplace(statement.sqlite.data(), prepared);
    return prepared;
  }

  static std::string json_rows(Columns const& columns) {
    boost::json::array rows;
    rows.reserve(columns.rows());
    for (std::size_t r = 0; r < columns.rows(); ++r) {
      boost::json::array row;
      row.reserve(columns.columns.size());
      for (auto const& column : columns.columns) {
        if (column[r]) row.emplace_back(*column[r]);
        else row.emplace_back(nullptr);
      }
      rows.push_back(std::move(row));
    }
    return boost::json::serialize(rows);
  }

  // By name, since SQLite numbers parameters by first appearance.
  void bind(sqlite3_stmt* prepared, Parameters const& parameters) {
    int position = 0;
    auto text = [&](int at, std::string const& value) {
      sqlite3_bind_text64(prepared, at, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    };
    for (auto const& parameter : parameters) {
      ++position;
      auto const name = "$" + std::to_string(position);
      int const at = sqlite3_bind_parameter_index(prepared, name.c_str());
      if (auto const* const columns = std::get_if<Columns>(&parameter.value())) {
        if (at != 0) text(at, json_rows(*columns));
        position += static_cast<int>(columns->columns.size()) - 1;
        continue;
      }
      if (at == 0) continue;
      auto const& value = parameter.value();
      if (auto const* const integer = std::get_if<std::int64_t>(&value)) sqlite3_bind_int64(prepared, at, *integer);
      else if (auto const* const real = std::get_if<double>(&value)) sqlite3_bind_double(prepared, at, *real);
      else if (auto const* const truth = std::get_if<bool>(&value)) sqlite3_bind_int64(prepared, at, *truth ? 1 : 0);
      else if (auto const* const string = std::get_if<std::string>(&value)) text(at, *string);
      else if (auto const* const list = std::get_if<TextArray>(&value)) {
        boost::json::array items;
        for (auto const& item : list->items) items.emplace_back(item);
        text(at, boost::json::serialize(items));
      } else {
        sqlite3_bind_null(prepared, at);
      }
    }
  }

  std::string path_;
  asio::thread_pool thread_;
  bool finished_ = false;
  sqlite3* connection_ = nullptr;
  std::unordered_map<char const*, sqlite3_stmt*> prepared_;  // by the text's address: catalogue texts are constants
};

Task<Rows> rows_of(std::function<Rows()> work) { co_return work(); }

// Runs `work` on the connection's thread; the caller continues on its own.
Task<Rows> on_thread(Connection& connection, std::function<Rows()> work) {
  co_return co_await asio::co_spawn(connection.thread(), rows_of(std::move(work)), asio::use_awaitable);
}

bool only_reads(Statement const& statement) {
  auto const text = statement.sqlite.substr(0, 6);
  if (text == "select") return true;
  if (!statement.sqlite.starts_with("with ")) return false;
  return statement.sqlite.find("insert into") == std::string_view::npos && statement.sqlite.find("update ") == std::string_view::npos &&
         statement.sqlite.find("delete from") == std::string_view::npos;
}

class SqliteStore : public Store {
 public:
  SqliteStore(Executor executor, Settings settings)
      : executor_(executor), path_(settings.database.substr(7)), writing_(executor, 1), reading_(executor, readers) {}

  std::string_view name() const override { return "sqlite"; }
  Dialect dialect() const override { return Dialect::sqlite; }

  Task<void> start() override {
    writer_ = std::make_shared<Connection>(path_);
    std::function<Rows()> open_writer = [this] {
      writer_->open();
      return Rows();
    };
    co_await on_thread(*writer_, std::move(open_writer));
    for (int i = 0; i < readers; ++i) {
      auto reader = std::make_shared<Connection>(path_);
      std::function<Rows()> open_reader = [reader] {
        reader->open();
        return Rows();
      };
      co_await on_thread(*reader, std::move(open_reader));
      idle_.push_back(std::move(reader));
    }
  }

  Task<void> stop() override {
    // Whoever is inside finishes first: taking every place means that nobody is.
    if (!writer_) co_return;
    co_await writing_.enter(turn_limit);
    for (int i = 0; i < readers; ++i) co_await reading_.enter(turn_limit);
    for (auto const& reader : idle_) reader->finish();
    idle_.clear();
    writer_->finish();
    writer_.reset();
  }

  Task<Transaction> begin(Lane) override;

  Task<Rows> run_on(Lane, Statement const& statement, Parameters parameters) override {
    if (!writer_) throw Unavailable("the database is closed");
    bool const reads = only_reads(statement);
    auto& turnstile = reads ? reading_ : writing_;
    if (!co_await turnstile.enter(turn_limit)) throw Unavailable("the database is busy");
    struct Place {
      SqliteStore& store;
      bool reads;
      std::shared_ptr<Connection> connection;
      ~Place() {
        if (reads && connection) store.idle_.push_back(connection);
        (reads ? store.reading_ : store.writing_).leave();
      }
    };
    Place place{*this, reads, nullptr};
    if (reads) {
      place.connection = idle_.back();
      idle_.pop_back();
    } else {
      place.connection = writer_;
    }
    auto const connection = place.connection;
    std::function<Rows()> work = [connection, &statement, &parameters] { return connection->run(statement, parameters); };
    co_return co_await on_thread(*connection, std::move(work));
  }

  Task<std::vector<Rows>> run_all(std::vector<Call> calls) override {
    std::vector<Rows> all;
    for (auto& call : calls) all.push_back(co_await run_on(Lane::interactive, call.statement, std::move(call.parameters)));
    co_return all;
  }

  Signal& topic(std::string_view name) override {
    auto& slot = topics_[std::string(name)];
    if (!slot) slot = std::make_unique<Signal>(executor_);
    return *slot;
  }
  void announce(std::string_view name) override { topic(name).notify(); }

  Task<void> run_script(std::string text) override {
    if (!co_await writing_.enter(turn_limit)) throw Unavailable("the database is busy");
    struct Place {
      Turnstile& turnstile;
      ~Place() { turnstile.leave(); }
    } const place{writing_};
    auto const writer = writer_;
    std::function<Rows()> work = [writer, script = std::move(text)] {
      try {
        writer->run_script("begin immediate;" + script + ";commit");
      } catch (...) {
        writer->rollback();
        throw;
      }
      return Rows();
    };
    co_await on_thread(*writer, std::move(work));
  }

 private:
  friend class SqliteTransaction;
  static constexpr int readers = 3;

  Executor executor_;
  std::string path_;
  Turnstile writing_;
  Turnstile reading_;
  std::shared_ptr<Connection> writer_;
  std::vector<std::shared_ptr<Connection>> idle_;
  std::map<std::string, std::unique_ptr<Signal>, std::less<>> topics_;
};

// Holds the only writing place from begin to commit or death.
class SqliteTransaction : public Transaction::Body {
 public:
  explicit SqliteTransaction(SqliteStore& store) : store_(store), writer_(store.writer_) {}
  ~SqliteTransaction() override {
    if (finished_) return;
    // Not an owner: the last one must not die on the connection's own thread, and ~Connection waits for what was posted.
    asio::post(writer_->thread(), [writer = writer_.get()] { writer->rollback(); });
    store_.writing_.leave();  // the next transaction's begin queues behind the rollback on the same thread
  }

  Task<Rows> run(Statement const& statement, Parameters parameters) override {
    auto const writer = writer_;
    std::function<Rows()> work = [writer, &statement, &parameters] { return writer->run(statement, parameters); };
    co_return co_await on_thread(*writer, std::move(work));
  }

  Task<std::vector<Rows>> run_all(std::vector<Call> calls) override {
    auto all = std::make_shared<std::vector<Rows>>();
    auto const writer = writer_;
    std::function<Rows()> work = [writer, all, &calls] {
      for (auto const& call : calls) all->push_back(writer->run(call.statement, call.parameters));
      return Rows();
    };
    co_await on_thread(*writer, std::move(work));
    co_return std::move(*all);
  }

  Task<void> begin() {
    auto const writer = writer_;
    std::function<Rows()> work = [writer] {
      writer->begin();
      return Rows();
    };
    co_await on_thread(*writer, std::move(work));
  }

  Task<void> commit() override {
    auto const writer = writer_;
    std::function<Rows()> work = [writer] {
      writer->commit();
      return Rows();
    };
    co_await on_thread(*writer, std::move(work));
    finished_ = true;
    store_.writing_.leave();
  }

 private:
  SqliteStore& store_;
  std::shared_ptr<Connection> writer_;
  bool finished_ = false;
};

Task<Transaction> SqliteStore::begin(Lane) {
  if (!writer_) throw Unavailable("the database is closed");
  if (!co_await writing_.enter(turn_limit)) throw Unavailable("the database is busy");
  auto body = std::make_unique<SqliteTransaction>(*this);
  co_await body->begin();
  co_return Transaction(*this, std::move(body));
}

}  // namespace

std::unique_ptr<Store> open_sqlite(Executor executor, Settings settings) {
  return std::make_unique<SqliteStore>(std::move(executor), std::move(settings));
}

}  // namespace postrider::db
