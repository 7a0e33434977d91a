// Messages: what was sent, to whom, and why or why not.
#pragma once

#include "api/resource.h"
#include "postrider/db/store.h"

namespace postrider::api {

class MessagesApi {
 public:
  explicit MessagesApi(db::Store& store)
      : store_(store) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list_messages(http::Request& request);
  Answer show_message(http::Request& request);
  Answer explain_message(http::Request& request);
  Answer inbox(http::Request& request);

  db::Store& store_;
};

}  // namespace postrider::api
