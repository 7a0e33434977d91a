// What providers and tracked links say of messages: stored once, in any order, and taken in. Many callers share one commit;
// each is answered when its own facts are durable. Bounces, complaints and unsubscribes suppress in the same transaction.
#pragma once

#include "postrider/base/context.h"
#include "postrider/base/service.h"
#include "postrider/db/store.h"
#include "postrider/delivery/engagement.h"

#include <boost/json/object.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::delivery {

// How far a fact changes the message: kinds of message_events.
enum class FactKind { processed, deferred, delivered, bounced, dropped, opened, clicked, complained, unsubscribed, resubscribed };
std::string_view name(FactKind kind);

struct Fact {
  FactKind kind = FactKind::processed;
  std::string provider;                                // "sendgrid", "tracking", ...
  std::string provider_event_id = {};                  // dedupe key; empty: never a duplicate
  std::optional<MessageId> message = {};               // the best way to join
  std::string provider_message_id = {};                // the next best
  std::string email = {};                              // the last resort: the newest message to that address
  Instant occurred_at;
  std::string url = {};
  std::optional<int> link_index = {};
  std::string ip_address = {};
  std::string user_agent = {};
  std::string method = "GET";
  bool provider_says_machine = false;
  std::string bounce_class = {};                       // "hard", "soft", "block" for bounced and dropped
  std::string suppress_reason = {};                    // of a dropped fact: the provider's own list ("bounce", "unsubscribe", "complaint")
  int links = 0;                                       // links the message has, for classing clicks
  boost::json::object detail = {};                     // what else the provider said, bounded by the caller
};

struct IngestResult {
  int stored = 0;      // new facts
  int duplicates = 0;  // told before
};

class Ingest : public Service {
 public:
  // Waits until the facts are durable. Throws db::Unavailable (the caller answers 503 and the provider comes again).
  virtual Task<IngestResult> take(TenantId tenant, std::vector<Fact> facts) = 0;
};

std::unique_ptr<Ingest> make_ingest(db::Store& store, Clock const& clock, Ids& ids, Executor executor);

}  // namespace postrider::delivery
