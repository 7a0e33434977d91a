// Contacts: the people a tenant writes to.
#pragma once

#include "api/resource.h"
#include "postrider/contacts/contacts.h"

namespace postrider::api {

class ContactsApi {
 public:
  ContactsApi(db::Store& store, contacts::Contacts& contacts) : store_(store), contacts_(contacts) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list_contacts(http::Request& request);
  Answer create_contact(http::Request& request);
  Answer show_contact(http::Request& request);
  Answer change_contact(http::Request& request);
  Answer remove_contact(http::Request& request);
  Answer export_contact(http::Request& request);
  Answer erase_contact(http::Request& request);
  Answer timeline(http::Request& request);

  db::Store& store_;
  contacts::Contacts& contacts_;
};

}  // namespace postrider::api
