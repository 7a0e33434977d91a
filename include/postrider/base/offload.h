// Work that would hold the I/O thread (password hashing, big compression, DNS) runs on a small pool of its own and comes back.
// The function must not touch anything that coroutines touch; pass copies in, take a value out. Exceptions travel back.
#pragma once

#include "postrider/base/task.h"

#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <exception>

namespace postrider {

class Offload {
 public:
  explicit Offload(unsigned threads);
  ~Offload();

  template <class T>
  Task<T> run(std::function<T()> work) {
    auto slot = std::make_shared<std::optional<T>>();
    std::function<void()> job = [slot, work = std::move(work)] { slot->emplace(work()); };
    co_await run_job(std::move(job));
    co_return std::move(**slot);
  }

 private:
  Task<void> run_job(std::function<void()> job);

  std::unique_ptr<boost::asio::thread_pool> pool_;
};

}  // namespace postrider
