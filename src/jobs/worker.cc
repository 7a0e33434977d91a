#include "postrider/jobs/worker.h"

#include "postrider/base/fail_point.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/base/random.h"
#include "postrider/jobs/queue.h"
#include "sql/jobs.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <deque>
#include <set>

namespace postrider::jobs {

POSTRIDER_DECLARE_FAIL_POINT(point_claimed, "jobs.claimed");
POSTRIDER_DECLARE_FAIL_POINT(point_handled, "jobs.handled");

namespace {

constexpr auto first_back_off = std::chrono::seconds(2);
constexpr auto longest_back_off = std::chrono::hours(1);
constexpr int tenants_a_round = 50;

// 2 s, 4 s, 8 s … with up to a quarter added, so that what failed together does not come back together.
Duration back_off(int attempts, Random& random) {
  auto const doubled = first_back_off * (std::int64_t{1} << std::clamp(attempts - 1, 0, 12));
  auto const bounded = std::min<Duration>(doubled, longest_back_off);
  return bounded + Duration(static_cast<std::int64_t>(static_cast<double>(bounded.count()) * 0.25 * random.fraction()));
}

struct Ended {
  Job job;
  Answer answer;
};

class QueueWorker : public Service {
 public:
  QueueWorker(db::Store& store, Clock const& clock, Random& random, Executor executor, InstanceId instance, WorkerSettings settings,
              std::map<std::string, Handler> handlers)
      : store_(store),
        clock_(clock),
        random_(random),
        instance_(instance),
        settings_(std::move(settings)),
        handlers_(std::move(handlers)),
        tasks_(executor),
        running_jobs_(executor),
        topic_(store.topic("jobs:" + settings_.queue)),
        freed_(executor),
        ended_bell_(executor),
        stopping_(executor) {
    for (auto const& [kind, handler] : handlers_) kinds_.items.push_back(kind);
  }

  std::string_view name() const override { return settings_.queue; }

  Task<void> start() override {
    running_ = true;
    tasks_.spawn("jobs.claim", claim());
    tasks_.spawn("jobs.settle", settle());
    tasks_.spawn("jobs.watch", watch());
    co_return;
  }

  // Claims nothing more, lets what runs finish, and settles it.
  Task<void> stop() override {
    if (!running_) co_return;
    running_ = false;
    topic_.notify();
    freed_.notify();
    stopping_.notify();
    co_await running_jobs_.join();
    drained_ = true;
    ended_bell_.notify();
    co_await tasks_.join();
  }

 private:
  Task<void> claim() {
    while (running_) {
      bool found = false;
      try {
        found = co_await claim_round();
      } catch (db::Failure const& failure) {
        log::warn("jobs_claim_failed", log::field("queue", settings_.queue), log::field("error", failure.what()));
      }
      if (!running_) break;
      if (!waiting_.empty() || active() >= settings_.concurrency) {
        co_await freed_.wait_for(settings_.poll);
        start_waiting();
      } else if (!found) {
        co_await topic_.wait_for(settings_.poll);
      }
    }
    co_await release_waiting();
    claim_ended_ = true;
    ended_bell_.notify();
  }

  int active() const { return static_cast<int>(running_jobs_.running()); }

  // One batch from each tenant that has something due, in turn.
  Task<bool> claim_round() {
    bool found = false;
    auto const tenants = co_await store_.all_on(db::Lane::background, sql::jobs::tenants_with_work, settings_.queue, clock_.now(), tenants_a_round);
    for (auto const row : tenants) {
      if (!running_) break;
      auto const room = settings_.concurrency * 4 - static_cast<int>(waiting_.size()) - active();
      if (room <= 0) break;
      if (co_await claim_of(row.id<TenantId>(0), row.integer(1), std::min(room, settings_.claim_batch))) found = true;
      start_waiting();
    }
    co_return found;
  }

