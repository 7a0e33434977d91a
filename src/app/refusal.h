// An expected refusal ends a command like any failure: one sentence on stderr, exit code 1.
#pragma once

#include "postrider/base/error.h"

#include <stdexcept>
#include <utility>

namespace postrider::app {

template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

}  // namespace postrider::app
