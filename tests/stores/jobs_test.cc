// The job table on both databases: keys, retries, leases with fences, fairness, and what a dead worker leaves behind.
#include "postrider/jobs/queue.h"
#include "postrider/jobs/worker.h"
#include "sql/jobs.h"
#include "support/results.h"
#include "support/store_test.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

using namespace postrider;
using namespace postrider::jobs;
using namespace postrider::test;

namespace {

NewJob job_of(std::string key, std::string queue = "work") {
  NewJob job;
  job.queue = std::move(queue);
  job.kind = "test";
  job.key = std::move(key);
  return job;
}

Task<int> add(TestStore& t, std::vector<NewJob> jobs, std::optional<TenantId> tenant = {}) {
  auto tx = co_await t.store->begin();
  auto const count = co_await enqueue(tx, tenant.value_or(t.tenant), std::move(jobs), t.ids, t.clock.now());
  co_await tx.commit();
  co_return count;
}

std::vector<NewJob> many(int count, std::string const& prefix) {
  std::vector<NewJob> jobs;
  for (int i = 0; i < count; ++i) jobs.push_back(job_of(prefix + std::to_string(i)));
  return jobs;
}

WorkerSettings quick(int concurrency = 4) {
  WorkerSettings settings;
  settings.queue = "work";
  settings.concurrency = concurrency;
  settings.poll = std::chrono::milliseconds(2);
  settings.lease = std::chrono::milliseconds(30);
  return settings;
}

// Runs jobs by a handler until `enough` holds, then stops.
struct Crew {
  std::vector<std::string> ran;  // keys, in order
  Answer answer = Done();
  FixedClock* clock = nullptr;  // each job takes a second
};

Task<Answer> note(Crew& crew, Job job) {
  crew.ran.push_back(job.key);
  if (crew.clock) crew.clock->advance(std::chrono::seconds(1));
  co_return crew.answer;
}

std::unique_ptr<Service> worker_on(TestStore& t, db::Store& store, Crew& crew, InstanceId instance, WorkerSettings settings = quick()) {
  std::map<std::string, Handler> handlers;
  handlers["test"] = [&crew](Job const& job) { return note(crew, job); };
  return make_worker(store, t.clock, t.random, t.executor(), instance, settings, std::move(handlers));
}

Task<void> until_ran(TestStore& t, Crew& crew, std::size_t count) {
  std::function<bool()> const holds = [&crew, count] { return crew.ran.size() >= count; };
  co_await t.until(holds);
}

Task<Listed> only_job(TestStore& t) {
  auto const all = co_await list(*t.store, t.tenant, std::nullopt, std::nullopt, std::nullopt, 10);
  REQUIRE(all.size() == 1);
  co_return all.front();
}

// What a claim answers, as a worker would make it.
Task<std::vector<std::pair<JobId, std::int64_t>>> claim(TestStore& t, InstanceId instance, Duration lease) {
  db::TextArray kinds;
  kinds.items.push_back("test");
  auto const rows = co_await t.store->all(sql::jobs::claim, t.tenant, "work", t.clock.now(), 10, instance, t.clock.now() + lease, kinds);
  std::vector<std::pair<JobId, std::int64_t>> claimed;
  for (auto const row : rows) claimed.emplace_back(row.id<JobId>(0), row.integer(8));
  co_return claimed;
}

}  // namespace

TEST_CASE("a key is one job, however often it is asked for") {
  on_each_store([](TestStore& t) -> Task<void> {
    std::vector<NewJob> twice;
    twice.push_back(job_of("a"));
    twice.push_back(job_of("b"));
    twice.push_back(job_of("a"));
    auto const first = co_await add(t, twice);
    CHECK(first == 2);
    auto const second = co_await add(t, twice);
    CHECK(second == 0);
    auto const all = co_await list(*t.store, t.tenant, "work", "ready", std::nullopt, 10);
    CHECK(all.size() == 2);
  });
}

TEST_CASE("a job that was enqueued in a transaction that came to nothing is not there") {
  on_each_store([](TestStore& t) -> Task<void> {
    {
      auto tx = co_await t.store->begin();
      co_await enqueue(tx, t.tenant, many(1, "a"), t.ids, t.clock.now());
    }
    auto const all = co_await list(*t.store, t.tenant, std::nullopt, std::nullopt, std::nullopt, 10);
    CHECK(all.empty());
  });
}

TEST_CASE("every job runs once and is gone, with two instances at it") {
  on_each_store([](TestStore& t) -> Task<void> {
    Crew here, there;
    auto const other = co_await t.another();
    auto const first = worker_on(t, *t.store, here, t.instance);
    auto const second = worker_on(t, *other, there, t.ids.make<InstanceId>());
    co_await first->start();
    co_await second->start();
    for (int i = 0; i < 5; ++i) co_await add(t, many(60, "batch" + std::to_string(i) + "."));
    std::function<bool()> const all_ran = [&] { return here.ran.size() + there.ran.size() >= 300; };
    co_await t.until(all_ran);
    co_await first->stop();
    co_await second->stop();
    co_await other->stop();
    std::set<std::string> keys(here.ran.begin(), here.ran.end());
    keys.insert(there.ran.begin(), there.ran.end());
    CHECK(keys.size() == 300);
    CHECK(here.ran.size() + there.ran.size() == 300);
    auto const left = co_await list(*t.store, t.tenant, std::nullopt, std::nullopt, std::nullopt, 10);
    CHECK(left.empty());
  });
}

