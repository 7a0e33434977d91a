#include "app/ticker.h"

#include "postrider/base/log.h"

namespace postrider::app {

namespace {

class Ticker : public Service {
 public:
  Ticker(Executor executor, std::string name, std::chrono::milliseconds every, std::function<Task<void>()> work)
      : name_(std::move(name)), every_(every), work_(std::move(work)), tasks_(executor), stopping_(executor) {}

  std::string_view name() const override { return name_; }

  Task<void> start() override {
    running_ = true;
    tasks_.spawn(name_, turn());
    co_return;
  }

  Task<void> stop() override {
    running_ = false;
    stopping_.notify();
    co_await tasks_.join();
  }

 private:
  Task<void> turn() {
    while (running_) {
      try {
        co_await work_();
      } catch (std::exception const& error) {
        log::warn("tick_failed", log::field("what", name_), log::field("error", error.what()));
      }
      if (running_) co_await stopping_.wait_for(every_);
    }
  }

  std::string name_;
  std::chrono::milliseconds every_;
  std::function<Task<void>()> work_;
  TaskGroup tasks_;
  Signal stopping_;
  bool running_ = false;
};

}  // namespace

std::unique_ptr<Service> make_ticker(Executor executor, std::string name, std::chrono::milliseconds every, std::function<Task<void>()> work) {
  return std::make_unique<Ticker>(std::move(executor), std::move(name), every, std::move(work));
}

}  // namespace postrider::app
