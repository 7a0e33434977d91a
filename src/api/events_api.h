// What happened: marketing events read, and a tenant's own events taken in, one or many at once.
#pragma once

#include "api/resource.h"
#include "postrider/db/store.h"

namespace postrider::api {

class EventsApi {
 public:
  EventsApi(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list(http::Request& request);
  Answer take_in(http::Request& request);
  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

}  // namespace postrider::api