TEST_CASE("what fails comes again later and later, and is dead when no attempt is left") {
  on_each_store([](TestStore& t) -> Task<void> {
    Crew crew;
    crew.answer = Failed{"no luck"};
    auto const worker = worker_on(t, *t.store, crew, t.instance);
    co_await add(t, many(1, "a"));
    co_await worker->start();
    for (std::size_t attempt = 1; attempt <= 3; ++attempt) {
      co_await until_ran(t, crew, attempt);
      auto job = co_await only_job(t);
      while (job.state == "running") {
        co_await sleep_for(std::chrono::milliseconds(1));
        job = co_await only_job(t);
      }
      CHECK(job.attempts == static_cast<int>(attempt));
      CHECK(job.last_error == "no luck");
      if (attempt == 3) {
        CHECK(job.state == "dead");
        break;
      }
      CHECK(job.state == "ready");
      auto const wait = job.run_at - t.clock.now();
      Duration const least = std::chrono::seconds(1 << attempt);
      CHECK(wait >= least);
      CHECK(wait <= least * 5 / 4);
      t.clock.advance(wait);
    }
    co_await worker->stop();
    CHECK(crew.ran.size() == 3);
  });
}

TEST_CASE("a handler that throws has failed, and the worker goes on") {
  on_each_store([](TestStore& t) -> Task<void> {
    std::map<std::string, Handler> handlers;
    handlers["test"] = [](Job const& job) -> Task<Answer> {
      if (job.key == "a0") throw std::runtime_error("boom");
      co_return Done();
    };
    auto const worker = make_worker(*t.store, t.clock, t.random, t.executor(), t.instance, quick(), handlers);
    co_await add(t, many(3, "a"));
    co_await worker->start();
    for (;;) {
      auto const all = co_await list(*t.store, t.tenant, std::nullopt, std::nullopt, std::nullopt, 10);
      if (all.size() == 1 && all[0].last_error) break;
      co_await sleep_for(std::chrono::milliseconds(1));
    }
    co_await worker->stop();
    auto const job = co_await only_job(t);
    CHECK(job.key == "a0");
    CHECK(job.last_error == "boom");
  });
}

TEST_CASE("a snoozed job carries its progress and uses up no attempt") {
  on_each_store([](TestStore& t) -> Task<void> {
    Crew crew;
    boost::json::object progress;
    progress["row"] = 500;
    crew.answer = Snooze{std::chrono::minutes(5), progress};
    auto const worker = worker_on(t, *t.store, crew, t.instance);
    co_await add(t, many(1, "a"));
    co_await worker->start();
    co_await until_ran(t, crew, 1);
    co_await worker->stop();
    auto const job = co_await only_job(t);
    CHECK(job.state == "ready");
    CHECK(job.attempts == 0);
    CHECK(job.payload.at("row") == 500);
    CHECK(job.run_at == t.clock.now() + std::chrono::minutes(5));
  });
}

TEST_CASE("a job that is cancelled by its handler is dead, can be revived and be removed") {
  on_each_store([](TestStore& t) -> Task<void> {
    Crew crew;
    crew.answer = Cancel{"there is nothing to do"};
    auto worker = worker_on(t, *t.store, crew, t.instance);
    co_await add(t, many(1, "a"));
    co_await worker->start();
    co_await until_ran(t, crew, 1);
    co_await worker->stop();
    auto job = co_await only_job(t);
    CHECK(job.state == "dead");
    CHECK(job.last_error == "there is nothing to do");
    auto const revived = co_await retry(*t.store, t.context(), job.id, t.ids, t.clock.now());
    REQUIRE(revived);
    CHECK(revived->state == "ready");
    auto const again = co_await retry(*t.store, t.context(), job.id, t.ids, t.clock.now());
    CHECK(again.error().code == Code::conflict);
    auto const gone = co_await discard(*t.store, t.context(), job.id, t.ids, t.clock.now());
    CHECK(gone);
    auto const nothing = co_await discard(*t.store, t.context(), job.id, t.ids, t.clock.now());
    CHECK(nothing.error().code == Code::not_found);
    auto const audited = co_await t.query("select action from audit_logs where entity_type = 'job' order by id");
    CHECK(audited.size() == 2);
  });
}

TEST_CASE("urgent jobs go first") {
  on_each_store([](TestStore& t) -> Task<void> {
    std::vector<NewJob> jobs;
    for (auto const priority : {9, 1, 5}) {
      auto job = job_of(std::to_string(priority));
      job.priority = priority;
      jobs.push_back(std::move(job));
    }
    co_await add(t, std::move(jobs));
    Crew crew;
    auto const worker = worker_on(t, *t.store, crew, t.instance, quick(1));
    co_await worker->start();
    co_await until_ran(t, crew, 3);
    co_await worker->stop();
    CHECK(crew.ran == std::vector<std::string>{"1", "5", "9"});
  });
}

