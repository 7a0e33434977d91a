// Luck that belongs to a person and a matter (splitmix64): drawn again, it is the same, whatever else was drawn before.
#pragma once

#include <cstdint>

namespace postrider::journeys {

class Lot {
 public:
  Lot(std::uint64_t seed, std::uint64_t person, std::uint64_t matter) : state_(seed * 0x9E3779B97F4A7C15ULL + person * 0xBF58476D1CE4E5B9ULL + matter * 0x94D049BB133111EBULL) {
    next();
  }

  std::uint64_t next() {
    auto z = state_ += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  // Uniform in [0, 1).
  double fraction() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace postrider::journeys
