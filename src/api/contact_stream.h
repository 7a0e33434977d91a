// A list of contacts as CSV, page after page, however long: its columns are those that an import takes.
#pragma once

#include "postrider/contacts/contacts.h"
#include "postrider/http/response.h"

#include <memory>

namespace postrider::api {

std::unique_ptr<http::BodyStream> contact_stream(contacts::Contacts& contacts, TenantId tenant, contacts::Filter filter,
                                                 std::vector<std::string> attribute_keys);

}  // namespace postrider::api
