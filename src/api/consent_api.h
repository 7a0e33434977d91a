// Consent with its proof, and addresses never to write to.
#pragma once

#include "api/resource.h"
#include "postrider/consent/consent.h"
#include "postrider/db/store.h"

namespace postrider::api {

// As the API shows it.
boost::json::value consent_answer(consent::Consent const& consent);

class ConsentApi {
 public:
  ConsentApi(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer put_consent(http::Request& request);
  Answer list_consents(http::Request& request);
  Answer list_suppressions(http::Request& request);
  Answer create_suppression(http::Request& request);
  Answer remove_suppression(http::Request& request);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

}  // namespace postrider::api
