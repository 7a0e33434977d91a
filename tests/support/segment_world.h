// People, their events and segments over them, for store tests: each step as an API call would take it.
#pragma once

#include "postrider/segments/segments.h"
#include "support/store_test.h"

#include <set>
#include <string>
#include <vector>

namespace postrider::test {

using Texts = std::vector<std::string>;

template <class... Values>
Texts texts(Values const&... values) {
  return Texts{values...};
}
template <class... Ids>
std::set<ContactId> only(Ids const&... ids) {
  return std::set<ContactId>{ids...};
}

// Whose attribute industry is SaaS.
inline constexpr char saas[] = R"({"type":"attribute","field":"industry","operator":"equals","value":"SaaS"})";

Task<ContactId> add_contact(TestStore& t, std::string email, std::string attributes, std::string tags = "[]");
Task<void> set_attributes(TestStore& t, ContactId id, std::string attributes);
Task<void> happen(TestStore& t, ContactId contact, std::string type, Instant at);

Task<SegmentId> dynamic(TestStore& t, std::string name, std::string conditions);
Task<segments::Segment> calculated(TestStore& t, SegmentId id, bool whole = false);
Task<std::set<ContactId>> members_of(TestStore& t, SegmentId id);
// What was told of a segment, by run: "joined 3", "left 1".
Task<Texts> told_of(TestStore& t, SegmentId id);

}  // namespace postrider::test
