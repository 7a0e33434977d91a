// The life of a journey: a draft that may still be wrong, versions that never change, and whether people are led through them. Who is on the
// way, and what became of them, tells executions.h.
//
//   draft -activate-> active -pause-> paused -resume-> active;   draft, paused -archive-> archived -restore-> paused or draft
//
// Publishing makes a version of the draft; it goes with every state but archived. In an active or paused journey it means the next ones who come
// in: whoever is on the way stays on their version.
#pragma once

#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/db/store.h"
#include "postrider/journeys/definition.h"

#include <boost/describe/enum.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::journeys {

enum class JourneyStatus { draft, active, paused, archived };
BOOST_DESCRIBE_ENUM(JourneyStatus, draft, active, paused, archived)

struct Journey {
  JourneyId id;
  std::string name;
  std::string description;
  JourneyStatus status = JourneyStatus::draft;
  int version = 0;                 // the newest one published; 0: none yet
  bool draft_changed = true;       // the draft says something else than that version
  boost::json::object definition;  // the draft
  Instant created_at;
  Instant updated_at;
  std::optional<Instant> activated_at, paused_at;
};

struct Version {
  int version = 1;
  boost::json::object definition;
  std::string note;
  std::optional<Uuid> created_by;
  Instant created_at;
};

struct Change {
  std::optional<std::string> name = {};
  std::optional<std::string> description = {};
  std::optional<boost::json::object> definition = {};
};

struct Filter {
  std::optional<JourneyStatus> status = {};       // without: all but archived ones
  std::optional<std::string> search = {};  // part of the name
};

// What came of applying a file.
struct Applied {
  Journey journey;
  bool made = false;  // there was none of this name
};

// What keeps a definition from being published: pointers begin with /definition.
using Problems = std::vector<FieldError>;

class Journeys {
 public:
  Journeys(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}

  // The definition may be wrong, or empty: `problems` tells. Fails with invalid; conflict when the name is taken.
  Task<Result<Journey>> create(Context context, Change wanted);
  // The draft only. Fails also with not_found; conflict when archived; precondition when `expected` is old.
  Task<Result<Journey>> change(Context context, JourneyId id, Change change, std::optional<Instant> expected);
  // Creates the journey of this name, or changes its draft: applied twice it does nothing the second time.
  Task<Result<Applied>> apply(Context context, Change wanted);
  Task<Result<Journey>> find(TenantId tenant, JourneyId id);
  // Newest first, those before `before`; without their drafts.
  Task<std::vector<Journey>> list(TenantId tenant, Filter filter, std::optional<JourneyId> before, int limit);
  // A new draft of what this one's draft says; without a name, "NAME (copy)" or the next that is free.
  Task<Result<Journey>> copy(Context context, JourneyId id, std::optional<std::string> name);
  // Only what was never published. Fails with conflict.
  Task<Result<void>> remove(Context context, JourneyId id);

  // Everything that keeps it from being published: the graph first; when that holds together, what it speaks of and is not there.
  Task<Problems> problems(TenantId tenant, boost::json::value definition);

  // Freezes the draft as the next version. Fails with invalid, naming every problem; conflict when nothing changed, or archived.
  Task<Result<Journey>> publish(Context context, JourneyId id, std::string note);
  // From draft: people come in from now on. Publishes the draft when nothing was published yet; otherwise it takes the newest version and
  // leaves the draft alone. Fails with invalid when something that version needs is gone.
  Task<Result<Journey>> activate(Context context, JourneyId id);
  // Nobody comes in, and whoever is on the way stays where they are.
  Task<Result<Journey>> pause(Context context, JourneyId id);
  // Fails as `activate` does.
  Task<Result<Journey>> resume(Context context, JourneyId id);
  // Put away; not from active. Whoever is on the way stays where they are, as long as it is put away.
  Task<Result<Journey>> archive(Context context, JourneyId id);
  // Back as paused, or as a draft when it was never active. Fails with conflict when its name is taken by now.
  Task<Result<Journey>> restore(Context context, JourneyId id);

  // Newest first; those below version `before`.
  Task<std::vector<Version>> versions(TenantId tenant, JourneyId id, std::optional<int> before, int limit);
  Task<Result<Version>> version(TenantId tenant, JourneyId id, int number);

 private:
  // Writes `after` over `before` with its audit entry, and the version it begins, in one transaction.
  Task<Result<Journey>> save(Context context, Journey before, Journey after, std::string_view action, std::optional<std::string> note = {});
  Task<Result<Journey>> move(Context context, Journey before, JourneyStatus to, std::string_view action);
  // To active, with the newest version; that version must be whole.
  Task<Result<Journey>> open(Context context, Journey before, std::string_view action);
  Task<Result<void>> check_ready(TenantId tenant, boost::json::object definition);
  Task<bool> name_is_free(TenantId tenant, std::string name);
  Task<Problems> missing(TenantId tenant, Definition definition);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

// One thing that is otherwise: a JSON pointer below the node (or `entry`, `rules`), what was there and what is; null for nothing.
struct Difference {
  std::string pointer;
  boost::json::value before, after;
};
struct NodeDifference {
  std::string node;
  std::string change;  // added, removed, changed
  std::string kind;    // of the newer one where there are both
  std::vector<Difference> fields;
};
struct Differences {
  std::vector<NodeDifference> nodes;  // in the order of the newer one, then what was removed
  std::vector<Difference> entry, rules;
};
// Where an editor draws the nodes does not count. Reads also drafts that are wrong, as far as they have nodes with ids.
Differences differences(boost::json::object const& before, boost::json::object const& after);

// The same definition as it stands in a file: members in one order everywhere, nodes as they are.
boost::json::object in_order(boost::json::object const& definition);

}  // namespace postrider::journeys
