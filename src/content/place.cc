#include "content/place.h"

#include <algorithm>

namespace postrider::content {

Place Places::of(std::size_t offset) {
  offset = std::min(offset, source_.size());
  if (offset < at_) {
    at_ = 0;
    place_ = {};
  }
  for (; at_ < offset; ++at_) {
    auto byte = static_cast<unsigned char>(source_[at_]);
    if (byte == '\n') {
      ++place_.line;
      place_.column = 1;
    } else if ((byte & 0xC0) != 0x80) {
      ++place_.column;
    }
  }
  return place_;
}

}  // namespace postrider::content
