// Addresses never to write to again: one, many, or a file of them.
#pragma once

#include "api/resource.h"
#include "postrider/consent/suppression.h"
#include "postrider/db/store.h"

namespace postrider::api {

class SuppressionsApi {
 public:
  SuppressionsApi(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list(http::Request& request);
  Answer show(http::Request& request);
  Answer create(http::Request& request);
  Answer import_file(http::Request& request);
  Answer remove(http::Request& request);
  Task<consent::Suppressed> add(Context context, std::vector<consent::Suppress> wanted);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

}  // namespace postrider::api
