// Whether a provider is worth trying: pure. Closed while it works; open after five faults in a row, or ten among the last twenty
// hand-overs; then one message at a time tries it again, at growing distances. What waits meanwhile stays queued and loses no attempt.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace postrider::delivery {

class Breaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class State { closed, open, half_open };

  static constexpr int unlimited = std::numeric_limits<int>::max();

  State state(Time now) const;
  // How many messages may be claimed for it now: all, none, or the one that tries.
  int allowance(Time now) const;
  // When it is tried again; only of interest while it is open.
  Time opens_at() const { return until_; }

  // These were claimed: in the half-open state this is the one that tries.
  void claimed(int count, Time now);
  void succeeded();
  // True when this fault opened it. `jitter` is uniform in [0, 1). `at_once`: wrong credentials do not mend themselves.
  bool failed(Time now, double jitter, bool at_once = false);
  // What tried was never handed over: the next one tries.
  void unused();
  // It was set up anew: what was found before says nothing any more.
  void renewed();
  // Another instance found it down: not before `until`.
  void told_open(Time until, Time now);

  // There was a fault and no success since: faults are the provider's doing, not the message's.
  bool troubled() const { return open_ || in_a_row_ >= 2; }
  std::int64_t openings() const { return openings_; }

 private:
  void open(Time now, double jitter);

  bool open_ = false;  // or half-open, once `until_` has come
  bool trying_ = false;
  Time tried_at_ = {};
  Time until_ = {};
  int in_a_row_ = 0;
  std::uint32_t recent_ = 0;  // a bit for each of the last twenty, 1: fault
  int known_ = 0;
  int tries_ = 0;  // failed ones since it opened
  std::int64_t openings_ = 0;
};

std::string_view name(Breaker::State state);

}  // namespace postrider::delivery
