#include "support/crashing_store.h"

namespace postrider::test {

class CrashingTransaction : public db::Transaction::Body {
 public:
  CrashingTransaction(CrashingStore& store, db::Transaction inner) : store_(store), inner_(std::move(inner)) {}

  Task<db::Rows> run(db::Statement const& statement, db::Parameters parameters) override {
    store_.pass("before ", statement.name);
    auto rows = co_await inner_.run(statement, std::move(parameters));
    store_.pass("after ", statement.name);
    co_return rows;
  }

  Task<std::vector<db::Rows>> run_all(std::vector<db::Call> calls) override {
    store_.pass("before ", "several statements");
    auto rows = co_await inner_.run_all(std::move(calls));
    store_.pass("after ", "several statements");
    co_return rows;
  }

  Task<void> commit() override {
    store_.pass("before ", "commit");
    co_await inner_.commit();
    ++store_.commits_;
    store_.pass("after ", "commit");
  }

 private:
  CrashingStore& store_;
  db::Transaction inner_;
};

void CrashingStore::revive() {
  dead_ = false;
  left_ = 0;
}

void CrashingStore::pass(char const* when, std::string_view what) {
  ++awaits_;
  bool const dies = !dead_ && left_ > 0 && --left_ == 0;
  if (dies) ++crashes_;
  dead_ = dead_ || dies;
  if (dead_) throw Crash{when + std::string(what)};
}

Task<db::Transaction> CrashingStore::begin(db::Lane lane) {
  pass("before ", "begin");
  auto inner = co_await inner_.begin(lane);
  pass("after ", "begin");
  auto body = std::make_unique<CrashingTransaction>(*this, std::move(inner));
  co_return db::Transaction(*this, std::move(body));
}

Task<db::Rows> CrashingStore::run_on(db::Lane lane, db::Statement const& statement, db::Parameters parameters) {
  pass("before ", statement.name);
  auto rows = co_await inner_.run_on(lane, statement, std::move(parameters));
  if (rows.affected() > 0 && !statement.text(dialect()).starts_with("select")) ++commits_;
  pass("after ", statement.name);
  co_return rows;
}

Task<std::vector<db::Rows>> CrashingStore::run_all(std::vector<db::Call> calls) {
  pass("before ", "several statements");
  auto rows = co_await inner_.run_all(std::move(calls));
  pass("after ", "several statements");
  co_return rows;
}

}  // namespace postrider::test
