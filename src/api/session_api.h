// Signing in and out, who am I, and the guard that finds out who is asking before any route runs.
#pragma once

#include "api/resource.h"
#include "postrider/http/server.h"

namespace postrider::api {

class SessionApi {
 public:
  explicit SessionApi(identity::Identity& identity) : identity_(identity) {}
  std::vector<http::Route> routes();

 private:
  Task<Result<http::Response>> log_in(http::Request& request);
  Task<Result<http::Response>> show(http::Request& request);
  Task<Result<http::Response>> log_out(http::Request& request);
  Task<Result<http::Response>> change_password(http::Request& request);
  Task<Result<http::Response>> list_sessions(http::Request& request);
  Task<Result<http::Response>> log_out_everywhere(http::Request& request);
  Task<Result<http::Response>> show_setup(http::Request& request);
  Task<Result<http::Response>> set_up(http::Request& request);
  Task<http::Response> signed_in(http::Request& request, identity::Session session, int status);
  identity::Identity& identity_;
};

// Bearer key, or session cookie plus X-CSRF-Token on everything but GET and HEAD. Sets the request's caller, and refuses: 401 for
// nobody, 403 for a missing right or a foreign origin, 400 for query parameters that the route does not know.
http::Guard make_guard(identity::Identity& identity);

}  // namespace postrider::api