  Task<bool> claim_of(TenantId tenant, std::int64_t version, int limit) {
    auto const now = clock_.now();
    auto const rows = co_await store_.all_on(db::Lane::background, sql::jobs::claim, tenant, settings_.queue, now, limit, instance_, now + settings_.lease, kinds_);
    POSTRIDER_FAIL_POINT("jobs.claimed");
    std::vector<Job> claimed;
    for (auto const row : rows) {
      Job job;
      job.tenant = tenant;
      job.id = row.id<JobId>(0);
      job.queue = row.text(1);
      job.kind = row.text(2);
      job.key = row.text(3);
      job.payload = row.json(4).as_object();
      job.priority = static_cast<int>(row.integer(5));
      job.attempts = static_cast<int>(row.integer(6));
      job.max_attempts = static_cast<int>(row.integer(7));
      job.fence = row.integer(8);
      held_.insert(std::make_pair(job.tenant, job.id));
      claimed.push_back(std::move(job));
    }
    // The oldest of a claim first; claims in the order they came, so that another tenant's old mountain does not stand before what is new.
    std::ranges::sort(claimed, {}, &Job::id);
    for (auto& job : claimed) waiting_.push_back(std::move(job));
    std::ranges::stable_sort(waiting_, {}, &Job::priority);
    if (static_cast<int>(rows.size()) < limit) {
      // Nothing more is due: sleep until the next one is, unless somebody added one meanwhile (the version says so). What only
      // other instances know how to handle must not keep this one busy.
      auto const next = co_await store_.all_on(db::Lane::background, sql::jobs::next_ready, tenant, settings_.queue);
      auto wake = next.empty() || next[0].is_null(0) ? now + std::chrono::hours(24) : next[0].instant(0);
      if (wake <= now) wake = now + std::chrono::seconds(1);
      co_await store_.all_on(db::Lane::background, sql::jobs::postpone_work, tenant, settings_.queue, wake, version);
    } else {
      // More is due, but others come first now.
      co_await store_.all_on(db::Lane::background, sql::jobs::postpone_work, tenant, settings_.queue, now, version);
    }
    co_return !rows.empty();
  }

  void start_waiting() {
    while (!waiting_.empty() && active() < settings_.concurrency && running_) {
      auto job = std::move(waiting_.front());
      waiting_.pop_front();
      running_jobs_.spawn("job", run(std::move(job)));
    }
  }

  // The one catch of the workers: whatever a handler throws is a failed attempt.
  Task<void> run(Job job) {
    auto const started = clock_.steady();
    Answer answer = Failed{"no handler"};
    auto const handler = handlers_.find(job.kind);
    try {
      answer = co_await handler->second(job);
      POSTRIDER_FAIL_POINT("jobs.handled");
    } catch (std::exception const& error) {
      answer = Failed{error.what()};
    }
    auto const seconds = std::chrono::duration<double>(clock_.steady() - started).count();
    static std::vector<double> const buckets{0.005, 0.02, 0.1, 0.5, 2, 10, 60};
    metrics::histogram("postrider_jobs_duration_seconds", "Time a handler took", buckets, {{"queue", settings_.queue}, {"kind", job.kind}}).observe(seconds);
    ended_.push_back(Ended{std::move(job), std::move(answer)});
    ended_bell_.notify();
    freed_.notify();
  }

  // What ended together is settled together: one statement each for the done and the others of a tenant.
  Task<void> settle() {
    while (!drained_ || !claim_ended_ || !ended_.empty()) {
      if (ended_.empty()) {
        co_await ended_bell_.wait_for(std::chrono::seconds(5));
        continue;
      }
      auto batch = std::move(ended_);
      ended_.clear();
      std::map<TenantId, std::vector<Ended>> by_tenant;
      for (auto& ended : batch) by_tenant[ended.job.tenant].push_back(std::move(ended));
      for (auto& [tenant, all] : by_tenant) {
        bool settled = false;
        for (int attempt = 0; attempt < 5 && !settled; ++attempt) {
          std::string failure;
          try {
            co_await settle_of(tenant, all);
            settled = true;
          } catch (db::Failure const& error) {
            failure = error.what();
          }
          if (!settled) {
            log::warn("jobs_settle_failed", log::field("queue", settings_.queue), log::field("error", failure));
            co_await stopping_.wait_for(std::chrono::milliseconds(200 << attempt));
          }
        }
        // Given up: their leases run out, and they are tried again.
        for (auto const& ended : all) held_.erase(std::make_pair(tenant, ended.job.id));
      }
    }
  }

