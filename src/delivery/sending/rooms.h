// How much each provider gets at a time, and whether it gets anything: a window that follows its speed, and its circuit breaker.
// Slow and broken providers hold only their own messages up; what is urgent may use a part of the window that bulk mail leaves.
#pragma once

#include "delivery/sending/breaker.h"
#include "postrider/base/clock.h"
#include "postrider/base/id.h"
#include "postrider/base/random.h"
#include "postrider/delivery/provider.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::delivery {

class Rooms {
 public:
  Rooms(Clock const& clock, Random& random) : clock_(clock), random_(random) {}

  static constexpr int largest_window = 1200;

  // How many messages may be claimed for it now.
  int room(TenantId tenant, std::optional<ProviderId> provider, bool urgent);
  // Nothing while it may be tried, otherwise when to come back.
  std::optional<Instant> down_until(std::optional<ProviderId> provider) const;
  void claimed(TenantId tenant, std::optional<ProviderId> provider, int count);
  void abilities(std::optional<ProviderId> provider, std::size_t in_flight);
  // The message is in the ledger (or back in the queue): its place is free.
  void left(std::optional<ProviderId> provider, int count);
  // Feeds the breaker.
  void ended(TenantId tenant, std::optional<ProviderId> provider, Outcome const& outcome);
  // Its faults are its own, not its messages'.
  bool troubled(std::optional<ProviderId> provider) const;
  // `providers.breaker` as another instance, or this one before its restart, left it.
  void told(TenantId tenant, ProviderId provider, std::string_view breaker);

  struct Change {
    TenantId tenant;
    ProviderId provider;
    std::string state;  // for providers.breaker
  };
  // Breakers whose state has changed since the last call.
  std::vector<Change> changes();
  int in_the_air() const { return in_the_air_; }

 private:
  struct Room {
    TenantId tenant;
    Breaker breaker;
    std::string published = "closed";
    std::string why;
    int in_the_air = 0;
    int in_flight = 0;  // what the provider does at once; 0 when not known yet
    int done = 0;       // since `measured_at`
    double per_second = 0;
    std::chrono::steady_clock::time_point measured_at{};
  };
  Room& of(std::optional<ProviderId> provider);
  int window(Room const& room) const;

  Clock const& clock_;
  Random& random_;
  std::map<ProviderId, Room> rooms_;  // the nil provider: lanes whose messages have several
  int in_the_air_ = 0;
};

}  // namespace postrider::delivery
