// What happened with one person, from all sources in one list, newest first: events, messages, consent, changes of the contact, and what
// providers and machines told that became no event.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/db/store.h"

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postrider::contacts {

struct Happening {
  std::string kind;  // event, message, consent, change, fact
  Uuid id;
  Instant at;           // when it was written: the order of the list
  Instant occurred_at;  // when it happened
  std::string type;     // "email_opened", "message_sent", "consent_granted", "contact_updated", "deferred"
  std::optional<CampaignId> campaign_id = {};
  std::optional<MessageId> message_id = {};
  std::optional<std::string> channel = {};
  std::optional<std::string> subject = {};  // purpose of a message, type of a consent, actor class of a fact
  std::optional<std::string> note = {};     // skip reason, source of consent, address of a link
  std::optional<std::string> actor = {};    // who did it: user, api_key, recipient, or a provider's name
  std::optional<std::string> ip_address = {};
  boost::json::value detail = nullptr;      // an event's properties, a change's old and new values
};

using TimelinePlace = std::pair<Instant, Uuid>;

// After the given last one of the page before.
Task<std::vector<Happening>> timeline(db::Store& store, TenantId tenant, ContactId contact, std::optional<TimelinePlace> after, int limit);

}  // namespace postrider::contacts
