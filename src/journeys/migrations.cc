// Plans of migrations, and their records. migrating.cc carries them out.
#include "postrider/journeys/migrations.h"

#include "postrider/audit/audit.h"
#include "postrider/jobs/queue.h"
#include "sql/journeys.h"

namespace postrider::journeys {

namespace {

Migration read_migration(db::Row row) {
  Migration m;
  m.id = row.id<MigrationId>(0);
  m.journey = row.id<JourneyId>(1);
  m.from = static_cast<int>(row.integer(2));
  m.to = static_cast<int>(row.integer(3));
  auto const map = row.json(4);
  for (auto const& [node, fate] : map.as_object()) m.map[std::string(node)] = std::string(fate.as_string());
  m.status = row.text(5);
  m.moved = row.integer(6);
  m.exited = row.integer(7);
  m.returned = row.integer(8);
  m.created_at = row.instant(9);
  m.updated_at = row.instant(10);
  return m;
}

boost::json::object map_as_json(std::map<std::string, std::string> const& map) {
  boost::json::object out;
  for (auto const& [node, fate] : map) out[node] = fate;
  return out;
}

std::vector<jobs::NewJob> migrate_job(Migration const& m) {
  jobs::NewJob job;
  job.queue = "journeys";
  job.kind = "journey:migrate";
  job.key = "journey:migrate:" + m.id.str() + (m.status == "rolling_back" ? ":back" : "");
  job.payload["journey_id"] = m.journey.str();
  job.payload["migration_id"] = m.id.str();
  job.max_attempts = 20;
  std::vector<jobs::NewJob> jobs;
  jobs.push_back(std::move(job));
  return jobs;
}

std::vector<audit::Entry> migration_entry(Migration const& m, std::string_view action) {
  boost::json::object after;
  after["migration_id"] = m.id.str();
  after["from"] = m.from;
  after["to"] = m.to;
  after["map"] = map_as_json(m.map);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"journey", m.journey.uuid(), action, audit::difference(boost::json::object(), after)});
  return entries;
}

bool somebody_stands_at(Node const& node) { return node.kind == "wait" || node.kind == "action"; }

// What becomes of those at `node`; adds to the mistakes when that cannot be said.
Planned planned_for(Node const& node, Definition const& to, std::map<std::string, std::string> const& map, std::vector<FieldError>& mistakes) {
  Planned p{node.id, node.kind, 0, 0, "keep", node.id};
  auto const same = to.find(node.id);
  bool const keeps = same && to.nodes[*same].kind == node.kind;
  auto const named = map.find(node.id);
  auto const wrong = [&](char const* code, std::string message) { mistakes.push_back(FieldError{"/map/" + node.id, code, std::move(message)}); };
  if (named == map.end()) {
    if (!keeps) wrong("required", "the new version has no such node: say where those who stand here go, or exit");
  } else if (named->second == "exit") {
    p.fate = "exit";
    p.to_node.reset();
  } else if (named->second == "keep") {
    if (!keeps) wrong("invalid_value", "the new version has no node of this id and kind to keep");
  } else {
    p.fate = "move";
    p.to_node = named->second;
    auto const target = to.find(named->second);
    if (!target) wrong("invalid_value", "the new version has no node '" + named->second + "'");
    else if (to.nodes[*target].kind == "trigger") wrong("invalid_value", "a trigger is only ever the beginning: choose what comes after it");
  }
  return p;
}

}  // namespace

