// Small changes to many contacts inside somebody else's transaction: what journeys do to people. Three statements, however many they are.
#pragma once

#include "postrider/base/context.h"
#include "postrider/db/store.h"

#include <boost/json/object.hpp>

#include <string>
#include <vector>

namespace postrider::contacts {

struct Edit {
  ContactId contact;
  std::vector<std::string> add_tags = {};
  std::vector<std::string> remove_tags = {};
  boost::json::object attributes = {};  // merged key by key; null removes one
};

struct RefusedEdit {
  ContactId contact;
  std::string why;
};

// Audited, each as a change of its contact; edits of one contact are applied in their order. Locks the contacts in the order of their ids. Those
// that do not exist any more are passed over; those whose limits an edit would break stay as they are, and are told.
Task<std::vector<RefusedEdit>> apply_edits(db::Transaction& tx, Context context, std::vector<Edit> edits, Ids& ids, Instant now);

}  // namespace postrider::contacts
