// `postrider doctor`: looks at configuration, secret, folders, database, providers, sender domains and the public address, and says of each
// what is wrong and how to mend it. Changes nothing but the providers' remembered check.
#pragma once

#include "app/options.h"

namespace postrider::app {

// Prints its findings; 1 when something is broken, else 0.
int doctor(Command const& command);

}  // namespace postrider::app