Task<Result<Plan>> Migrations::plan(TenantId tenant, JourneyId journey, int from, int to, std::map<std::string, std::string> map) {
  auto const known = co_await store_.maybe(sql::journeys::find, tenant, journey);
  if (!known) co_return not_found("journey", journey.str());
  if (from == to) co_return invalid_field("/to", "invalid_value", "must be another version than from");
  auto const older = co_await engine_.published(store_, tenant, journey, from);
  if (!older) co_return invalid_field("/from", "invalid_value", "the journey has no version of this number");
  auto const newer = co_await engine_.published(store_, tenant, journey, to);
  if (!newer) co_return invalid_field("/to", "invalid_value", "the journey has no version of this number");
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> counts;
  auto const rows = co_await store_.all_on(db::Lane::background, sql::journeys::here_counts, tenant, journey, std::to_string(from));
  for (auto const row : rows) counts[row.text(0)] = std::pair(row.integer(1), row.integer(2));
  Plan plan;
  plan.from = from;
  plan.to = to;
  std::vector<FieldError> mistakes;
  for (auto const& [node, fate] : map)
    if (!older->definition.find(node)) mistakes.push_back(FieldError{"/map/" + node, "invalid_value", "the old version has no node '" + node + "'"});
  for (auto const& node : older->definition.nodes) {
    if (!somebody_stands_at(node) && !counts.contains(node.id) && !map.contains(node.id)) continue;
    auto planned = planned_for(node, newer->definition, map, mistakes);
    planned.here = counts[node.id].first;
    planned.held = counts[node.id].second;
    plan.nodes.push_back(std::move(planned));
  }
  if (!mistakes.empty()) {
    auto const first = mistakes.front().message;
    co_return invalid("the migration cannot be carried out: " + first, std::move(mistakes));
  }
  co_return plan;
}

Task<Result<Migration>> Migrations::start(Context context, JourneyId journey, int from, int to, std::map<std::string, std::string> map) {
  auto const planned = co_await plan(context.tenant, journey, from, to, std::move(map));
  if (!planned) co_return planned.error();
  auto const row = co_await store_.one(sql::journeys::find, context.tenant, journey);
  if (row.integer(4) == from) co_return conflict("people come in by version " + std::to_string(from) + ": publish the other one first");
  auto const now = clock_.now();
  Migration m;
  m.id = ids_.make<MigrationId>();
  m.journey = journey;
  m.from = from;
  m.to = to;
  m.created_at = m.updated_at = now;
  for (auto const& each : planned->nodes) m.map[each.node] = each.fate == "move" ? *each.to_node : each.fate;
  std::optional<Uuid> author;
  if (!context.actor.id.is_nil()) author = context.actor.id;
  auto tx = co_await store_.begin();
  auto const written = co_await tx.all(sql::journeys::insert_migration, context.tenant, m.id, journey, from, to, map_as_json(m.map), author, now);
  if (written.empty()) co_return conflict("another migration of this journey is running: wait for its end");
  co_await audit::record(tx, context, migration_entry(m, "migration_started"), ids_, now);
  co_await jobs::enqueue(tx, context.tenant, migrate_job(m), ids_, now);
  co_await tx.commit();
  co_return m;
}

Task<Result<Migration>> Migrations::roll_back(Context context, JourneyId journey, MigrationId id) {
  auto before = co_await find(context.tenant, journey, id);
  if (!before) co_return before.error();
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const busy = co_await tx.maybe(sql::journeys::other_running, context.tenant, journey, id);
  if (busy) co_return conflict("another migration of this journey is running: wait for its end");
  auto const written = co_await tx.all(sql::journeys::begin_rollback, context.tenant, journey, id, now);
  if (written.empty()) co_return conflict("the migration was rolled back already");
  before->status = "rolling_back";
  before->updated_at = now;
  co_await audit::record(tx, context, migration_entry(*before, "migration_rolled_back"), ids_, now);
  co_await jobs::enqueue(tx, context.tenant, migrate_job(*before), ids_, now);
  co_await tx.commit();
  co_return *before;
}

Task<Result<Migration>> Migrations::find(TenantId tenant, JourneyId journey, MigrationId id) {
  auto const row = co_await store_.maybe(sql::journeys::migration, tenant, journey, id);
  if (!row) co_return not_found("migration", id.str());
  co_return read_migration(*row);
}

Task<Result<std::vector<Migration>>> Migrations::list(TenantId tenant, JourneyId journey, std::optional<MigrationId> before, int limit) {
  auto const known = co_await store_.maybe(sql::journeys::find, tenant, journey);
  if (!known) co_return not_found("journey", journey.str());
  auto const last = before.value_or(*MigrationId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  std::vector<Migration> all;
  auto const rows = co_await store_.all(sql::journeys::migrations, tenant, journey, last, limit);
  for (auto const row : rows) all.push_back(read_migration(row));
  co_return all;
}

}  // namespace postrider::journeys
