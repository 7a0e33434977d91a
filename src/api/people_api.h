// Contacts, consents, suppressions and segments.
#pragma once

#include "api/resource.h"
#include "postrider/contacts/contacts.h"
#include "postrider/segments/segments.h"

namespace postrider::api {

class PeopleApi {
 public:
  PeopleApi(db::Store& store, Clock const& clock, Ids& ids, contacts::Contacts& contacts, segments::Segments& segments)
      : store_(store), clock_(clock), ids_(ids), contacts_(contacts), segments_(segments) {}
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
  Answer put_consent(http::Request& request);
  Answer list_consents(http::Request& request);
  Answer list_suppressions(http::Request& request);
  Answer create_suppression(http::Request& request);
  Answer remove_suppression(http::Request& request);
  Answer list_segments(http::Request& request);
  Answer create_segment(http::Request& request);
  Answer show_segment(http::Request& request);
  Answer change_segment(http::Request& request);
  Answer remove_segment(http::Request& request);
  Answer preview_segment(http::Request& request);
  Answer recalculate_segment(http::Request& request);
  Answer list_members(http::Request& request);
  Answer put_member(http::Request& request);
  Answer remove_member(http::Request& request);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  contacts::Contacts& contacts_;
  segments::Segments& segments_;
};

}  // namespace postrider::api
