// Everything that lives long: listeners, workers, consumers, schedulers. `app/wiring.cc` holds them floor by floor,
// starts them upwards and stops them downwards.
#pragma once

#include "postrider/base/task.h"

#include <string_view>

namespace postrider {

class Service {
 public:
  virtual ~Service() = default;
  virtual std::string_view name() const = 0;
  // Ready to work when it returns. Throws when it cannot.
  virtual Task<void> start() = 0;
  // Takes nothing new, finishes what is under way, and returns when done. May be called twice, and without start.
  virtual Task<void> stop() = 0;
};

}  // namespace postrider
