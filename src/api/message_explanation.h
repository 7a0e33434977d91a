// Why this person did (not) get this message: the gates' traces in sentences, with what mends it.
#pragma once

#include "api/message_shapes.h"
#include "postrider/delivery/waiting.h"

#include <vector>

namespace postrider::api {

struct GateOut {
  std::string gate, verdict;
  std::optional<std::string> reason;
  boost::json::value read;
  std::string explanation;
  std::optional<std::string> fix;
  static constexpr std::string_view json_name = "GateVerdict";
};
BOOST_DESCRIBE_STRUCT(GateOut, (), (gate, verdict, reason, read, explanation, fix))

struct DecisionOut {
  std::int64_t attempt;
  Instant decided_at;
  std::optional<Instant> finished_at;
  std::string outcome;
  std::string explanation;
  std::vector<GateOut> gates;
  static constexpr std::string_view json_name = "SendDecision";
};
BOOST_DESCRIBE_STRUCT(DecisionOut, (), (attempt, decided_at, finished_at, outcome, explanation, gates))

struct WaitingOut {
  std::string reason, detail;
  std::optional<Instant> until;
  static constexpr std::string_view json_name = "MessageWaiting";
};
BOOST_DESCRIBE_STRUCT(WaitingOut, (), (reason, detail, until))

struct ExplanationOut {
  MessageId id;
  std::string status;
  std::optional<std::string> skip_reason;
  std::string summary;
  std::optional<std::string> fix;
  std::optional<WaitingOut> waiting;  // of a queued one: scheduled, retry, paused, provider_down, paced, turn
  std::vector<DecisionOut> decisions;
  static constexpr std::string_view json_name = "MessageExplanation";
};
BOOST_DESCRIBE_STRUCT(ExplanationOut, (), (id, status, skip_reason, summary, fix, waiting, decisions))

struct DecisionFacts {
  MessageAttemptOut attempt;
  boost::json::array trace;  // as delivery/gate.h writes it
};

ExplanationOut explained(MessageOut const& message, std::vector<DecisionFacts> const& decisions, std::optional<delivery::Waiting> const& waiting);

}  // namespace postrider::api
