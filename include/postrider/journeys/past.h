// Real people and what really happened to them, as the population of a simulation. Read only; consent, tags and lists are those of today, for
// nobody kept what they were.
#pragma once

#include "postrider/db/store.h"
#include "postrider/journeys/simulation.h"

#include <cstdint>
#include <optional>

namespace postrider::journeys {

struct PastWanted {
  std::optional<SegmentId> segment = {};  // without: everybody
  std::int64_t limit = 20'000;
};

// Adds them, with the events the journey asks for: those before the scenario are known from the start, those within it happen again. Where the
// journey begins with an event, theirs bring them in; otherwise all come in at the start. Also the tenant's zone and its frequency cap, unless given.
Task<void> add_real_people(db::Store& store, TenantId tenant, Scenario& scenario, Definition const& definition, PastWanted wanted);

}  // namespace postrider::journeys
