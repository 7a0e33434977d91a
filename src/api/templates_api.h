// Templates: what is said, with its versions and previews.
#pragma once

#include "api/resource.h"
#include "postrider/contacts/contacts.h"
#include "postrider/content/templates.h"

namespace postrider::api {

class TemplatesApi {
 public:
  TemplatesApi(Clock const& clock, contacts::Contacts& contacts, content::Templates& templates)
      : clock_(clock), contacts_(contacts), templates_(templates) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list_templates(http::Request& request);
  Answer create_template(http::Request& request);
  Answer show_template(http::Request& request);
  Answer change_template(http::Request& request);
  Answer remove_template(http::Request& request);
  Answer preview_template(http::Request& request);

  Clock const& clock_;
  contacts::Contacts& contacts_;
  content::Templates& templates_;
};

}  // namespace postrider::api
