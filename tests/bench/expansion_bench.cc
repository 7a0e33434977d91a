// How fast an audience of N (first argument, 1000000) becomes messages, against one bare insert … select of the same rows into the same
// table; on SQLite and on a PostgreSQL cluster of its own. Prints seconds and the ratio; and the server's report and progress over it.
#include "support/campaign_world.h"

#include <fmt/format.h>

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <vector>

#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::test;

namespace {

int people = 1'000'000;

double seconds_since(std::chrono::steady_clock::time_point begin) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); }

long resident_mb() {
  std::ifstream in("/proc/self/statm");
  long total = 0, resident = 0;
  in >> total >> resident;
  return resident * ::getpagesize() / 1024 / 1024;
}

// Where slow statements are expected.
Task<void> slowly(TestStore& t, std::string sql) {
  db::Statement const statement{"bench", "slowly", db::Tag::utility, sql, sql, true};
  db::Parameters const none;
  co_await t.store->run_on(db::Lane::background, statement, none);
}

Task<void> measure(TestStore& t) {
  bool const postgres = t.store->dialect() == db::Dialect::postgres;
  CampaignWorld world(t);
  co_await world.prepare(0);
  auto const tenant = world.context.tenant.str();
  auto const now = to_text(t.clock.now());
  auto const id = std::string(postgres ? "cast('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0') as uuid)" : "'00000000-0000-7000-8000-' || printf('%012x', n)");
  auto const numbers = postgres ? fmt::format("generate_series(1, {}) as g (n)", people)
                                : fmt::format("(with recursive g (n) as (select 1 union all select n + 1 from g where n < {}) select n from g) g", people);
  co_await slowly(t, fmt::format("insert into contacts (tenant_id, id, email, email_key, attributes, tags, tracking, created_at, updated_at) "
                               "select '{}', {}, 'p' || n || '@example.net', 'p' || n || '@example.net', '{{}}', '[]', true, '{}', '{}' from {}",
                               tenant, id, now, now, numbers));
  co_await slowly(t, fmt::format("insert into segment_memberships (tenant_id, segment_id, contact_id, added_at) select '{}', '{}', {}, '{}' from {}", tenant,
                               world.everybody.str(), id, now, numbers));
  if (postgres) co_await slowly(t, "analyze");
  // The bare one, into the very table with all its indexes, then away again.
  auto const prefix = std::string(postgres ? "cast('01900000-0000-7000-8000-' || lpad(to_hex(row_number() over (order by contact_id)), 12, '0') as uuid)"
                                           : "'01900000-0000-7000-8000-' || printf('%012x', row_number() over (order by contact_id))");
  auto const bare = fmt::format(
      "insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, campaign_id, contact_id, lane_id, template_version_id, sender_id, status, "
      "priority, attempt_count, fence, due_at, scheduled_at, created_at, updated_at) select m.tenant_id, {}, 'outbound', 'email', 'marketing', '{}', '1', '{}', "
      "m.contact_id, '{}', '{}', '{}', 'queued', 5, 0, 0, '{}', '{}', '{}', '{}' from segment_memberships m where m.tenant_id = '{}' and m.segment_id = '{}'",
      prefix, world.letter.str(), world.letter.str(), world.letter.str(), world.letter.str(), world.sender.str(), now, now, now, now, tenant, world.everybody.str());
  auto const begin_bare = std::chrono::steady_clock::now();
  co_await slowly(t, bare);
  auto const bare_seconds = seconds_since(begin_bare);
  if (postgres) co_await slowly(t, "truncate messages");
  else co_await slowly(t, "delete from messages");
  auto const c = co_await world.draft();
  auto const before = resident_mb();
  auto const begin_launch = std::chrono::steady_clock::now();
  auto const launched = co_await world.campaigns.launch(world.context, c.id);
  auto const launch_seconds = seconds_since(begin_launch);
  if (!launched || launched->audience != people) throw std::runtime_error("the launch went wrong");
  auto const begin_expand = std::chrono::steady_clock::now();
  co_await world.work();
  auto const expand_seconds = seconds_since(begin_expand);
  auto const after = resident_mb();
  if (co_await world.count("messages") != people) throw std::runtime_error("messages are missing");
  fmt::print("{:10} bare {:.1f} s; launch {:.1f} s, expansion {:.1f} s with the audience forgotten: {:.0f} % of bare; memory {} -> {} MB\n", postgres ? "PostgreSQL" : "SQLite",
             bare_seconds, launch_seconds, expand_seconds, 100 * bare_seconds / (launch_seconds + expand_seconds), before, after);
  auto const begin_tick = std::chrono::steady_clock::now();
  co_await world.campaigns.tick();
  auto const tick_seconds = seconds_since(begin_tick);
  auto const begin_report = std::chrono::steady_clock::now();
  auto const report = co_await world.reports.report(world.context.tenant, c.id);
  auto const report_seconds = seconds_since(begin_report);
  auto const begin_progress = std::chrono::steady_clock::now();
  auto const progress = co_await world.reports.progress(world.context.tenant, c.id);
  auto const progress_seconds = seconds_since(begin_progress);
  auto const begin_forecast = std::chrono::steady_clock::now();
  auto const forecast = co_await world.campaigns.forecast(world.context.tenant, c.id);
  auto const forecast_seconds = seconds_since(begin_forecast);
  auto const begin_pause = std::chrono::steady_clock::now();
  auto const paused = co_await world.campaigns.pause(world.context, c.id);
  auto const pause_seconds = seconds_since(begin_pause);
  auto const begin_cancel = std::chrono::steady_clock::now();
  auto const canceled = co_await world.campaigns.cancel(world.context, c.id);
  auto const cancel_seconds = seconds_since(begin_cancel);
  if (!report || !progress || !forecast || !paused || !canceled) throw std::runtime_error("something was refused");
  fmt::print("{:10} counting tick {:.3f} s, report {:.3f} s, progress {:.4f} s, forecast {:.3f} s, pause {:.4f} s, cancel's answer {:.3f} s\n",
             postgres ? "PostgreSQL" : "SQLite", tick_seconds, report_seconds, progress_seconds, forecast_seconds, pause_seconds, cancel_seconds);
}

}  // namespace

TEST_CASE("expansion") {
  on_each_store([](TestStore& t) -> Task<void> { co_await measure(t); });
}

int main(int argc, char** argv) {
  if (argc > 1) people = std::atoi(argv[1]);
  Catch::Session session;
  std::vector<char const*> arguments{argv[0]};
  for (int i = 2; i < argc; ++i) arguments.push_back(argv[i]);  // "-c", "on PostgreSQL"
  return session.run(static_cast<int>(arguments.size()), arguments.data());
}
