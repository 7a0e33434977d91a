// Templates, providers, senders, campaigns and messages: everything from what is said to what was sent.
#pragma once

#include "api/resource.h"
#include "postrider/campaigns/campaigns.h"
#include "postrider/content/templates.h"
#include "postrider/delivery/identities.h"

namespace postrider::api {

class SendingApi {
 public:
  SendingApi(db::Store& store, Clock const& clock, Ids& ids, contacts::Contacts& contacts, content::Templates& templates, delivery::Identities& identities,
             campaigns::Campaigns& campaigns)
      : store_(store), clock_(clock), ids_(ids), contacts_(contacts), templates_(templates), identities_(identities), campaigns_(campaigns) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer list_templates(http::Request& request);
  Answer create_template(http::Request& request);
  Answer show_template(http::Request& request);
  Answer change_template(http::Request& request);
  Answer remove_template(http::Request& request);
  Answer preview_template(http::Request& request);
  Answer list_providers(http::Request& request);
  Answer create_provider(http::Request& request);
  Answer show_provider(http::Request& request);
  Answer change_provider(http::Request& request);
  Answer remove_provider(http::Request& request);
  Answer check_provider(http::Request& request);
  Answer list_senders(http::Request& request);
  Answer create_sender(http::Request& request);
  Answer show_sender(http::Request& request);
  Answer change_sender(http::Request& request);
  Answer remove_sender(http::Request& request);
  Answer list_campaigns(http::Request& request);
  Answer create_campaign(http::Request& request);
  Answer show_campaign(http::Request& request);
  Answer change_campaign(http::Request& request);
  Answer remove_campaign(http::Request& request);
  Answer verb(http::Request& request);
  Answer schedule(http::Request& request);
  Answer forecast(http::Request& request);
  Answer report(http::Request& request);
  Answer list_messages(http::Request& request);
  Answer show_message(http::Request& request);
  Answer explain_message(http::Request& request);
  Answer inbox(http::Request& request);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  contacts::Contacts& contacts_;
  content::Templates& templates_;
  delivery::Identities& identities_;
  campaigns::Campaigns& campaigns_;
};

}  // namespace postrider::api
