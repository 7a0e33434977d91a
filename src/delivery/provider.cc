#include "postrider/delivery/provider.h"

#include <algorithm>

namespace postrider::delivery {

std::string_view name(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::accepted: return "accepted";
    case OutcomeKind::temporary: return "temporary";
    case OutcomeKind::permanent: return "permanent";
    case OutcomeKind::policy: return "policy";
    case OutcomeKind::configuration: return "configuration";
    case OutcomeKind::uncertain: return "uncertain";
    case OutcomeKind::not_sent: return "not_sent";
  }
  return "not_sent";
}

std::string_view name(BounceClass bounce) {
  switch (bounce) {
    case BounceClass::none: return "none";
    case BounceClass::hard: return "hard";
    case BounceClass::soft: return "soft";
    case BounceClass::block: return "block";
    case BounceClass::content: return "content";
  }
  return "none";
}

std::optional<OutcomeKind> outcome_kind(std::string_view text) {
  for (auto const kind : {OutcomeKind::accepted, OutcomeKind::temporary, OutcomeKind::permanent, OutcomeKind::policy,
                          OutcomeKind::configuration, OutcomeKind::uncertain, OutcomeKind::not_sent}) {
    if (name(kind) == text) return kind;
  }
  return std::nullopt;
}

bool CheckReport::good() const {
  return !items.empty() && std::all_of(items.begin(), items.end(), [](CheckItem const& item) { return item.good; });
}

}  // namespace postrider::delivery
