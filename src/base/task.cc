#include "postrider/base/task.h"

#include "postrider/base/log.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cassert>
#include <exception>
#include <vector>

namespace postrider {

namespace asio = boost::asio;

Task<void> sleep_for(std::chrono::nanoseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(time);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<void> yield() {
  auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

// Each waiter has a timer of its own with its own limit; a notify cancels them all. `generation` tells the two apart.
struct Signal::State {
  explicit State(Executor e) : executor(std::move(e)) {}
  Executor executor;
  std::vector<asio::steady_timer*> waiting;
  std::uint64_t generation = 0;
  bool pending = false;
};

Signal::Signal(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

Signal::~Signal() { notify(); }

void Signal::notify() {
  ++state_->generation;
  if (state_->waiting.empty()) state_->pending = true;
  for (auto* const timer : state_->waiting) timer->cancel();
}

Task<bool> Signal::wait_for(std::chrono::nanoseconds limit) {
  auto const state = state_;  // outlives the Signal if it is destroyed meanwhile
  if (state->pending) {
    state->pending = false;
    co_return true;
  }
  auto const seen = state->generation;
  asio::steady_timer timer(state->executor);
  timer.expires_after(limit);
  state->waiting.push_back(&timer);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  std::erase(state->waiting, &timer);
  co_return state->generation != seen;
}

struct TaskGroup::State {
  explicit State(Executor e) : executor(e), empty(e) {}
  Executor executor;
  Signal empty;
  std::size_t running = 0;
  std::exception_ptr failure;
};

TaskGroup::TaskGroup(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(std::string_view name, Task<void> task) {
  auto state = state_;
  ++state->running;
  auto done = [state, task_name = std::string(name)](std::exception_ptr failure) {
    --state->running;
    if (failure) {
      state->failure = failure;
      try {
        std::rethrow_exception(failure);
      } catch (std::exception const& error) {
        log::error("task_failed", log::field("task", task_name), log::field("error", error.what()));
      } catch (...) {
        log::error("task_failed", log::field("task", task_name), log::field("error", "unknown exception"));
      }
    }
    if (state->running == 0) state->empty.notify();
  };
  asio::co_spawn(state->executor, std::move(task), std::move(done));
}

std::size_t TaskGroup::running() const { return state_->running; }

Task<void> TaskGroup::join() {
  auto state = state_;
  while (state->running > 0) co_await state->empty.wait_for(std::chrono::hours(1));
  if (state->failure) std::rethrow_exception(std::exchange(state->failure, nullptr));
}

void run_to_end(asio::io_context& context, Task<void> task) {
  std::exception_ptr failure;
  bool finished = false;
  auto done = [&failure, &finished, &context](std::exception_ptr error) {
    failure = error;
    finished = true;
    context.stop();
  };
  asio::co_spawn(context, std::move(task), done);
  context.restart();
  context.run();
  if (!finished) throw std::logic_error("run_to_end: the context stopped before the task ended");
  if (failure) std::rethrow_exception(failure);
}

}  // namespace postrider
