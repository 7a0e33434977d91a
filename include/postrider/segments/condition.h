// The question a segment asks: a closed tree over attributes, tags, consent, events and other segments. Parsed with all mistakes at
// once; compiled to SQL in which every word of the user is a parameter.
//
// Missing values: `not_*` operators and not_exists hold for them, all other comparisons do not. `equals` is exact; contains, starts_with and
// ends_with ignore case. Numbers compare as numbers when the value given is one.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/error.h"
#include "postrider/base/id.h"
#include "postrider/db/statement.h"

#include <boost/json/value.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postrider::segments {

struct Condition {
  enum class Kind { all, any, none, attribute, event, segment, tag, consent };
  Kind kind = Kind::all;
  std::vector<Condition> parts = {};  // all, any; none has one
  // attribute
  std::string field = {};
  std::string op = {};
  std::vector<boost::json::value> values = {};
  // event
  std::string event = {};
  std::optional<Duration> within = {};
  std::optional<std::int64_t> at_least = {}, at_most = {};
  std::optional<CampaignId> campaign = {};
  std::vector<std::pair<std::string, std::string>> where = {};
  // segment, tag, consent
  SegmentId segment = {};
  std::string tag = {};
  std::string channel = {}, consent_type = {}, status = {};
};

// Fails with invalid; pointers start with `base`, "/conditions" as a rule.
Result<Condition> parse_condition(boost::json::value const& json, std::string const& base);

// The condition over `contacts c`, as text for each database and its parameters. $1 is the tenant; `first` is the number of the first free one.
struct CompiledCondition {
  std::string text;
  db::Parameters parameters;  // from `first` on
};
CompiledCondition compile(Condition const& condition, db::Dialect dialect, Instant now, int first);

}  // namespace postrider::segments
