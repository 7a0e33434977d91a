// Views of the console's lists that a workspace keeps: filters, order and columns under a name, as the query of an address. Everybody of the
// workspace sees them; the server knows nothing of what is in them.
#pragma once

#include "api/resource.h"
#include "postrider/db/store.h"

namespace postrider::api {

class ViewsApi {
 public:
  ViewsApi(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list(http::Request& request);
  Answer create(http::Request& request);
  Answer change(http::Request& request);
  Answer remove(http::Request& request);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

}  // namespace postrider::api
