#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/journeys/engine.h"

namespace postrider::journeys {

namespace {

constexpr auto look_every = std::chrono::milliseconds(250);
constexpr auto longest_pause = std::chrono::seconds(10);

class Stepper : public Service {
 public:
  Stepper(Engine& engine, db::Store& store, Executor executor) : engine_(engine), store_(store), tasks_(executor), stopping_(executor) {}

  std::string_view name() const override { return "journeys"; }

  Task<void> start() override {
    running_ = true;
    tasks_.spawn("journeys", work());
    co_return;
  }

  Task<void> stop() override {
    if (running_) store_.topic("journeys").notify();
    running_ = false;
    stopping_.notify();
    co_await tasks_.join();
  }

 private:
  Task<void> work() {
    std::chrono::nanoseconds pause = look_every;
    while (running_) {
      int stepped = 0;
      std::string failure;
      try {
        stepped = co_await round();
        pause = look_every;
      } catch (std::exception const& error) {
        failure = error.what();
      }
      if (!failure.empty()) {
        log::error("journeys_failed", log::field("error", failure));
        metrics::counter("postrider_journeys_failures_total", "Rounds of the journey engine that failed and were tried again").add();
        co_await stopping_.wait_for(pause);
        pause = std::min<std::chrono::nanoseconds>(pause * 2, longest_pause);
      } else if (stepped == 0 && running_) {
        co_await store_.topic("journeys").wait_for(look_every);
      }
    }
  }

  // One batch of each journey in turn, so that none waits for another's crowd.
  Task<int> round() {
    int stepped = 0;
    for (auto const& journey : co_await engine_.busy()) {
      if (!running_) break;
      stepped += co_await engine_.step(journey);
    }
    co_return stepped;
  }

  Engine& engine_;
  db::Store& store_;
  TaskGroup tasks_;
  Signal stopping_;
  bool running_ = false;
};

}  // namespace

std::unique_ptr<Service> make_stepper(Engine& engine, db::Store& store, Executor executor) { return std::make_unique<Stepper>(engine, store, std::move(executor)); }

}  // namespace postrider::journeys
