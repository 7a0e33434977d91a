#include "support/segment_world.h"

#include "postrider/contacts/contacts.h"
#include "postrider/events/event_log.h"
#include "support/results.h"

#include <boost/json/parse.hpp>

namespace postrider::test {

using segments::Segments;

Task<ContactId> add_contact(TestStore& t, std::string email, std::string attributes, std::string tags) {
  contacts::Contacts people(*t.store, t.clock, t.ids);
  contacts::Change change;
  change.email = email;
  change.attributes = boost::json::parse(attributes).as_object();
  std::vector<std::string> list;
  auto const parsed = boost::json::parse(tags);
  for (auto const& tag : parsed.as_array()) list.emplace_back(tag.as_string());
  change.tags = list;
  auto const saved = co_await people.create(t.context(), change, false);
  REQUIRE(saved);
  co_return saved->contact.id;
}

Task<void> set_attributes(TestStore& t, ContactId id, std::string attributes) {
  contacts::Contacts people(*t.store, t.clock, t.ids);
  contacts::Change change;
  change.attributes = boost::json::parse(attributes).as_object();
  auto const saved = co_await people.change(t.context(), id, change, std::nullopt);
  REQUIRE(saved);
}

Task<void> happen(TestStore& t, ContactId contact, std::string type, Instant at) {
  auto tx = co_await t.store->begin();
  std::vector<events::Event> list(1);
  list[0].id = t.ids.make<EventId>();
  list[0].type = type;
  list[0].contact_id = contact;
  list[0].occurred_at = at;
  co_await events::append(tx, t.tenant, std::move(list), t.clock.now());
  co_await tx.commit();
}

Task<SegmentId> dynamic(TestStore& t, std::string name, std::string conditions) {
  Segments all(*t.store, t.clock, t.ids);
  auto const made = co_await all.create(t.context(), name, "", true, boost::json::parse(conditions));
  REQUIRE(made);
  co_return made->id;
}

Task<segments::Segment> calculated(TestStore& t, SegmentId id, bool whole) {
  Segments all(*t.store, t.clock, t.ids);
  auto const s = co_await all.recalculate(t.tenant, id, whole);
  REQUIRE(s);
  co_return *s;
}

Task<std::set<ContactId>> members_of(TestStore& t, SegmentId id) {
  Segments all(*t.store, t.clock, t.ids);
  std::set<ContactId> ids;
  auto const members = co_await all.members(t.tenant, id, std::nullopt, 1000);
  for (auto const& person : members) ids.insert(person.id);
  co_return ids;
}

Task<Texts> told_of(TestStore& t, SegmentId id) {
  auto const rows = co_await t.query("select payload ->> 'change', payload ->> 'segment_id', count(*), min(payload ->> 'generation') from marketing_events where event_type = "
                                     "'segment_membership_changed' group by payload ->> 'change', payload ->> 'segment_id', payload ->> 'generation' order by 4, 1");
  std::vector<std::string> all;
  for (auto const& row : rows)
    if (row[1] == id.str()) all.push_back(row[0] + " " + row[2]);
  co_return all;
}

}  // namespace postrider::test
