#include "db/postgres.h"

#include "db/postgres_connection.h"
#include "db/turnstile.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/base/offload.h"

#include <unistd.h>

#include <array>
#include <map>
#include <set>

namespace postrider::db {

namespace {

constexpr auto wait_for_place = std::chrono::seconds(10);
constexpr auto notify_pause = std::chrono::milliseconds(2);

constexpr Statement sql_begin{"db", "begin", Tag::utility, "begin", ""};
constexpr Statement sql_commit{"db", "commit", Tag::utility, "commit", ""};
constexpr Statement sql_rollback{"db", "rollback", Tag::utility, "rollback", ""};
constexpr Statement sql_notify{"db", "notify", Tag::utility, "select pg_notify('postrider', $1)", ""};

std::size_t index(Lane lane) { return static_cast<std::size_t>(lane); }

std::chrono::milliseconds statement_limit(Lane lane) {
  switch (lane) {
    case Lane::interactive: return std::chrono::seconds(15);
    case Lane::sending: return std::chrono::seconds(30);
    case Lane::background: return std::chrono::minutes(15);
    case Lane::vital: return std::chrono::minutes(5);
  }
  return std::chrono::seconds(15);
}

// What is claimed and settled is found by its ids, some hundred at a time. A plan that fits any number of them fits none: one is made each time.
std::string planner_settings(Lane lane) {
  if (lane != Lane::sending) return "";
  return "set plan_cache_mode = force_custom_plan; set random_page_cost = 1.1";
}

metrics::Gauge& busy_connections(Lane lane) {
  static std::array const gauges{
      &metrics::gauge("postrider_db_busy_connections", "PostgreSQL connections at work, by lane", {{"lane", "interactive"}}),
      &metrics::gauge("postrider_db_busy_connections", "PostgreSQL connections at work, by lane", {{"lane", "sending"}}),
      &metrics::gauge("postrider_db_busy_connections", "PostgreSQL connections at work, by lane", {{"lane", "background"}}),
      &metrics::gauge("postrider_db_busy_connections", "PostgreSQL connections at work, by lane", {{"lane", "vital"}})};
  return *gauges[index(lane)];
}

metrics::Counter& opened_connections() {
  static auto& counter = metrics::counter("postrider_db_connections_opened_total", "PostgreSQL connections that were opened");
  return counter;
}

metrics::Counter& no_place() {
  static auto& counter = metrics::counter("postrider_db_no_connection_total", "Times that work found every PostgreSQL connection of its lane busy for too long");
  return counter;
}

struct Pool {
  Pool(Executor executor, int size) : turnstile(executor, size) {}
  Turnstile turnstile;
  std::vector<std::unique_ptr<PostgresConnection>> idle;
};

class PostgresStore : public Store {
 public:
  PostgresStore(Executor executor, Settings settings)
      : executor_(executor),
        settings_(std::move(settings)),
        connecting_(2),
        services_(executor),
        stopping_(executor),
        outgoing_bell_(executor),
        pools_{Pool(executor, settings_.interactive_connections), Pool(executor, settings_.sending_connections),
               Pool(executor, settings_.background_connections), Pool(executor, 2)} {}

  std::string_view name() const override { return "postgres"; }
  Dialect dialect() const override { return Dialect::postgres; }

  Task<void> start() override {
    auto connection = co_await connect(Lane::vital);
    co_await connection->run_script("create schema if not exists \"" + settings_.schema + "\"");
    pool(Lane::vital).idle.push_back(std::move(connection));
    running_ = true;
    services_.spawn("db.listen", listen());
    services_.spawn("db.notify", send_notifications());
  }

  Task<void> stop() override {
    if (!running_) co_return;
    running_ = false;
    stopping_.notify();
    outgoing_bell_.notify();
    if (listener_) listener_->interrupt();  // its coroutine still stands on it
    co_await services_.join();
    for (auto& pool : pools_) pool.idle.clear();
  }

  Task<Transaction> begin(Lane lane) override;

  Task<Rows> run_on(Lane lane, Statement const& statement, Parameters parameters) override {
    std::vector<Call> calls;
    calls.push_back(Call{statement, std::move(parameters)});
    auto all = co_await run_calls(lane, std::move(calls));
    co_return std::move(all.front());
  }

