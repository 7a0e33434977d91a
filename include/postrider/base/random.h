// Randomness, injected. SystemRandom is cryptographically strong (OpenSSL); SeededRandom repeats itself for tests and
// simulations and must never make a secret.
#pragma once

#include <cstdint>
#include <random>
#include <span>

namespace postrider {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
  std::uint64_t next();
  // Uniform in [0, 1).
  double fraction();
};

class SystemRandom : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::mt19937_64 engine_;
};

}  // namespace postrider
