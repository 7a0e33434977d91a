// Lets a bounded number of coroutines through at a time, in order of arrival. Not thread safe (one I/O thread).
#pragma once

#include "postrider/base/task.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <deque>
#include <memory>

namespace postrider::db {

class Turnstile {
 public:
  Turnstile(Executor executor, int places) : executor_(std::move(executor)), free_(places) {}

  // True with a place taken (give it back with `leave`), false when `limit` passed first.
  Task<bool> enter(std::chrono::nanoseconds limit) {
    if (free_ > 0 && waiting_.empty()) {
      --free_;
      co_return true;
    }
    auto ticket = std::make_shared<Ticket>(executor_);
    ticket->bell.expires_after(limit);
    waiting_.push_back(ticket);
    boost::system::error_code ignored;
    co_await ticket->bell.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    if (!ticket->called) std::erase(waiting_, ticket);
    co_return ticket->called;
  }

  void leave() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    auto const next = waiting_.front();
    waiting_.pop_front();
    next->called = true;
    next->bell.cancel();
  }

  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Ticket {
    explicit Ticket(Executor const& executor) : bell(executor) {}
    boost::asio::steady_timer bell;
    bool called = false;
  };
  Executor executor_;
  int free_;
  std::deque<std::shared_ptr<Ticket>> waiting_;
};

}  // namespace postrider::db
