// Line and column of an offset in a source: both 1-based, columns in characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postrider::content {

struct Place {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

// Asked for many offsets in rising order it reads the source once.
class Places {
 public:
  explicit Places(std::string_view source) : source_(source) {}
  Place of(std::size_t offset);

 private:
  std::string_view source_;
  std::size_t at_ = 0;
  Place place_;
};

inline Place place_of(std::string_view source, std::size_t offset) { return Places(source).of(offset); }

}  // namespace postrider::content
