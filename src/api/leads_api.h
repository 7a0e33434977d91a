// Leads: the companies behind contacts.
#pragma once

#include "api/resource.h"
#include "postrider/contacts/leads.h"

namespace postrider::api {

class LeadsApi {
 public:
  explicit LeadsApi(contacts::Leads& leads) : leads_(leads) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list_leads(http::Request& request);
  Answer create_lead(http::Request& request);
  Answer show_lead(http::Request& request);
  Answer change_lead(http::Request& request);
  Answer remove_lead(http::Request& request);

  contacts::Leads& leads_;
};

}  // namespace postrider::api
