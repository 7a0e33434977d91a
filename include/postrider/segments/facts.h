// What conditions ask of contacts, loaded for many of them at once: as many statements for a thousand as for one.
#pragma once

#include "postrider/db/store.h"
#include "postrider/segments/evaluate.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace postrider::segments {

struct FactsWanted {
  std::set<std::string> events = {};  // of these types
  bool consents = false;
  bool segments = false;
  int most_events = 1000;             // of each contact, the newest
};

// Those of the contacts that exist.
Task<std::map<ContactId, Facts>> load_facts(db::Session& session, TenantId tenant, std::vector<ContactId> contacts, FactsWanted wanted);

}  // namespace postrider::segments
