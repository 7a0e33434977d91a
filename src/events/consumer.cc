#include "postrider/events/consumer.h"

#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "sql/events.h"

#include <map>

namespace postrider::events {

namespace {

constexpr auto poll = std::chrono::seconds(1);
constexpr auto lease_time = std::chrono::seconds(30);
constexpr auto longest_pause = std::chrono::seconds(30);

class DurableConsumer : public Service {
 public:
  DurableConsumer(db::Store& store, Clock const& clock, Executor executor, InstanceId instance, ConsumerSettings settings, Handler handler)
      : store_(store), clock_(clock), instance_(instance), settings_(std::move(settings)), handler_(std::move(handler)), tasks_(executor), stopping_(executor) {}

  std::string_view name() const override { return settings_.name; }

  Task<void> start() override {
    running_ = true;
    tasks_.spawn("consumer", work());
    co_return;
  }

  Task<void> stop() override {
    running_ = false;
    stopping_.notify();
    if (running_once_) store_.topic("events").notify();
    co_await tasks_.join();
  }

 private:
  // The one catch of the consumers: back off, the cursor stays where it is.
  Task<void> work() {
    running_once_ = true;
    auto pause = std::chrono::milliseconds(500);
    while (running_) {
      bool more = false;
      std::string failure;
      try {
        more = co_await step();
        pause = std::chrono::milliseconds(500);
      } catch (std::exception const& error) {
        failure = error.what();
      }
      if (!failure.empty()) {
        log::error("consumer_failed", log::field("consumer", settings_.name), log::field("error", failure));
        metrics::counter("postrider_events_consumer_failures_total", "Batches that a consumer failed on", {{"consumer", settings_.name}}).add();
        co_await note_failure(failure);
        co_await stopping_.wait_for(pause);
        pause = std::min<std::chrono::milliseconds>(pause * 2, longest_pause);
        continue;
      }
      if (!more && running_) co_await store_.topic("events").wait_for(poll);
    }
  }

  // True when there may be more.
  Task<bool> step() {
    auto const now = clock_.now();
    auto const lease = co_await store_.all_on(db::Lane::vital, sql::events::take_lease, TenantId(), "consumer:" + settings_.name, instance_,
                                              now + lease_time, now);
    if (lease.empty()) co_return false;
    auto row = co_await store_.maybe(sql::events::consumer, TenantId(), settings_.name);
    if (!row) {
      Position first;
      if (!settings_.from_the_start) first = co_await newest(store_);
      co_await store_.exec(sql::events::add_consumer, TenantId(), settings_.name, first.tx, first.seq, now);
      co_return true;
    }
    Position const from{row->integer(0), row->integer(1)};
    auto const batch = co_await read_after(store_, from, settings_.batch);
    if (batch.empty()) {
      set_lag(0);
      co_return false;
    }
    // One tenant a transaction: the longest run of events of one tenant at the front.
    std::vector<StoredEvent> run;
    for (auto const& event : batch) {
      if (!run.empty() && event.tenant != run.front().tenant) break;
      run.push_back(event);
    }
    auto const to = run.back().position;
    auto tx = co_await store_.begin(db::Lane::background);
    auto const moved = co_await tx.exec(sql::events::move_consumer, TenantId(), settings_.name, to.tx, to.seq, run.back().created_at, now, from.tx, from.seq);
    if (moved == 0) co_return false;  // another instance was faster
    co_await handler_(tx, run.front().tenant, run);
    co_await tx.commit();
    metrics::counter("postrider_events_consumer_handled_total", "Events a consumer has taken in", {{"consumer", settings_.name}})
        .add(static_cast<double>(run.size()));
    set_lag(std::chrono::duration<double>(clock_.now() - run.back().created_at).count());
    co_return true;
  }

  void set_lag(double seconds) {
    metrics::gauge("postrider_events_consumer_lag_seconds", "Age of the newest event a consumer has taken in", {{"consumer", settings_.name}}).set(seconds);
  }

  Task<void> note_failure(std::string why) {
    try {
      co_await store_.exec(sql::events::fail_consumer, TenantId(), settings_.name, why.substr(0, 500), clock_.now());
    } catch (db::Failure const&) {
      // the database itself may be what failed
    }
  }

  db::Store& store_;
  Clock const& clock_;
  InstanceId instance_;
  ConsumerSettings settings_;
  Handler handler_;
  TaskGroup tasks_;
  Signal stopping_;
  bool running_ = false;
  bool running_once_ = false;
};

}  // namespace

std::unique_ptr<Service> make_consumer(db::Store& store, Clock const& clock, Executor executor, InstanceId instance, ConsumerSettings settings,
                                       Handler handler) {
  return std::make_unique<DurableConsumer>(store, clock, executor, instance, std::move(settings), std::move(handler));
}

}  // namespace postrider::events
