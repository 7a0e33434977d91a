// A condition answered for one contact, plainly, leaf by leaf: the meaning that the compiled SQL must have (a property test compares them), and
// the answer to "why is this contact in the segment, or not". Pure.
#pragma once

#include "postrider/contacts/contacts.h"
#include "postrider/segments/condition.h"

#include <set>
#include <string>
#include <vector>

namespace postrider::segments {

// What is known of a contact; an explainer loads only what the condition asks for.
struct Facts {
  struct Event {
    std::string type;
    std::optional<CampaignId> campaign = {};
    boost::json::object payload = {};
    Instant occurred_at = {};
    Instant created_at = {};
  };
  struct Consent {
    std::string channel, consent_type, status;
    std::optional<Instant> expires_at = {};
  };
  contacts::Contact contact;
  std::vector<Event> events = {};
  std::vector<Consent> consents = {};
  std::set<SegmentId> segments = {};
};

struct Finding {
  std::string pointer;     // which part of the condition
  std::string question;    // "and", "or", "not", or a leaf's words: "attributes.industry equals \"SaaS\""
  bool holds = false;
  boost::json::value read;  // what the leaf found; null for and, or, not, and for what is missing
  std::vector<Finding> parts = {};
};

Finding evaluate(Condition const& condition, Facts const& facts, Instant now);
bool fits(Condition const& condition, Facts const& facts, Instant now);

}  // namespace postrider::segments
