// Messages: send one, what was sent to whom, and why or why not.
#pragma once

#include "api/resource.h"
#include "postrider/db/store.h"
#include "postrider/delivery/messages.h"

namespace postrider::api {

class MessagesApi {
 public:
  MessagesApi(db::Store& store, Clock const& clock, delivery::Messages& messages) : store_(store), clock_(clock), messages_(messages) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list(http::Request& request);
  Answer send(http::Request& request);
  Answer show(http::Request& request);
  Answer explain(http::Request& request);
  Answer content(http::Request& request);
  Answer cancel(http::Request& request);
  Answer retry(http::Request& request);
  Answer inbox(http::Request& request);
  Answer answer_with(TenantId tenant, MessageId id, int status);

  db::Store& store_;
  Clock const& clock_;
  delivery::Messages& messages_;
};

}  // namespace postrider::api
