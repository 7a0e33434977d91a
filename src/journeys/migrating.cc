// Carries a migration out, or back, chunk by chunk: each chunk under the locks of a turn, in one transaction with its history.
#include "journeys/executions_store.h"
#include "postrider/journeys/migrations.h"
#include "postrider/segments/facts.h"
#include "sql/journey_engine.h"
#include "sql/journeys.h"

#include <boost/json/array.hpp>

#include <algorithm>
#include <stdexcept>

namespace postrider::journeys {

namespace {

constexpr auto pause_for_the_busy = std::chrono::seconds(2);

db::TextArray text_of(std::map<std::string, std::string> const& map) {
  db::TextArray keys;
  for (auto const& [node, fate] : map) keys.items.push_back(node);
  return keys;
}

// Somebody between two versions.
class Passage {
 public:
  Passage(Execution execution, Definition const& from, Definition const& to, boost::json::array const& goals) : execution_(std::move(execution)), from_(from), to_(to) {
    auto& state = execution_.state;
    state.node = from_.find(execution_.node_id).value();
    for (auto const& goal : goals) {
      if (auto const at = from_.find(std::string_view(goal.as_string()))) state.goals.insert(*at);
      if (auto const at = to_.find(std::string_view(goal.as_string()))) goals_there_.insert(*at);
    }
    before_ = wake_events(from_, state);
  }

  // Puts them there, and writes all that comes of it. `arrived`: the time they count as having come there.
  void land(std::string const& node, std::optional<Instant> arrived, int version, Step step, segments::Facts const& facts, std::string const& zone, Instant now, Written& written) {
    auto& state = execution_.state;
    step.visit = state.visit;
    step.node = state.node;
    step.outcome = Outcome::skip;
    step.arrived = state.arrived;
    step.left = now;
    written.add_step(execution_.id, execution_.version, from_, step);
    ++state.visit;
    state.node = to_.find(node).value();
    state.goals = goals_there_;
    state.arrived = arrived.value_or(now);
    if (!arrived) {
      state.failures = 0;
      state.not_before.reset();
      state.error.clear();
    }
    auto const* const wait = std::get_if<Wait>(&to_.nodes[state.node].settings);
    auto const end = wait ? wait_end(*wait, facts, zone, state.arrived) : state.not_before;
    state.due = std::max(now, end.value_or(now));
    state.status = *state.due > now ? ExecutionStatus::waiting : ExecutionStatus::active;
    if (execution_.held_at) state.due.reset();
    execution_.version = version;
    written.add_state(execution_, to_, now);
    written.change_waits(execution_, before_, wake_events(to_, state));
  }

  Execution const& execution() const { return execution_; }

