// postrider journey validate FILE: says what is wrong with a journey that lies in a file, before any server sees it.
#pragma once

#include "app/options.h"

namespace postrider::app {

// One line a mistake on stdout, "FILE: /definition/nodes/2/kind: …"; 0 when there is none, otherwise 1.
int validate_journey(Command const& command);

}  // namespace postrider::app
