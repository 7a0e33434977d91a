// Does one thing again and again: schedulers. A failure is logged, and the next turn comes all the same.
#pragma once

#include "postrider/base/service.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace postrider::app {

std::unique_ptr<Service> make_ticker(Executor executor, std::string name, std::chrono::milliseconds every, std::function<Task<void>()> work);

}  // namespace postrider::app