 private:
  Execution execution_;
  Definition const& from_;
  Definition const& to_;
  std::set<std::size_t> goals_there_;
  std::set<std::string> before_;
};

Step told_step(char const* exit, Migration const& m) {
  Step step;
  step.exit = exit;
  step.trace["migration"] = m.id.str();
  step.trace["from"] = m.from;
  step.trace["to"] = m.to;
  return step;
}

Execution held_execution(db::Row row) {
  auto execution = read_execution(row);
  execution.held_at = row.maybe_instant(17);
  return execution;
}

std::vector<ContactId> contacts_in(db::Rows const& rows) {
  std::vector<ContactId> all;
  for (auto const row : rows) all.push_back(row.id<ContactId>(1));
  return all;
}

segments::Facts known_of(std::map<ContactId, segments::Facts> const& facts, ContactId contact) {
  auto const found = facts.find(contact);
  return found == facts.end() ? segments::Facts() : found->second;
}

}  // namespace

std::map<std::string, jobs::Handler> Migrations::job_handlers() {
  std::map<std::string, jobs::Handler> handlers;
  handlers["journey:migrate"] = [this](jobs::Job const& job) { return run(job); };
  return handlers;
}

Task<jobs::Answer> Migrations::run(jobs::Job const& job) {
  auto const journey = *JourneyId::parse(std::string_view(job.payload.at("journey_id").as_string()));
  auto const id = *MigrationId::parse(std::string_view(job.payload.at("migration_id").as_string()));
  for (;;) {
    auto const migration = co_await find(job.tenant, journey, id);
    if (!migration) co_return jobs::Answer(jobs::Done());
    bool more = false;
    if (migration->status == "running") more = co_await move_chunk(job.tenant, *migration);
    else if (migration->status == "rolling_back") more = co_await return_chunk(job.tenant, *migration);
    else co_return jobs::Answer(jobs::Done());
    if (more) {
      co_await yield();
      continue;
    }
    auto const going = migration->status == "running";
    auto const left = co_await store_.one(sql::journeys::left_to_migrate, job.tenant, journey, migration->from, text_of(migration->map));
    if (going && left.integer(0) > 0) {
      jobs::Snooze again;
      again.delay = pause_for_the_busy;
      co_return jobs::Answer(again);
    }
    // When it was rolled back meanwhile, this finds nothing, and the next round does that.
    co_await store_.exec(sql::journeys::end_migration, job.tenant, journey, id, migration->status, going ? "completed" : "rolled_back", clock_.now());
  }
}

Task<bool> Migrations::move_chunk(TenantId tenant, Migration m) {
  auto tx = co_await store_.begin(db::Lane::background);
  auto const now = clock_.now();
  auto const ours = co_await tx.all(sql::journeys::take_migration, tenant, m.journey, m.id, "running", now);
  if (ours.empty()) co_return true;  // read it again
  auto const from = co_await engine_.published(tx, tenant, m.journey, m.from);
  auto const to = co_await engine_.published(tx, tenant, m.journey, m.to);
  if (!from || !to) throw std::logic_error("a version of journey " + m.journey.str() + " cannot be read");
  auto const rows = co_await tx.all(sql::journeys::to_migrate, tenant, m.journey, m.from, text_of(m.map), now, settings_.chunk);
  if (rows.empty()) co_return false;
  auto const facts = co_await segments::load_facts(tx, tenant, contacts_in(rows), segments::FactsWanted());
  auto const zone = co_await tx.one(sql::journey_engine::time_zone, tenant);
  Written written;
  std::vector<ExecutionId> moved, leaving;
  for (auto const row : rows) {
    auto execution = held_execution(row);
    auto const id = execution.id;
    auto const contact = execution.contact;
    auto const node = execution.node_id;
    auto const& fate = m.map.at(node);
    if (fate == "exit") {
      leaving.push_back(id);
      continue;
    }
    bool const keeps = fate == "keep";
    std::optional<Instant> arrived;
    if (keeps) arrived = execution.state.arrived;
    auto const goals = row.json(16);
    Passage passage(std::move(execution), from->definition, to->definition, goals.as_array());
    passage.land(keeps ? node : fate, arrived, m.to, told_step("migrated", m), known_of(facts, contact), zone.text(0), now, written);
    moved.push_back(id);
  }
  co_await write(tx, tenant, m.journey, std::move(written), now);
  if (!moved.empty()) co_await tx.exec(sql::journeys::set_version, tenant, db::text_array(moved), m.to);
  boost::json::object order;
  order["leave"] = "migrated";
  if (!leaving.empty()) co_await tx.exec(sql::journeys::order_all, tenant, db::text_array(leaving), order, now);
  co_await tx.exec(sql::journeys::advance_migration, tenant, m.journey, m.id, moved.size(), leaving.size(), 0, now);
  tx.announce("journeys");
  co_await tx.commit();
  co_return true;
}

Task<bool> Migrations::return_chunk(TenantId tenant, Migration m) {
  auto tx = co_await store_.begin(db::Lane::background);
  auto const now = clock_.now();
  auto const ours = co_await tx.all(sql::journeys::take_migration, tenant, m.journey, m.id, "rolling_back", now);
  if (ours.empty()) co_return true;  // read it again
  auto const from = co_await engine_.published(tx, tenant, m.journey, m.from);
  auto const to = co_await engine_.published(tx, tenant, m.journey, m.to);
  if (!from || !to) throw std::logic_error("a version of journey " + m.journey.str() + " cannot be read");
  auto const rows = co_await tx.all(sql::journeys::to_return, tenant, m.journey, m.from, m.to, m.id.str(), now, settings_.chunk);
  if (rows.empty()) co_return false;
  auto const facts = co_await segments::load_facts(tx, tenant, contacts_in(rows), segments::FactsWanted());
  auto const zone = co_await tx.one(sql::journey_engine::time_zone, tenant);
  Written written;
  std::vector<ExecutionId> returned;
  for (auto const row : rows) {
    auto execution = held_execution(row);
    auto const contact = execution.contact;
    returned.push_back(execution.id);
    auto const goals = row.json(16);
    Passage passage(std::move(execution), to->definition, from->definition, goals.as_array());
    passage.land(row.text(18), row.instant(19), m.from, told_step("rolled_back", m), known_of(facts, contact), zone.text(0), now, written);
  }
  co_await write(tx, tenant, m.journey, std::move(written), now);
  co_await tx.exec(sql::journeys::set_version, tenant, db::text_array(returned), m.from);
  co_await tx.exec(sql::journeys::advance_migration, tenant, m.journey, m.id, 0, 0, returned.size(), now);
  tx.announce("journeys");
  co_await tx.commit();
  co_return true;
}

}  // namespace postrider::journeys
