// Twice the bytes, twice the time: measured in CPU time on the target's patterns and on every seed of the given folders, repeated.
#pragma once

#include <string>
#include <vector>

namespace postrider::fuzz {

// Prints the worst pattern with its ratio; 0 when it is below the limit, else 1.
int measure_growth(std::vector<std::string> const& seed_folders);

}  // namespace postrider::fuzz
