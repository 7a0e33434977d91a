// postrider journey …: journeys that lie in files, beside the templates in git.
#pragma once

#include "app/application.h"
#include "app/options.h"

namespace postrider::app {

// Without any server or database. Each prints what it found and returns the exit code.
int validate_journey(Command const& command);
// Made-up people go through a journey with a clock that jumps; with --compare, through two of them with the same luck.
int simulate_journey(Command const& command);
// Runs the scenarios of a file.
int test_journey(Command const& command);

// Over the database. `plan` says what `apply` would change; `apply` makes the journey of that name, or changes its draft; --publish makes it a version.
Task<void> plan_journey(Application& application, Command command);
Task<void> apply_journey(Application& application, Command command);
Task<void> export_journey(Application& application, Command command);

}  // namespace postrider::app