  Task<std::vector<Rows>> run_all(std::vector<Call> calls) override { return run_calls(Lane::interactive, std::move(calls)); }

  Signal& topic(std::string_view name) override {
    auto& slot = topics_[std::string(name)];
    if (!slot) slot = std::make_unique<Signal>(executor_);
    return *slot;
  }

  void announce(std::string_view name) override {
    topic(name).notify();
    outgoing_.emplace(name);
    outgoing_bell_.notify();
  }

  Task<void> run_script(std::string text) override {
    auto lease = co_await acquire(Lane::vital);
    // One migration at a time, whoever runs it.
    auto const script = "begin; select pg_advisory_xact_lock(7031969); " + text + "; commit";
    std::exception_ptr failure;
    try {
      co_await lease.connection->run_script(script);
    } catch (Failure const&) {
      failure = std::current_exception();
    }
    if (!failure) co_return;
    if (!lease.connection->broken()) co_await lease.connection->run_script("rollback");
    std::rethrow_exception(failure);
  }

 private:
  friend class PostgresTransaction;

  // A connection taken out of a pool; goes back when this dies, unless it is broken or in mid-statement.
  struct Lease {
    Lease(PostgresStore& s, Lane l, std::unique_ptr<PostgresConnection> c) : store(&s), lane(l), connection(std::move(c)) { busy_connections(l).add(1); }
    Lease(Lease&& other) noexcept : store(std::exchange(other.store, nullptr)), lane(other.lane), connection(std::move(other.connection)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (!store) return;
      busy_connections(lane).add(-1);
      if (connection && !connection->broken() && !connection->busy() && store->running_)
        store->pool(lane).idle.push_back(std::move(connection));
      else if (connection && connection->broken())
        store->forget_idle();
      connection.reset();
      store->pool(lane).turnstile.leave();
    }
    PostgresStore* store;
    Lane lane;
    std::unique_ptr<PostgresConnection> connection;
  };

  Pool& pool(Lane lane) { return pools_[index(lane)]; }

  // After a failover every pooled connection points at the wrong server.
  void forget_idle() {
    for (auto& pool : pools_) pool.idle.clear();
  }

  Task<std::unique_ptr<PostgresConnection>> connect(Lane lane) {
    auto const limit = statement_limit(lane);
    std::function<PGconn*()> work = [url = settings_.database, schema = settings_.schema, limit, more = planner_settings(lane)] {
      return PostgresConnection::connect(url, schema, static_cast<int>(limit.count()), more);
    };
    auto* const raw = co_await connecting_.run<PGconn*>(std::move(work));
    opened_connections().add();
    co_return std::make_unique<PostgresConnection>(executor_, raw, limit + std::chrono::seconds(5));
  }

  Task<Lease> acquire(Lane lane) {
    auto& from = pool(lane);
    bool const place = co_await from.turnstile.enter(wait_for_place);
    if (!place) no_place().add();
    if (!place) throw Unavailable("every PostgreSQL connection is busy");
    Lease lease(*this, lane, nullptr);
    if (!from.idle.empty()) {
      lease.connection = std::move(from.idle.back());
      from.idle.pop_back();
    } else {
      lease.connection = co_await connect(lane);
    }
    co_return lease;
  }

  Task<std::vector<Rows>> run_calls(Lane lane, std::vector<Call> calls) {
    auto lease = co_await acquire(lane);
    co_return co_await lease.connection->run(std::move(calls));
  }

  // LISTEN is a hint that polls back up: every failure here only costs latency.
  Task<void> listen() {
    while (running_) {
      try {
        listener_ = co_await connect(Lane::vital);
        co_await listener_->run_script("listen postrider");
        for (auto& [name, signal] : topics_) signal->notify();
        std::function<void(std::string_view)> const receive = [this](std::string_view payload) { receive_notification(payload); };
        while (running_ && listener_) co_await listener_->wait_for_notifications(receive);
      } catch (Failure const& failure) {
        if (running_) log::warn("listener_lost", log::field("error", failure.what()));
      }
      listener_.reset();
      if (running_) co_await stopping_.wait_for(std::chrono::seconds(1));
    }
  }

