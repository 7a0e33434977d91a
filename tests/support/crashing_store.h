// A door to a real store at which a process dies: at the n-th await (before or after a begin, a statement or a commit) it throws a Crash, and
// from then on at everything, as one who is dead does nothing more. What was committed stays, whether or not the dead one learned of it; the
// rest is undone. `revive` is the restart; whoever restarts builds anew what the process held in memory.
#pragma once

#include "postrider/db/store.h"

#include <string>

namespace postrider::test {

// Not a std::exception, so that nobody who catches failures survives it.
struct Crash {
  std::string at;  // "after journey_engine.store"
};

class CrashingStore : public db::Store {
 public:
  explicit CrashingStore(db::Store& inner) : inner_(inner) {}

  // Dies at the n-th await from now, the first being 1.
  void die_at(int await) { left_ = await; }
  void live_on() { left_ = 0; }
  void revive();

  int awaits() const { return awaits_; }
  int crashes() const { return crashes_; }
  // Transactions and single writes that are in the database, known or not.
  int commits() const { return commits_; }

  std::string_view name() const override { return "crashing"; }
  Task<void> start() override { return inner_.start(); }
  Task<void> stop() override { return inner_.stop(); }
  db::Dialect dialect() const override { return inner_.dialect(); }
  Task<db::Transaction> begin(db::Lane lane = db::Lane::interactive) override;
  Task<db::Rows> run_on(db::Lane lane, db::Statement const& statement, db::Parameters parameters) override;
  Task<std::vector<db::Rows>> run_all(std::vector<db::Call> calls) override;
  Signal& topic(std::string_view topic) override { return inner_.topic(topic); }
  void announce(std::string_view topic) override { inner_.announce(topic); }
  Task<void> run_script(std::string text) override { return inner_.run_script(std::move(text)); }

 private:
  friend class CrashingTransaction;
  void pass(char const* when, std::string_view what);

  db::Store& inner_;
  int left_ = 0;  // awaits until death; 0: never
  bool dead_ = false;
  int awaits_ = 0, crashes_ = 0, commits_ = 0;
};

}  // namespace postrider::test