TEST_CASE("a paused worker that wakes cannot finish what was claimed again") {
  on_each_store([](TestStore& t) -> Task<void> {
    co_await add(t, many(1, "a"));
    auto const slow = co_await claim(t, t.instance, std::chrono::seconds(30));
    REQUIRE(slow.size() == 1);
    auto const nothing = co_await claim(t, t.ids.make<InstanceId>(), std::chrono::seconds(30));
    CHECK(nothing.empty());
    t.clock.advance(std::chrono::seconds(31));
    co_await t.store->all(sql::jobs::rescue, t.tenant, slow[0].first, t.clock.now());
    auto const other = t.ids.make<InstanceId>();
    auto const quick_one = co_await claim(t, other, std::chrono::seconds(30));
    REQUIRE(quick_one.size() == 1);
    CHECK(quick_one[0].second > slow[0].second);
    db::Columns woken(2);
    woken.add(slow[0].first, slow[0].second);
    auto const refused = co_await t.store->all(sql::jobs::finish, t.tenant, woken);
    CHECK(refused.empty());
    std::vector<JobId> held;
    held.push_back(slow[0].first);
    auto const ids = db::text_array(held);
    co_await t.store->exec(sql::jobs::renew, t.tenant, ids, t.clock.now() + std::chrono::hours(1), t.instance);
    auto const row = co_await t.query("select state from jobs");
    CHECK(row[0][0] == "running");
    db::Columns finished(2);
    finished.add(quick_one[0].first, quick_one[0].second);
    auto const done = co_await t.store->all(sql::jobs::finish, t.tenant, finished);
    CHECK(done.size() == 1);
  });
}

TEST_CASE("what a dead worker left is taken up after its lease, and quarantined when it killed three") {
  on_each_store([](TestStore& t) -> Task<void> {
    co_await add(t, many(1, "a"));
    Crew crew;
    crew.answer = Snooze{std::chrono::hours(1)};
    for (int crash = 1; crash <= 3; ++crash) {
      auto const taken = co_await claim(t, t.ids.make<InstanceId>(), std::chrono::seconds(30));
      REQUIRE(taken.size() == 1);
      t.clock.advance(std::chrono::seconds(31));
      // Another instance's watch finds it; it would also run it, so its queue is one that has no such kind.
      std::map<std::string, Handler> none;
      none["something else"] = [](Job const&) -> Task<Answer> { co_return Done(); };
      auto const watcher = make_worker(*t.store, t.clock, t.random, t.executor(), t.instance, quick(), none);
      co_await watcher->start();
      auto job = co_await only_job(t);
      while (job.state == "running") {
        co_await sleep_for(std::chrono::milliseconds(1));
        job = co_await only_job(t);
      }
      co_await watcher->stop();
      CHECK(job.state == (crash == 3 ? "dead" : "ready"));
    }
    auto const job = co_await only_job(t);
    CHECK(job.last_error->find("quarantined") != std::string::npos);
  });
}

TEST_CASE("a tenant with a mountain of jobs does not make another wait") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto const small = t.ids.make<TenantId>();
    co_await add(t, many(400, "mountain"));
    t.clock.advance(std::chrono::seconds(1));
    co_await add(t, many(1, "molehill"), small);
    Crew crew;
    crew.clock = &t.clock;
    auto settings = quick(2);
    settings.lease = std::chrono::hours(1);
    auto const worker = worker_on(t, *t.store, crew, t.instance, settings);
    co_await worker->start();
    std::function<bool()> const it_ran = [&] { return std::ranges::find(crew.ran, "molehill0") != crew.ran.end(); };
    co_await t.until(it_ran);
    auto const place = std::ranges::find(crew.ran, "molehill0") - crew.ran.begin();
    CHECK(place < 60);
    co_await worker->stop();
  });
}

TEST_CASE("a stopping worker finishes what runs and gives the rest back unused") {
  on_each_store([](TestStore& t) -> Task<void> {
    co_await add(t, many(40, "a"));
    Crew crew;
    auto const worker = worker_on(t, *t.store, crew, t.instance, quick(1));
    co_await worker->start();
    co_await until_ran(t, crew, 1);
    co_await worker->stop();
    auto const left = co_await list(*t.store, t.tenant, std::nullopt, std::nullopt, std::nullopt, 100);
    CHECK(left.size() + crew.ran.size() == 40);
    for (auto const& job : left) {
      CHECK(job.state == "ready");
      CHECK(job.attempts == 0);
    }
  });
}

TEST_CASE("a worker wakes at once for what another instance enqueued") {
  on_each_store([](TestStore& t) -> Task<void> {
    Crew crew;
    auto settings = quick();
    settings.poll = std::chrono::hours(1);
    auto const worker = worker_on(t, *t.store, crew, t.instance, settings);
    co_await worker->start();
    co_await add(t, many(1, "a"));
    co_await until_ran(t, crew, 1);
    co_await worker->stop();
  });
}
