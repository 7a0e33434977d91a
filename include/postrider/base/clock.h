// Time, injected: nothing in postrider asks the operating system for it except SystemClock.
// Instants are UTC with microseconds; their text is RFC 3339 with six decimals and `Z`, so that text order is time order.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postrider {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  // Never goes back, unaffected by clock jumps: for time-outs.
  virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock : public Clock {
 public:
  Instant now() const override;
  std::chrono::steady_clock::time_point steady() const override;
};

// Moves only when told: for tests and simulations.
class FixedClock : public Clock {
 public:
  explicit FixedClock(Instant now) : now_(now) {}
  Instant now() const override { return now_; }
  std::chrono::steady_clock::time_point steady() const override { return std::chrono::steady_clock::time_point(now_.time_since_epoch()); }
  void advance(Duration by) { now_ += by; }
  void set(Instant to) { now_ = to; }

 private:
  Instant now_;
};

// "2026-11-22T10:00:00.000000Z": what the databases store and compare.
std::string to_text(Instant instant);
// The same without needless decimals, "2026-11-22T10:00:00Z" or with milliseconds: what the API answers.
std::string to_rfc3339(Instant instant);
// RFC 3339 with any offset, and the shapes both databases print ("2026-11-22 10:00:00.5+00"). Nothing when malformed or without a zone.
std::optional<Instant> parse_instant(std::string_view text);

// "90s", "15m", "24h", "3d", "500ms", "2w". Nothing when malformed, negative or beyond 100 years.
std::optional<Duration> parse_duration(std::string_view text);
// The shortest of these forms: 24h rather than 86400s, 3d rather than 72h.
std::string to_text(Duration duration);

}  // namespace postrider
