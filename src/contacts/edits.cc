#include "postrider/contacts/edits.h"

#include "postrider/audit/audit.h"
#include "postrider/contacts/contacts.h"
#include "sql/contacts.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace postrider::contacts {

namespace {

Change change_of(Contact const& contact, Edit const& edit) {
  Change change;
  if (!edit.attributes.empty()) change.attributes = edit.attributes;
  if (edit.add_tags.empty() && edit.remove_tags.empty()) return change;
  std::set<std::string> tags(contact.tags.begin(), contact.tags.end());
  for (auto const& tag : edit.remove_tags) tags.erase(tag);
  tags.insert(edit.add_tags.begin(), edit.add_tags.end());
  change.tags = std::vector<std::string>(tags.begin(), tags.end());
  return change;
}

boost::json::object editable(Contact const& contact) {
  boost::json::object all;
  all["tags"] = boost::json::array(contact.tags.begin(), contact.tags.end());
  all["attributes"] = contact.attributes;
  return all;
}

}  // namespace

Task<std::vector<RefusedEdit>> apply_edits(db::Transaction& tx, Context context, std::vector<Edit> edits, Ids& ids, Instant now) {
  std::vector<RefusedEdit> refused;
  if (edits.empty()) co_return refused;
  std::map<ContactId, std::vector<Edit const*>> wanted;
  std::vector<ContactId> whom;
  for (auto const& edit : edits) wanted[edit.contact].push_back(&edit);
  for (auto const& [contact, of_contact] : wanted) whom.push_back(contact);
  db::Columns rows(4);
  std::vector<audit::Entry> entries;
  for (auto const row : co_await tx.all(sql::contacts::lock_many, context.tenant, db::text_array(whom))) {
    auto const before = read_contact(row);
    auto after = before;
    for (auto const* const edit : wanted[before.id]) {
      auto next = changed(after, change_of(after, *edit));
      if (next) after = std::move(*next);
      else refused.push_back(RefusedEdit{before.id, next.error().fields.empty() ? next.error().message : next.error().fields.front().message});
    }
    auto difference = audit::difference(editable(before), editable(after));
    if (difference.empty()) continue;
    rows.add(after.id, boost::json::serialize(editable(after).at("tags")), boost::json::serialize(after.attributes), std::max(now, before.updated_at + Duration(1)));
    entries.push_back(audit::Entry{"contact", after.id.uuid(), "updated", std::move(difference)});
  }
  if (entries.empty()) co_return refused;
  co_await tx.all(sql::contacts::set_many, context.tenant, rows);
  co_await audit::record(tx, context, std::move(entries), ids, now);
  co_return refused;
}

}  // namespace postrider::contacts
