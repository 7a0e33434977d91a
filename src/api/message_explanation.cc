#include "api/message_explanation.h"

#include <boost/json/value.hpp>

namespace postrider::api {

namespace {

struct Reason {
  std::string_view code, sentence, fix;
};

// What each reason of the gate, the renderer and people means.
constexpr Reason reasons[] = {
    {"contact_deleted", "the contact does not exist any more", "nothing: somebody deleted or erased this person"},
    {"campaign_canceled", "its campaign was canceled before it left", "copy the campaign and launch the copy"},
    {"no_address", "the contact has no e-mail address", "give the contact an address, then send again"},
    {"suppressed", "the address is on the suppression list", "lift the suppression only if the person asked for it"},
    {"consent_missing", "the contact never gave consent to this kind of mail", "record a consent with its proof, or ask for it by double opt-in"},
    {"consent_denied", "the contact said no to this kind of mail", "respect it; only the person can change it on the preference page"},
    {"consent_pending", "the contact has not confirmed the consent yet", "wait for the confirmation, or send the confirmation mail again"},
    {"consent_expired", "the consent has expired", "ask for it again"},
    {"sender_missing", "the sender does not exist any more", "choose another sender"},
    {"sender_unverified", "the sender's address is not verified", "verify the sender's address, then retry"},
    {"provider_missing", "the sender's provider does not exist any more", "give the sender another provider, then retry"},
    {"template_missing", "its template version cannot be found", "choose another template"},
    {"render_failed", "the template could not be rendered for this contact", "give the variable a default in the template, or fill the contact's field; then retry"},
    {"aborted_by_template", "the template itself said that this contact should not get it", "nothing, if the template's condition is right"},
    {"canceled_by_hand", "somebody canceled it", "send it anew"},
    {"frequency_capped", "the contact has had as many mails as the frequency cap allows", "wait, or raise the cap in the sending settings"},
    {"quiet_hours", "it is in the contact's quiet hours", "nothing: it is sent when they end"},
};

Reason const* find(std::string_view code) {
  for (auto const& reason : reasons)
    if (reason.code == code) return &reason;
  return nullptr;
}

std::string_view passing(std::string_view gate) {
  if (gate == "contact") return "the contact exists";
  if (gate == "campaign") return "no campaign forbids it";
  if (gate == "address") return "there is an address";
  if (gate == "suppression") return "the address is not suppressed for this purpose";
  if (gate == "consent") return "consent allows it";
  if (gate == "sender") return "the sender is there and may be used";
  if (gate == "provider") return "the sender's provider is there";
  if (gate == "frequency") return "the contact has not been written to too often";
  if (gate == "pacing") return "every budget had room for it";
  return "it passed";
}

std::string text_at(boost::json::object const& object, std::string_view key) {
  auto const* const value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

GateOut gate_of(boost::json::object const& entry) {
  GateOut gate;
  gate.gate = text_at(entry, "gate");
  gate.verdict = text_at(entry, "verdict");
  if (auto const reason = text_at(entry, "reason"); !reason.empty()) gate.reason = reason;
  if (auto const* const read = entry.if_contains("read")) gate.read = *read;
  auto const* const known = gate.reason ? find(*gate.reason) : nullptr;
  if (known) {
    gate.explanation = known->sentence;
    gate.fix = std::string(known->fix);
  } else {
    gate.explanation = gate.verdict == "pass" ? std::string(passing(gate.gate)) : "the gate " + gate.gate + " refused it";
  }
  return gate;
}

std::string outcome_sentence(MessageAttemptOut const& attempt) {
  auto const said = attempt.reply ? ": " + *attempt.reply : std::string();
  auto const code = attempt.code ? " (" + *attempt.code + ")" : std::string();
  auto const& outcome = attempt.outcome;
  if (outcome == "sending") return "it is being handed over";
  if (outcome == "accepted") return "the provider took it" + code + said;
  if (outcome == "temporary") return "the provider put it off" + code + said;
  if (outcome == "permanent") return "the provider refused it for good" + code + said;
  if (outcome == "policy") return "the provider refused it by its policy" + code + said;
  if (outcome == "configuration") return "the provider's set-up is wrong" + code + said;
  if (outcome == "uncertain") return "the connection broke while it was handed over: it may have been sent" + said;
  if (outcome == "crashed") return "the server stopped before it was handed over; it was taken back";
  if (outcome == "not_sent") return "it was given back before it left" + said;
  if (outcome == "skipped") return "it was not sent" + said;
  return outcome + said;
}

void summarise(ExplanationOut& out, MessageOut const& m, std::vector<DecisionFacts> const& decisions) {
  auto const tried = m.attempt_count == 1 ? std::string("one attempt") : std::to_string(m.attempt_count) + " attempts";
  if (m.status == "queued") {
    out.summary = decisions.empty() ? "It waits for its turn; no gate has been asked yet." : "It waits for its next attempt after " + tried + ".";
    if (m.error) out.summary += " The last one ended with: " + *m.error + ".";
    if (m.next_attempt_at) out.summary += " Due at " + to_rfc3339(*m.next_attempt_at) + ".";
  } else if (m.status == "sending") {
    out.summary = "It passed every gate and is being handed over.";
  } else if (m.status == "sent") {
    out.summary = m.bounced_at ? "It was sent, and bounced later." : m.delivered_at ? "It was sent, and arrived." : "It was sent: the provider took it after " + tried + ".";
    if (m.bounced_at) out.fix = "correct the contact's address; hard bounces are suppressed";
  } else if (m.status == "failed") {
    out.summary = "It failed after " + tried + (m.error ? ": " + *m.error + "." : ".");
    out.fix = m.bounced_at ? "correct the contact's address" : "mend what the provider complains of, then retry the message";
  } else if (m.status == "uncertain") {
    out.summary = "It may have been sent: the connection broke before the provider's answer.";
    out.fix = "a delivery, open or click that comes in settles it; retry it only if getting it twice does no harm";
  } else {
    auto const* const known = m.skip_reason ? find(*m.skip_reason) : nullptr;
    auto const why = known ? std::string(known->sentence) : m.skip_reason.value_or("no reason is recorded");
    out.summary = (m.status == "skipped" ? "It was not sent: " : "It was canceled: ") + why + (m.error ? " (" + *m.error + ")." : ".");
    if (known) out.fix = std::string(known->fix);
  }
}

}  // namespace

ExplanationOut explained(MessageOut const& message, std::vector<DecisionFacts> const& decisions, std::optional<delivery::Waiting> const& waiting) {
  ExplanationOut out;
  out.id = message.id;
  out.status = message.status;
  out.skip_reason = message.skip_reason;
  for (auto const& facts : decisions) {
    DecisionOut decision{facts.attempt.attempt, facts.attempt.started_at, facts.attempt.finished_at, facts.attempt.outcome, outcome_sentence(facts.attempt), {}};
    for (auto const& entry : facts.trace)
      if (entry.is_object()) decision.gates.push_back(gate_of(entry.as_object()));
    out.decisions.push_back(std::move(decision));
  }
  summarise(out, message, decisions);
  if (waiting) {
    out.waiting = WaitingOut{waiting->reason, waiting->detail, waiting->until};
    if (waiting->reason == "paused" || waiting->reason == "paced" || waiting->reason == "provider_down") out.summary += " It waits because " + waiting->detail + ".";
  }
  return out;
}

}  // namespace postrider::api