  void receive_notification(std::string_view payload) {
    auto const space = payload.find(' ');
    if (payload.substr(0, space) == own_mark_ || space == std::string_view::npos) return;
    if (auto const found = topics_.find(payload.substr(space + 1)); found != topics_.end()) found->second->notify();
  }

  // Announcements of a few milliseconds travel together.
  Task<void> send_notifications() {
    while (running_) {
      co_await outgoing_bell_.wait_for(std::chrono::seconds(5));
      if (!running_ || outgoing_.empty()) continue;
      co_await sleep_for(notify_pause);
      auto const topics = std::exchange(outgoing_, std::set<std::string, std::less<>>());
      try {
        for (auto const& name : topics) co_await all_on(Lane::vital, sql_notify, own_mark_ + " " + name);
      } catch (Failure const& failure) {
        log::warn("notify_failed", log::field("error", failure.what()));
      }
    }
  }

  Executor executor_;
  Settings settings_;
  Offload connecting_;  // PQconnect blocks on name resolution and on the handshake
  TaskGroup services_;
  Signal stopping_;
  Signal outgoing_bell_;
  std::array<Pool, 4> pools_;
  std::map<std::string, std::unique_ptr<Signal>, std::less<>> topics_;
  std::set<std::string, std::less<>> outgoing_;
  std::unique_ptr<PostgresConnection> listener_;
  std::string own_mark_ = std::to_string(::getpid()) + "." + std::to_string(reinterpret_cast<std::uintptr_t>(this));
  bool running_ = false;
};

class PostgresTransaction : public Transaction::Body {
 public:
  PostgresTransaction(PostgresStore& store, PostgresStore::Lease lease) : store_(store), lease_(std::move(lease)) {}

  ~PostgresTransaction() override {
    if (finished_ || !begun_ || !lease_.connection || lease_.connection->broken() || lease_.connection->busy()) return;
    if (store_.running_) store_.services_.spawn("db.rollback", roll_back(std::move(lease_)));
    else lease_.connection.reset();
  }

  Task<Rows> run(Statement const& statement, Parameters parameters) override {
    std::vector<Call> calls;
    calls.push_back(Call{statement, std::move(parameters)});
    auto all = co_await run_all(std::move(calls));
    co_return std::move(all.front());
  }

  // BEGIN travels with the first statement.
  Task<std::vector<Rows>> run_all(std::vector<Call> calls) override {
    if (begun_) co_return co_await lease_.connection->run(std::move(calls));
    begun_ = true;
    std::vector<Call> with_begin;
    with_begin.reserve(calls.size() + 1);
    with_begin.push_back(Call{sql_begin, Parameters()});
    for (auto& call : calls) with_begin.push_back(std::move(call));
    auto all = co_await lease_.connection->run(std::move(with_begin));
    all.erase(all.begin());
    co_return all;
  }

  Task<void> commit() override {
    if (begun_) {
      std::vector<Call> calls;
      calls.push_back(Call{sql_commit, Parameters()});
      co_await lease_.connection->run(std::move(calls));
    }
    finished_ = true;
    auto const back = std::move(lease_);  // to the pool at once, not when the Transaction dies
  }

 private:
  static Task<void> roll_back(PostgresStore::Lease lease) {
    try {
      std::vector<Call> calls;
      calls.push_back(Call{sql_rollback, Parameters()});
      co_await lease.connection->run(std::move(calls));
    } catch (Failure const& failure) {
      log::warn("rollback_failed", log::field("error", failure.what()));
    }
  }

  PostgresStore& store_;
  PostgresStore::Lease lease_;
  bool begun_ = false;
  bool finished_ = false;
};

Task<Transaction> PostgresStore::begin(Lane lane) {
  auto lease = co_await acquire(lane);
  auto body = std::make_unique<PostgresTransaction>(*this, std::move(lease));
  co_return Transaction(*this, std::move(body));
}

}  // namespace

std::unique_ptr<Store> open_postgres(Executor executor, Settings settings) {
  return std::make_unique<PostgresStore>(std::move(executor), std::move(settings));
}

}  // namespace postrider::db
