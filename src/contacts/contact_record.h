// What a contact looks like in the database and in the audit trail.
#pragma once

#include "postrider/contacts/contacts.h"

#include <boost/json/array.hpp>

namespace postrider::contacts {

boost::json::array tags_of(Contact const& contact);
// Under the names of the API, without id and times.
boost::json::object described(Contact const& contact);
std::optional<std::string> key_of(Contact const& contact);
// Merges key by key, null removes; adds to `mistakes` what may not be.
void merge_attributes(boost::json::object& attributes, boost::json::object const& change, std::vector<FieldError>& mistakes);

}  // namespace postrider::contacts
