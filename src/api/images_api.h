// Pictures: brought and listed by who writes mails, shown to whoever reads them.
#pragma once

#include "api/resource.h"
#include "postrider/content/images.h"

namespace postrider::api {

class ImagesApi {
 public:
  // `public_url` is the base of the addresses that mails carry; it outlives this, and is known once the server listens.
  ImagesApi(content::Images& images, std::string const& public_url) : images_(images), public_url_(public_url) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list(http::Request& request);
  Answer add(http::Request& request);
  Answer remove(http::Request& request);
  Task<http::Response> show(http::Request& request);

  content::Images& images_;
  std::string const& public_url_;
};

}  // namespace postrider::api
