#include "postrider/base/random.h"

#include <openssl/rand.h>

#include <cstring>
#include <stdexcept>

namespace postrider {

std::uint64_t Random::next() {
  std::uint8_t bytes[8];
  fill(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

double Random::fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

void SystemRandom::fill(std::span<std::uint8_t> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) throw std::runtime_error("the operating system gave no randomness");
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
  for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_());
}

}  // namespace postrider
