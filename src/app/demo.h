// `postrider demo`: the whole server on a temporary database, filled with sample data, with readers who open and click what the
// built-in inbox has caught. Nothing of it can leave the machine.
#pragma once

#include "app/application.h"

namespace postrider::app {

// Runs until told to stop; removes everything it made. The exit code.
int run_demo(Command const& command);

}  // namespace postrider::app
