// Contacts: the people a tenant writes to.
#pragma once

#include "api/resource.h"
#include "postrider/contacts/contacts.h"
#include "postrider/contacts/tagging.h"

namespace postrider::api {

class ContactsApi {
 public:
  ContactsApi(db::Store& store, contacts::Contacts& contacts, contacts::Taggings& taggings) : store_(store), contacts_(contacts), taggings_(taggings) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list_contacts(http::Request& request);
  Answer count_contacts(http::Request& request);
  Answer export_contacts(http::Request& request);
  Answer create_contact(http::Request& request);
  Answer show_contact(http::Request& request);
  Answer change_contact(http::Request& request);
  Answer remove_contact(http::Request& request);
  Answer export_contact(http::Request& request);
  Answer erase_contact(http::Request& request);
  Answer timeline(http::Request& request);
  Answer start_tagging(http::Request& request);
  Answer show_tagging(http::Request& request);
  Answer cancel_tagging(http::Request& request);

  db::Store& store_;
  contacts::Contacts& contacts_;
  contacts::Taggings& taggings_;
};

// Reads ?search, ?email, ?tag and the others that all lists of contacts take.
Result<contacts::Filter> contact_filter(http::Request const& request);
void describe_contact_filter(Doc& doc);

}  // namespace postrider::api
