// Who changed what, from what, to what: written in the transaction of the change. Nothing in the product alters or removes it.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/context.h"
#include "postrider/db/store.h"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::audit {

struct Entry {
  std::string_view entity_type;  // "contact", "campaign", ...
  Uuid entity_id;
  std::string_view action;       // "created", "updated", "deleted", "launched", ...
  boost::json::object changes;   // {"field": {"old": ..., "new": ...}}; never a secret
};

// One statement for all entries.
Task<void> record(db::Transaction& tx, Context const& context, std::vector<Entry> entries, Ids& ids, Instant now);

// {"name": {"old": "a", "new": "b"}} of the members that differ; "created" has old null, "deleted" new null. Members whose
// name is in `hidden` appear as "***".
boost::json::object difference(boost::json::object const& before, boost::json::object const& after, std::vector<std::string_view> const& hidden = {});

struct Record {
  Uuid id;
  std::string entity_type;
  Uuid entity_id;
  std::string action;
  std::string actor_kind;
  std::optional<Uuid> actor_id;
  std::optional<std::string> request_id;
  std::optional<std::string> ip_address;
  boost::json::object changes;
  Instant created_at;
};
struct Filter {
  std::optional<std::string> entity_type = {};
  std::optional<Uuid> entity_id = {};
  std::optional<Uuid> actor_id = {};
};
// Newest first, those before `before` (the last id of the page above).
Task<std::vector<Record>> list(db::Store& store, TenantId tenant, Filter filter, std::optional<Uuid> before, int limit);

// What one request of this actor changed, oldest first; nothing when none of its transactions was committed.
Task<std::vector<Record>> of_request(db::Store& store, TenantId tenant, Uuid actor, std::string request_id, Instant since);

}  // namespace postrider::audit
