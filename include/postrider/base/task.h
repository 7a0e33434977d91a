// The coroutine type of the house, and the three ways a coroutine may wait: for time, for a signal, for its turn.
//
// Threading: a process has ONE I/O thread. All coroutines run on it, so module state needs no locks; work that would
// hold the thread (SQLite, password hashing, compression of big bodies) goes through `offload` (offload.h).
// Law: no brace between the start of a statement with `co_await` and its `;` (docs/style.md tells why).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace postrider {

template <class T = void>
using Task = boost::asio::awaitable<T>;

using Executor = boost::asio::any_io_executor;

// Suspends for at least `time`. Cancelled by the executor's stop only.
Task<void> sleep_for(std::chrono::nanoseconds time);

// Lets everything else that is ready run first. Long loops call it now and then.
Task<void> yield();

// Something happened, perhaps: a level that any number of coroutines can wait on. Not thread safe (one I/O thread).
// `notify` wakes all current waiters; a notify with nobody waiting is remembered for the next `wait_for`.
class Signal {
 public:
  explicit Signal(Executor executor);
  ~Signal();
  Signal(Signal const&) = delete;
  Signal& operator=(Signal const&) = delete;

  void notify();
  // True when notified, false when `limit` passed first.
  Task<bool> wait_for(std::chrono::nanoseconds limit);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Runs coroutines side by side and waits for all of them in `join`; the only way to start one that is not awaited on the
// spot. An exception that leaves a task is logged with its name and rethrown by `join`.
class TaskGroup {
 public:
  explicit TaskGroup(Executor executor);
  ~TaskGroup();  // the group must be joined (or never used) before it dies
  TaskGroup(TaskGroup const&) = delete;
  TaskGroup& operator=(TaskGroup const&) = delete;

  void spawn(std::string_view name, Task<void> task);
  std::size_t running() const;
  Task<void> join();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Runs one coroutine to its end on a context of its own: for commands and tests.
void run_to_end(boost::asio::io_context& context, Task<void> task);

}  // namespace postrider
