// One operator over one value, in the program: what operand.h writes as SQL. Private to the evaluator.
#pragma once

#include "postrider/segments/condition.h"

namespace postrider::segments {

// `value` is null when it is missing. Instants of own columns come as their RFC 3339 text, ids as theirs.
bool holds(Condition const& condition, boost::json::value const& value, Instant now);

// A key of a JSON object: the key of that very name, or the way into nested objects. Null when there is none.
boost::json::value value_at(boost::json::object const& object, std::string_view key);

}  // namespace postrider::segments
