// The question a segment asks: a closed tree over fields, tags, consent, events and other segments. Parsed with all mistakes at once;
// compiled to SQL (compile.h) and answered for one contact in the program (evaluate.h). What words mean (docs/decisions/segments.md):
//
// Missing values: the not_… operators hold for them, all others do not. equals is exact; contains, starts_with and ends_with ignore case in any
// script. Texts that read as numbers count as numbers where numbers are compared ("42" from a CSV file is 42). Dates are midnights in UTC.
// A dotted key is the key of that very name, or else the way into nested objects.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/error.h"
#include "postrider/base/id.h"

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::segments {

inline constexpr int deepest_condition = 10;
inline constexpr int most_leaves = 100;
inline constexpr std::size_t longest_list = 1000;
inline constexpr std::size_t longest_text = 1000;  // bytes
inline constexpr std::size_t most_where = 20;

enum class Operator {
  equals, not_equals, in, not_in, contains, not_contains, starts_with, ends_with, greater_than, greater_or_equal, less_than, less_or_equal,
  between, exists, not_exists, before, after, within_last, not_within_last,
};
std::string_view name(Operator op);

// What a field holds; attributes and event properties may hold anything.
enum class FieldKind { text, uuid, boolean, instant, json };
// Of a contact's own columns; nothing for other names.
std::optional<FieldKind> own_field(std::string_view name);

struct Condition {
  enum class Kind { all, any, none, attribute, event, segment, tag, consent };
  Kind kind = Kind::all;
  std::string pointer = {};           // where it stands in the given JSON, after the base
  std::vector<Condition> parts = {};  // all, any; none has one
  // attribute
  FieldKind field_kind = FieldKind::json;
  std::string field = {};  // a column's name, or a key without "attributes."
  Operator op = Operator::equals;
  std::vector<boost::json::value> values = {};
  // event
  std::string event = {};
  std::optional<Duration> within = {};
  std::int64_t at_least = 1;
  std::optional<std::int64_t> at_most = {};
  std::optional<CampaignId> campaign = {};
  std::vector<Condition> where = {};  // attribute conditions over the event's properties
  // segment, tag, consent
  SegmentId segment = {};
  std::string tag = {};
  std::string channel = {}, consent_type = {}, status = {};
};

// Fails with invalid; pointers start with `base`, "/conditions" as a rule.
Result<Condition> parse_condition(boost::json::value const& json, std::string const& base);

// The segments it asks for, with the pointer (after the base) to each.
std::vector<std::pair<SegmentId, std::string>> references_of(Condition const& condition);

}  // namespace postrider::segments
