// A message on its way through the sender: claimed, and ended.
#pragma once

#include "postrider/base/id.h"
#include "postrider/contacts/contacts.h"
#include "postrider/delivery/provider.h"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <vector>

namespace postrider::delivery {

// How a tenant wants it; these are the defaults.
struct SendingRules {
  int max_attempts = 8;
  std::optional<int> frequency_messages = {};  // marketing messages to one contact ...
  std::optional<int> frequency_days = {};      // ... in so many days
};

// Claimed for this instance, and let through by the gate.
struct Claimed {
  MessageId id;
  ContactId contact_id;
  std::optional<CampaignId> campaign;
  std::string campaign_name;
  std::string purpose;
  std::string kind;
  std::string channel;
  TemplateVersionId version;
  std::int64_t fence = 0;
  int attempt = 0;
  boost::json::object variables;
  Instant created_at;
  Instant scheduled_at;
  std::string from_email, from_name;
  std::optional<std::string> reply_to;
  SenderId sender;
  ProviderId provider;
  std::string provider_kind;
  bool tracking = true;
  contacts::Contact contact;  // with a nil id: nobody stored
  std::optional<std::string> to_address;
};

struct ClaimedBatch {
  TenantId tenant;
  LaneId lane;
  SendingRules rules;
  std::vector<Claimed> messages;
  bool found = false;  // something was claimed, be it only to be skipped
};

// What is to be written about one attempt.
struct Ended {
  TenantId tenant;
  std::optional<LaneId> lane;
  MessageId id;
  ContactId contact;
  std::optional<CampaignId> campaign;
  std::string purpose;
  std::string kind = "message";  // only messages tell events
  std::string email;
  std::int64_t fence = 0;
  int attempt = 1;
  int max_attempts = SendingRules().max_attempts;
  Instant created_at;
  Instant scheduled_at;
  std::optional<ProviderId> provider;
  std::string provider_kind;
  Outcome outcome;
  std::optional<std::string> skip_reason = {};  // skipped after all: the template said so, or could not be rendered
  int crashes = 0;                              // the process died while it was under way, this time included
};

Ended ended_of(TenantId tenant, LaneId lane, SendingRules const& rules, Claimed const& claimed, Outcome outcome);

}  // namespace postrider::delivery
