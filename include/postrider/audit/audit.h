// Who changed what, from what, to what: written in the transaction of the change. Nothing in the product alters or removes it.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/context.h"
#include "postrider/db/store.h"

#include <boost/json/object.hpp>

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

}  // namespace postrider::audit
