#include "postrider/base/offload.h"

#include <boost/asio/post.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace postrider {

namespace asio = boost::asio;

namespace {

Task<void> perform(std::function<void()> job) {
  job();
  co_return;
}

}  // namespace

Offload::Offload(unsigned threads) : pool_(std::make_unique<asio::thread_pool>(threads)) {}

Offload::~Offload() { pool_->join(); }

Task<void> Offload::run_job(std::function<void()> job) {
  // co_spawn on the pool, awaited here: the completion is posted back to this coroutine's own executor.
  co_await asio::co_spawn(pool_->get_executor(), perform(std::move(job)), asio::use_awaitable);
}

}  // namespace postrider
