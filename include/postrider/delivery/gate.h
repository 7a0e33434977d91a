// May this message go, now? Pure: facts in, verdict and trace out. Runs in the transaction that claims the message; the trace is
// kept, so that "why did this contact (not) get this?" always has an answer.
#pragma once

#include "postrider/base/clock.h"

#include <boost/json/array.hpp>

#include <optional>
#include <string>

namespace postrider::delivery {

struct GateFacts {
  std::string purpose;  // marketing, transactional
  std::string channel;  // email
  std::string kind = "message";  // test, confirmation: see letter.h
  bool contact_exists = false;
  std::optional<std::string> address = {};
  std::optional<std::string> suppression = {};  // its reason
  std::optional<std::string> consent = {};      // status of consent for this purpose
  std::optional<Instant> consent_expires_at = {};
  std::optional<std::string> campaign_status = {};
  bool sender_exists = false;
  bool sender_verified = false;
  bool provider_exists = false;
  std::optional<int> frequency_limit = {};  // marketing messages to one contact ...
  int frequency_days = 1;                   // ... in so many days
  int recent_messages = 0;                  // that it got, or is getting
};

enum class Decision { send, skip };

struct Verdict {
  Decision decision = Decision::skip;
  std::string reason = {};       // of a skip: "suppressed", "consent_missing", …
  boost::json::array trace = {};  // [{gate, verdict, read}] in the order asked
};

// Gates, in this order, until one refuses: contact, campaign, address, suppression, consent, frequency (marketing, when the tenant caps it),
// sender, provider. The claim adds what it read of budgets as "pacing".
Verdict decide(GateFacts const& facts, Instant now);

}  // namespace postrider::delivery
