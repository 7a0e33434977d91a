// Brings those on the way from one version of a journey to another: planned node by node, looked at before, carried out in chunks by a job, and
// rolled back for whoever still stands where they were put. docs/decisions/journeys.md says why it is as it is.
#pragma once

#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/db/store.h"
#include "postrider/jobs/job.h"
#include "postrider/journeys/engine.h"

#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postrider::journeys {

using MigrationId = Id<struct JourneyMigrationTag>;

struct Migration {
  MigrationId id;
  JourneyId journey;
  int from = 0, to = 0;
  std::map<std::string, std::string> map;  // node of the old version: "keep", "exit", or a node of the new one
  std::string status = "running";          // completed, rolling_back, rolled_back
  std::int64_t moved = 0, exited = 0, returned = 0;
  Instant created_at, updated_at;
};

// What would become of those at one node.
struct Planned {
  std::string node, kind;
  std::int64_t here = 0, held = 0;
  std::string fate;                    // keep, move, exit
  std::optional<std::string> to_node;  // of keep and move
};
struct Plan {
  int from = 0, to = 0;
  std::vector<Planned> nodes;  // those where somebody can stand, in the order of the old version
};

class Migrations {
 public:
  struct Settings {
    int chunk = 500;
  };
  Migrations(db::Store& store, Clock const& clock, Ids& ids, Engine& engine, Settings settings) : store_(store), clock_(clock), ids_(ids), engine_(engine), settings_(settings) {}

  // Changes nothing. A node that is not named keeps its place where the new version has the same. Fails with not_found: the journey; invalid: a
  // version that is not there, a node of neither, a node that is not named and has no place in the new version.
  Task<Result<Plan>> plan(TenantId tenant, JourneyId journey, int from, int to, std::map<std::string, std::string> map);
  // Fails also with conflict: people come in by the version it would lead away from, or another migration of the journey is running.
  // Queues journey:migrate.
  Task<Result<Migration>> start(Context context, JourneyId journey, int from, int to, std::map<std::string, std::string> map);
  // Returns whoever has not gone on since. Fails with not_found; conflict when it was rolled back already. Queues journey:migrate.
  Task<Result<Migration>> roll_back(Context context, JourneyId journey, MigrationId id);
  Task<Result<Migration>> find(TenantId tenant, JourneyId journey, MigrationId id);
  // Newest first.
  Task<Result<std::vector<Migration>>> list(TenantId tenant, JourneyId journey, std::optional<MigrationId> before, int limit);

  // Handlers of the queue "journeys".
  std::map<std::string, jobs::Handler> job_handlers();

 private:
  Task<jobs::Answer> run(jobs::Job const& job);
  Task<bool> move_chunk(TenantId tenant, Migration migration);
  Task<bool> return_chunk(TenantId tenant, Migration migration);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  Engine& engine_;
  Settings settings_;
};

}  // namespace postrider::journeys
