// What one fact about a message means: pure.
#pragma once

#include "postrider/delivery/ingest.h"

#include <optional>
#include <string>
#include <string_view>

namespace postrider::delivery {

// The first times that a batch of facts gives one message.
struct Advance {
  std::optional<Instant> delivered, opened, machine_opened, clicked, bounced, complained, unsubscribed;
  std::optional<std::string> bounce_class;
  bool arrived = false;
};

void advance_by(Advance& advance, Fact const& fact, ActorClass actor);

// The documented marketing event that a fact is, if it is one.
std::string_view marketing_kind(Fact const& fact, std::string const& channel);

// Why this fact puts its address on the suppression list; empty when it does not.
std::string suppress_reason(Fact const& fact);

}  // namespace postrider::delivery
