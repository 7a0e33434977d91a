// Who changed what, and what is still to be done: audit and jobs.
#pragma once

#include "api/resource.h"

namespace postrider::api {

class RecordsApi {
 public:
  RecordsApi(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list_audit(http::Request& request);
  Answer list_jobs(http::Request& request);
  Answer list_dead(http::Request& request);
  Answer page_of_jobs(http::Request& request, std::optional<std::string> queue, std::optional<std::string> state);
  Answer retry(http::Request& request);
  Answer discard(http::Request& request);
  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

}  // namespace postrider::api
