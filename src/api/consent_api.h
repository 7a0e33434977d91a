// Consent with its proof: state, history, and the question by mail.
#pragma once

#include "api/resource.h"
#include "postrider/consent/consent.h"
#include "postrider/contacts/contacts.h"
#include "postrider/db/store.h"
#include "postrider/delivery/confirmations.h"

namespace postrider::api {

class ConsentApi {
 public:
  ConsentApi(db::Store& store, Clock const& clock, Ids& ids, contacts::Contacts& contacts, delivery::Confirmations& confirmations)
      : store_(store), clock_(clock), ids_(ids), contacts_(contacts), confirmations_(confirmations) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer put_consent(http::Request& request);
  Answer request_consent(http::Request& request);
  Answer list_consents(http::Request& request);
  Answer of_contact(http::Request& request);
  Answer history(http::Request& request);
  Answer export_history(http::Request& request);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  contacts::Contacts& contacts_;
  delivery::Confirmations& confirmations_;
};

}  // namespace postrider::api
