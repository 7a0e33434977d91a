// Arrays as the array filters see them (Ruby's InputIterator): nested ones flattened, nothing as none, anything else as one.
#pragma once

#include "content/liquid/runtime.h"

#include <optional>
#include <span>

namespace postrider::content {

// In the arena; empty after a failure.
std::span<Value> items_of(Runtime& run, Value const& input);

// What `item[property]` gives in Ruby. Nothing when the item has no such operator; run.fail for a property it cannot take.
std::optional<Value> select(Runtime& run, Value const& item, Value const& property);

}  // namespace postrider::content
