// Named places where a test build can be made to crash or fail: one before and one after every external effect.
// POSTRIDER_FAIL_POINTS="ledger.claimed=abort;smtp.dot=error:3" arms them (":3" means from the third hit on).
// In builds without POSTRIDER_WITH_FAIL_POINTS the macro is nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider::fail_point {

// Reads the armed points from the environment variable. Called once by main.
void arm_from_environment();
void arm(std::string_view specification);
void disarm_all();
// Every point compiled into this binary, for `--list-fail-points`.
std::vector<std::string> known();

// Registers the point's name at start-up, so that `known` is complete without running it.
struct Registration {
  explicit Registration(char const* name);
};
// Throws std::runtime_error for "error", aborts for "abort"; returns when the point is not armed.
void reached(std::string_view name);

}  // namespace postrider::fail_point

#ifdef POSTRIDER_WITH_FAIL_POINTS
#define POSTRIDER_FAIL_POINT(name) ::postrider::fail_point::reached(name)
// At namespace scope, once for each point.
#define POSTRIDER_DECLARE_FAIL_POINT(variable, name) static ::postrider::fail_point::Registration const variable(name)
#else
#define POSTRIDER_FAIL_POINT(name) static_cast<void>(0)
#define POSTRIDER_DECLARE_FAIL_POINT(variable, name) static_assert(true)
#endif
