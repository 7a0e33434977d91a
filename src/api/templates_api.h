// Templates: what is said, with its versions, previews and test sends.
#pragma once

#include "api/resource.h"
#include "postrider/content/templates.h"
#include "postrider/delivery/trials.h"

namespace postrider::api {

class TemplatesApi {
 public:
  TemplatesApi(content::Templates& templates, delivery::Trials& trials) : templates_(templates), trials_(trials) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list(http::Request& request);
  Answer create(http::Request& request);
  Answer show(http::Request& request);
  Answer change(http::Request& request);
  Answer remove(http::Request& request);
  Answer unarchive(http::Request& request);
  Answer versions(http::Request& request);
  Answer version(http::Request& request);
  Answer restore(http::Request& request);
  Answer diff(http::Request& request);
  Answer preview(http::Request& request);
  Answer preview_unsaved(http::Request& request);
  Answer test_send(http::Request& request);
  Answer test_send_unsaved(http::Request& request);

  content::Templates& templates_;
  delivery::Trials& trials_;
};

}  // namespace postrider::api
