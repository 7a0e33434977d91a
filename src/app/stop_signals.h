// How a long-running command is told to stop.
#pragma once

#include "postrider/base/task.h"

namespace postrider::app {

// Returns at the first SIGTERM or SIGINT; a second one cuts the process off.
Task<void> until_told_to_stop(Executor executor);

}  // namespace postrider::app
