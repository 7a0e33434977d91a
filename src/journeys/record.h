// Journeys as rows, and as audit entries tell of them.
#pragma once

#include "postrider/journeys/journeys.h"

namespace postrider::journeys {

Journey read_journey(db::Row row);
Version read_version(db::Row row);
boost::json::object described(Journey const& journey);

// Part of a name, as a pattern of LIKE over folded text with ! as its escape.
std::optional<std::string> pattern_of(std::optional<std::string> const& part);

}  // namespace postrider::journeys
