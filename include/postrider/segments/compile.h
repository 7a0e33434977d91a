// A condition as SQL: the one generated text of the program. It is put together from a closed list of phrases; every word of the user's is a
// bound parameter. Golden tests hold the text for each database, a property test holds its answers to those of evaluate.h.
//
// Event counts, memberships and consents are joined, not asked for contact by contact: a join is planned as one (inner, semi, anti, hashed)
// and stays linear in whatever position it stands.
#pragma once

#include "postrider/db/statement.h"
#include "postrider/segments/condition.h"

#include <optional>
#include <vector>

namespace postrider::segments {

// Whom to ask: everybody, those with ids after one and up to another, or the named ones.
struct Scope {
  std::optional<std::pair<ContactId, ContactId>> range = {};
  std::optional<std::vector<ContactId>> ids = {};
};

struct CompiledCondition {
  std::string text;           // select c.id from contacts c … where c.tenant_id = $1 and …
  db::Parameters parameters;  // from `first` on
};
// $1 is the tenant; `first` is the number of the first free parameter.
CompiledCondition compile(Condition const& condition, Scope const& scope, db::Dialect dialect, Instant now, int first);

}  // namespace postrider::segments