  Task<void> settle_of(TenantId tenant, std::vector<Ended> const& all) {
    auto const now = clock_.now();
    db::Columns done(2);
    db::Columns others(7);
    auto next = now + std::chrono::hours(24 * 365);
    for (auto const& [job, answer] : all) {
      std::string_view outcome = "done";
      if (std::holds_alternative<Done>(answer)) {
        done.add(job.id, job.fence);
      } else if (auto const* const snooze = std::get_if<Snooze>(&answer)) {
        outcome = "snoozed";
        std::optional<std::string> payload;
        if (snooze->payload) payload = boost::json::serialize(*snooze->payload);
        others.add(job.id, job.fence, "ready", now + snooze->delay, job.attempts - 1, std::nullopt, payload);
        next = std::min(next, now + snooze->delay);
      } else if (auto const* const cancel = std::get_if<Cancel>(&answer)) {
        outcome = "canceled";
        others.add(job.id, job.fence, "dead", now, job.attempts, cancel->why.substr(0, 2000), std::optional<std::string>());
      } else {
        auto const& why = std::get<Failed>(answer).why;
        bool const last = job.attempts >= job.max_attempts;
        outcome = last ? "dead" : "failed";
        auto const again = now + back_off(job.attempts, random_);
        others.add(job.id, job.fence, last ? "dead" : "ready", again, job.attempts, why.substr(0, 2000), std::optional<std::string>());
        if (!last) next = std::min(next, again);
        log::warn("job_failed", log::field("kind", job.kind), log::field("job_id", job.id), log::field("attempt", job.attempts), log::field("error", why));
      }
      metrics::counter("postrider_jobs_executed_total", "Jobs that were run", {{"queue", settings_.queue}, {"kind", job.kind}, {"outcome", std::string(outcome)}}).add();
    }
    auto tx = co_await store_.begin(db::Lane::background);
    if (done.rows() > 0) co_await tx.all(sql::jobs::finish, tenant, done);
    if (others.rows() > 0) {
      co_await tx.all(sql::jobs::settle, tenant, now, others);
      co_await tx.exec(sql::jobs::mark_work, tenant, settings_.queue, next);
    }
    co_await tx.commit();
    if (others.rows() > 0) topic_.notify();
  }

  // Renews what is held, and frees what others left behind.
  Task<void> watch() {
    while (running_ || !drained_) {
      co_await stopping_.wait_for(settings_.lease / 3);
      if (drained_) break;
      try {
        auto const now = clock_.now();
        std::map<TenantId, std::vector<JobId>> mine;
        for (auto const& [tenant, id] : held_) mine[tenant].push_back(id);
        for (auto const& [tenant, ids] : mine)
          co_await store_.all_on(db::Lane::vital, sql::jobs::renew, tenant, db::text_array(ids), now + settings_.lease, instance_);
        auto const expired = co_await store_.all_on(db::Lane::vital, sql::jobs::expired, now, 1000);
        for (auto const row : expired) {
          co_await store_.all_on(db::Lane::vital, sql::jobs::rescue, row.id<TenantId>(0), row.id<JobId>(1), now);
          co_await store_.all_on(db::Lane::vital, sql::jobs::mark_work, row.id<TenantId>(0), row.text(3), now);
          log::warn("job_rescued", log::field("job_id", row.text(1)), log::field("crashes", row.integer(2) + 1));
        }
      } catch (db::Failure const& failure) {
        log::warn("jobs_watch_failed", log::field("queue", settings_.queue), log::field("error", failure.what()));
      }
      if (!running_) co_await sleep_for(std::chrono::milliseconds(100));
    }
  }

  // Claimed but never begun: ready again at once, without having used an attempt.
  Task<void> release_waiting() {
    while (!waiting_.empty()) {
      auto job = std::move(waiting_.front());
      waiting_.pop_front();
      ended_.push_back(Ended{std::move(job), Snooze{Duration(0)}});
    }
    co_return;
  }

  db::Store& store_;
  Clock const& clock_;
  Random& random_;
  InstanceId instance_;
  WorkerSettings settings_;
  std::map<std::string, Handler> handlers_;
  db::TextArray kinds_;
  TaskGroup tasks_;
  TaskGroup running_jobs_;
  Signal& topic_;
  Signal freed_;
  Signal ended_bell_;
  Signal stopping_;
  std::deque<Job> waiting_;
  std::vector<Ended> ended_;
  std::set<std::pair<TenantId, JobId>> held_;
  bool running_ = false;
  bool drained_ = false;
  bool claim_ended_ = false;
};

}  // namespace

std::unique_ptr<Service> make_worker(db::Store& store, Clock const& clock, Random& random, Executor executor, InstanceId instance,
                                     WorkerSettings settings, std::map<std::string, Handler> handlers) {
  return std::make_unique<QueueWorker>(store, clock, random, executor, instance, std::move(settings), std::move(handlers));
}

}  // namespace postrider::jobs
