// One message to one person, outside any campaign: a receipt, a confirmation, a test. It becomes a row of the ledger in the caller's
// transaction and goes the way of all others: lane, gate, provider.
//
//   auto const version = co_await content::keep_inline(tx, tenant, content, now);      // or a template's version_id
//   auto const sender = co_await delivery::default_sender(tx, tenant);
//   DirectMessage mail{.contact = contact, .version = *version, .sender = *sender, .variables = {{"confirm_url", url}}};
//   auto const id = co_await delivery::queue(tx, tenant, std::move(mail), ids, now);   // last in the transaction: it locks the lane
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/id.h"
#include "postrider/db/store.h"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <vector>

namespace postrider::delivery {

struct DirectMessage {
  ContactId contact = {};                         // nil only with `to_address`
  std::optional<std::string> to_address = {};     // goes there instead of the contact's own address: confirmations, tests
  std::string channel = "email";
  std::string purpose = "transactional";
  std::string kind = "message";                   // message, test, confirmation (letter.h): only messages count anywhere
  TemplateVersionId version = {};
  SenderId sender = {};                           // a confirmation may leave in the name of a sender that is not verified yet
  boost::json::object variables = {};             // {{ variables.* }}
  std::optional<boost::json::object> journey = {};  // {{ journey.* }} and {{ event.* }}, of messages that a journey sends
  boost::json::object event = {};
  int priority = 1;                               // 1 (urgent) to 10 (bulk)
  std::optional<Instant> at = {};                 // nothing: now
  bool tracking = false;
  std::optional<Uuid> source = {};                // what asks for it: the same source, visit and contact get one message only
  std::string visit = "1";
};

// The ids in order. Nothing for those that were queued before.
Task<std::vector<std::optional<MessageId>>> queue(db::Transaction& tx, TenantId tenant, std::vector<DirectMessage> messages, Ids& ids, Instant now);
Task<std::optional<MessageId>> queue(db::Transaction& tx, TenantId tenant, DirectMessage message, Ids& ids, Instant now);

// The lane that direct messages of one sender and priority share: so that one provider's trouble holds up its own messages only.
LaneId direct_lane(TenantId tenant, SenderId sender, int priority);
// Makes the lane if it is new, and has it looked at when something in it is due. Last in a transaction: it locks the lane.
Task<void> open_direct_lane(db::Transaction& tx, TenantId tenant, SenderId sender, int priority, Instant due_at, Instant now);

// The tenant's oldest verified sender.
Task<std::optional<SenderId>> default_sender(db::Session& session, TenantId tenant);

}  // namespace postrider::delivery
