#include "delivery/facts.h"

#include "postrider/events/event_log.h"

namespace postrider::delivery {

namespace {

void earliest(std::optional<Instant>& slot, Instant at) {
  if (!slot || at < *slot) slot = at;
}

}  // namespace

std::string_view name(FactKind kind) {
  switch (kind) {
    case FactKind::processed: return "processed";
    case FactKind::deferred: return "deferred";
    case FactKind::delivered: return "delivered";
    case FactKind::bounced: return "bounced";
    case FactKind::dropped: return "dropped";
    case FactKind::opened: return "opened";
    case FactKind::clicked: return "clicked";
    case FactKind::complained: return "complained";
    case FactKind::unsubscribed: return "unsubscribed";
    case FactKind::resubscribed: return "resubscribed";
  }
  return "processed";
}

void advance_by(Advance& advance, Fact const& fact, ActorClass actor) {
  bool const machine = actor == ActorClass::machine;
  switch (fact.kind) {
    case FactKind::delivered:
      earliest(advance.delivered, fact.occurred_at);
      advance.arrived = true;
      break;
    case FactKind::opened:
      earliest(machine ? advance.machine_opened : advance.opened, fact.occurred_at);
      advance.arrived = true;
      break;
    case FactKind::clicked:
      if (!machine) earliest(advance.clicked, fact.occurred_at);
      advance.arrived = true;
      break;
    case FactKind::bounced:
    case FactKind::dropped:
      earliest(advance.bounced, fact.occurred_at);
      if (!fact.bounce_class.empty()) advance.bounce_class = fact.bounce_class;
      advance.arrived = true;
      break;
    case FactKind::complained:
      earliest(advance.complained, fact.occurred_at);
      advance.arrived = true;
      break;
    case FactKind::unsubscribed:
      earliest(advance.unsubscribed, fact.occurred_at);
      advance.arrived = true;
      break;
    case FactKind::processed:
    case FactKind::deferred:
      advance.arrived = true;  // with the provider, at least
      break;
    case FactKind::resubscribed: break;
  }
}

// The documented marketing event that a fact is, if it is one.
std::string_view marketing_kind(Fact const& fact, std::string const& channel) {
  namespace kind = events::kind;
  bool const email = channel == "email";
  switch (fact.kind) {
    case FactKind::delivered: return email ? kind::email_delivered : channel == "sms" ? kind::sms_delivered : std::string_view();
    case FactKind::opened: return email ? kind::email_opened : channel == "push" ? kind::push_opened : std::string_view();
    case FactKind::clicked: return email ? kind::email_clicked : channel == "sms" ? kind::sms_clicked : std::string_view();
    case FactKind::bounced:
    case FactKind::dropped: return email ? kind::email_bounced : std::string_view();
    default: return {};  // unsubscribing and complaining become events where they suppress
  }
}

// Why this fact puts its address on the suppression list; empty when it does not.
std::string suppress_reason(Fact const& fact) {
  switch (fact.kind) {
    case FactKind::bounced: return fact.bounce_class == "hard" ? "bounce" : "";
    case FactKind::dropped: return fact.suppress_reason;
    case FactKind::complained: return "complaint";
    case FactKind::unsubscribed: return "unsubscribe";
    default: return "";
  }
}

}  // namespace postrider::delivery
