#include "postrider/delivery/gate.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace postrider::delivery {

namespace {

boost::json::value or_null(std::optional<std::string> const& text) { return text ? boost::json::value(*text) : boost::json::value(nullptr); }

// Asks one gate after the other and stops at the first that refuses.
class Asking {
 public:
  // False when refused here or before.
  bool gate(std::string_view name, bool passes, char const* reason, boost::json::value read) {
    if (refused_) return false;
    boost::json::object entry;
    entry["gate"] = name;
    entry["verdict"] = passes ? "pass" : "refuse";
    entry["read"] = std::move(read);
    if (!passes) {
      entry["reason"] = reason;
      verdict.reason = reason;
      refused_ = true;
    }
    verdict.trace.push_back(std::move(entry));
    return !refused_;
  }
  Verdict finish() {
    verdict.decision = refused_ ? Decision::skip : Decision::send;
    return std::move(verdict);
  }

 private:
  Verdict verdict;
  bool refused_ = false;
};

}  // namespace

Verdict decide(GateFacts const& facts, Instant now) {
  Asking ask;
  bool const marketing = facts.purpose == "marketing";
  ask.gate("contact", facts.contact_exists, "contact_deleted", facts.contact_exists);
  ask.gate("campaign", !facts.campaign_status || *facts.campaign_status != "canceled", "campaign_canceled", or_null(facts.campaign_status));
  ask.gate("address", facts.address.has_value(), "no_address", facts.address.has_value());
  // Somebody who merely unsubscribed still gets what he asked for: receipts and passwords.
  bool const suppressed = facts.suppression && (marketing || facts.kind == "test" || *facts.suppression != "unsubscribe");
  ask.gate("suppression", !suppressed, "suppressed", or_null(facts.suppression));
  bool const expired = facts.consent_expires_at && *facts.consent_expires_at <= now;
  if (marketing) {
    auto const* const why = !facts.consent ? "consent_missing" : *facts.consent == "denied" ? "consent_denied"
                            : *facts.consent == "pending" ? "consent_pending" : "consent_expired";
    ask.gate("consent", facts.consent && *facts.consent == "granted" && !expired, why, or_null(facts.consent));
  } else {
    ask.gate("consent", !facts.consent || *facts.consent != "denied", "consent_denied", or_null(facts.consent));
  }
  if (marketing && facts.kind == "message" && facts.frequency_limit) {
    boost::json::object read;
    read["messages"] = facts.recent_messages;
    read["limit"] = *facts.frequency_limit;
    read["days"] = facts.frequency_days;
    ask.gate("frequency", facts.recent_messages < *facts.frequency_limit, "frequency_capped", std::move(read));
  }
  // The mail that verifies a sender's address goes to that very address.
  bool const vouched = facts.sender_verified || facts.kind == "confirmation";
  ask.gate("sender", facts.sender_exists && vouched, facts.sender_exists ? "sender_unverified" : "sender_missing", facts.sender_verified);
  ask.gate("provider", facts.provider_exists, "provider_missing", facts.provider_exists);
  return ask.finish();
}

}  // namespace postrider::delivery
