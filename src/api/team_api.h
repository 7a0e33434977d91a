// Users, API keys and the tenant's own settings.
#pragma once

#include "api/resource.h"

namespace postrider::api {

class TeamApi {
 public:
  TeamApi(identity::Identity& identity) : identity_(identity) {}
  std::vector<http::Route> routes();

 private:
  Task<Result<http::Response>> list_users(http::Request& request);
  Task<Result<http::Response>> create_user(http::Request& request);
  Task<Result<http::Response>> show_user(http::Request& request);
  Task<Result<http::Response>> change_user(http::Request& request);
  Task<Result<http::Response>> list_keys(http::Request& request);
  Task<Result<http::Response>> create_key(http::Request& request);
  Task<Result<http::Response>> revoke_key(http::Request& request);
  Task<Result<http::Response>> show_tenant(http::Request& request);
  Task<Result<http::Response>> change_tenant(http::Request& request);
  identity::Identity& identity_;
};

}  // namespace postrider::api
