// A running loop, as `forloop` and `tablerowloop` show it.
#pragma once

#include "content/liquid/value.h"

namespace postrider::content {

struct LoopState {
  Value collection;         // what is looped over; objects are walked by iterator position
  std::uint64_t from = 0;   // first element of the segment
  std::uint64_t count = 0;  // elements of the segment
  std::uint64_t index = 0;  // how many are done
  bool reversed = false;
  bool is_table = false;
  std::uint64_t columns = 0;  // tablerow
  std::string_view name;      // "item-collection"
  LoopState const* parent = nullptr;
  LoopState* next_free = nullptr;

  bool first() const { return index == 0; }
  bool last() const { return index + 1 >= count; }
  std::uint64_t column() const { return columns ? index % columns + 1 : index + 1; }
  std::uint64_t row() const { return columns ? index / columns + 1 : 1; }
  // index, index0, rindex, ...; unset when it has no such property.
  Value property(std::string_view key) const;
};

}  // namespace postrider::content
