#include "api/journey_migrations_api.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

struct MigrationIn {
  int from = 0, to = 0;
  json::Defaulted<std::map<std::string, std::string>> map = std::map<std::string, std::string>();
  static constexpr json::Rule json_rules[] = {json::range("from", 1, 1'000'000), json::range("to", 1, 1'000'000)};
  static constexpr std::string_view json_name = "JourneyMigrationInput";
};
BOOST_DESCRIBE_STRUCT(MigrationIn, (), (from, to, map))

struct MigrationOut {
  journeys::MigrationId id;
  JourneyId journey_id;
  int from = 0, to = 0;
  std::map<std::string, std::string> map;
  std::string status;
  std::int64_t moved = 0, exited = 0, returned = 0;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "JourneyMigration";
};
BOOST_DESCRIBE_STRUCT(MigrationOut, (), (id, journey_id, from, to, map, status, moved, exited, returned, created_at, updated_at))

struct PlannedOut {
  std::string node_id, kind;
  std::int64_t waiting = 0, held = 0;
  std::string becomes;
  std::optional<std::string> to_node_id;
  static constexpr std::string_view json_name = "JourneyMigrationNode";
};
BOOST_DESCRIBE_STRUCT(PlannedOut, (), (node_id, kind, waiting, held, becomes, to_node_id))

struct PlanOut {
  int from = 0, to = 0;
  std::int64_t keep = 0, move = 0, exit = 0;
  std::vector<PlannedOut> nodes;
  static constexpr std::string_view json_name = "JourneyMigrationPlan";
};
BOOST_DESCRIBE_STRUCT(PlanOut, (), (from, to, keep, move, exit, nodes))

boost::json::value shown(journeys::Migration const& m) {
  MigrationOut out;
  out.id = m.id;
  out.journey_id = m.journey;
  out.from = m.from;
  out.to = m.to;
  out.map = m.map;
  out.status = m.status;
  out.moved = m.moved;
  out.exited = m.exited;
  out.returned = m.returned;
  out.created_at = m.created_at;
  out.updated_at = m.updated_at;
  return json::encode(out);
}

}  // namespace

std::vector<http::Route> JourneyMigrationsApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](http::Route route) { all.push_back(std::move(route)); };
  add(get("/journeys/{id}/migrations", right::read, on(this, &JourneyMigrationsApi::list),
          doc("list_journey_migrations", "Migrations of a journey, newest first", "journeys").paged().answers_list<MigrationOut>()));
  add(post("/journeys/{id}/migrations/plan", right::read, on(this, &JourneyMigrationsApi::plan),
           doc("plan_journey_migration", "What a migration would do to those who stand at each node; changes nothing", "journeys").takes<MigrationIn>().answers<PlanOut>()));
  add(post("/journeys/{id}/migrations", right::send, on(this, &JourneyMigrationsApi::start),
           doc("start_journey_migration", "Bring those on the way from one version to another: node to node, keep, or exit", "journeys").takes<MigrationIn>().answers<MigrationOut>(202)));
  add(get("/journeys/{id}/migrations/{migration}", right::read, on(this, &JourneyMigrationsApi::show),
          doc("show_journey_migration", "How far a migration has come", "journeys").answers<MigrationOut>()));
  add(post("/journeys/{id}/migrations/{migration}/rollback", right::send, on(this, &JourneyMigrationsApi::roll_back),
           doc("roll_back_journey_migration", "Return those who still stand where it put them", "journeys").answers<MigrationOut>(202), http::BodyKind::none));
  return all;
}

JourneyMigrationsApi::Answer JourneyMigrationsApi::list(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const found = co_await migrations_.list(caller(request).context.tenant, *id, last_id<journeys::MigrationId>(*page), page->limit + 1);
  if (!found) co_return found.error();
  auto key = [](journeys::Migration const& m) { return std::vector<std::string>{m.id.str()}; };
  co_return list_answer(request, *page, *found, [](journeys::Migration const& m) { return shown(m); }, key);
}

JourneyMigrationsApi::Answer JourneyMigrationsApi::plan(http::Request& request) {
  auto const in = json::read<MigrationIn>(request.body);
  if (!in) co_return in.error();
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const planned = co_await migrations_.plan(caller(request).context.tenant, *id, in->from, in->to, *in->map);
  if (!planned) co_return planned.error();
  PlanOut out;
  out.from = planned->from;
  out.to = planned->to;
  for (auto const& p : planned->nodes) {
    out.nodes.push_back(PlannedOut{p.node, p.kind, p.here, p.held, p.fate, p.to_node});
    (p.fate == "keep" ? out.keep : p.fate == "move" ? out.move : out.exit) += p.here;
  }
  co_return ok(json::encode(out));
}

JourneyMigrationsApi::Answer JourneyMigrationsApi::start(http::Request& request) {
  auto const in = json::read<MigrationIn>(request.body);
  if (!in) co_return in.error();
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const m = co_await migrations_.start(context_of(request), *id, in->from, in->to, *in->map);
  if (!m) co_return m.error();
  co_return ok(shown(*m), 202);
}

JourneyMigrationsApi::Answer JourneyMigrationsApi::show(http::Request& request) {
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const migration = path_id<journeys::MigrationId>(request, "migration", "migration");
  if (!migration) co_return migration.error();
  auto const m = co_await migrations_.find(caller(request).context.tenant, *id, *migration);
  if (!m) co_return m.error();
  co_return ok(shown(*m));
}

JourneyMigrationsApi::Answer JourneyMigrationsApi::roll_back(http::Request& request) {
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const migration = path_id<journeys::MigrationId>(request, "migration", "migration");
  if (!migration) co_return migration.error();
  auto const m = co_await migrations_.roll_back(context_of(request), *id, *migration);
  if (!m) co_return m.error();
  co_return ok(shown(*m), 202);
}

}  // namespace postrider::api
