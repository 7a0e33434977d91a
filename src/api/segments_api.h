// Segments: groups of contacts by condition or by hand.
#pragma once

#include "api/resource.h"
#include "postrider/contacts/contacts.h"
#include "postrider/segments/segments.h"

namespace postrider::api {

class SegmentsApi {
 public:
  SegmentsApi(contacts::Contacts& contacts, segments::Segments& segments) : contacts_(contacts), segments_(segments) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list_segments(http::Request& request);
  Answer create_segment(http::Request& request);
  Answer show_segment(http::Request& request);
  Answer change_segment(http::Request& request);
  Answer remove_segment(http::Request& request);
  Answer preview_segment(http::Request& request);
  Answer recalculate_segment(http::Request& request);
  Answer list_members(http::Request& request);
  Answer list_of_contact(http::Request& request);
  Answer copy_segment(http::Request& request);
  Answer explain_segment(http::Request& request);
  Answer list_history(http::Request& request);
  Answer change_members(http::Request& request);
  Answer set_member(http::Request& request, bool member);
  Answer put_member(http::Request& request);
  Answer remove_member(http::Request& request);

  contacts::Contacts& contacts_;
  segments::Segments& segments_;
};

}  // namespace postrider::api
