// postrider import contacts FILE.csv: streams a file in, commits it, and writes the rejected rows beside it.
#pragma once

#include "app/application.h"

namespace postrider::app {

Task<void> import_contacts(Application& application, Command command);

}  // namespace postrider::app
