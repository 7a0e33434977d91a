// Every module of the running program, by value, in floor order. Only src/app sees this.
#pragma once

#include "api/campaign_reports_api.h"
#include "api/campaigns_api.h"
#include "api/confirm_page.h"
#include "api/consent_api.h"
#include "api/contacts_api.h"
#include "api/engagement_api.h"
#include "api/events_api.h"
#include "api/images_api.h"
#include "api/imports_api.h"
#include "api/journey_executions_api.h"
#include "api/journey_migrations_api.h"
#include "api/journey_simulations_api.h"
#include "api/journeys_api.h"
#include "api/kept_counts.h"
#include "api/leads_api.h"
#include "api/messages_api.h"
#include "api/operations_api.h"
#include "api/overview_api.h"
#include "api/provider_webhooks.h"
#include "api/providers_api.h"
#include "api/recipient_pages.h"
#include "api/records_api.h"
#include "api/segments_api.h"
#include "api/sender_pages.h"
#include "api/sending_policy_api.h"
#include "api/session_api.h"
#include "api/suppressions_api.h"
#include "api/team_api.h"
#include "api/templates_api.h"
#include "api/tracking.h"
#include "api/views_api.h"
#include "api/web_version.h"
#include "app/options.h"
#include "postrider/base/clock.h"
#include "postrider/base/id.h"
#include "postrider/base/offload.h"
#include "postrider/base/random.h"
#include "postrider/campaigns/campaigns.h"
#include "postrider/campaigns/reports.h"
#include "postrider/contacts/contacts.h"
#include "postrider/contacts/imports.h"
#include "postrider/contacts/leads.h"
#include "postrider/contacts/tagging.h"
#include "postrider/content/images.h"
#include "postrider/content/templates.h"
#include "postrider/crypto/sealing.h"
#include "postrider/crypto/signing.h"
#include "postrider/crypto/tokens.h"
#include "postrider/db/store.h"
#include "postrider/delivery/confirmations.h"
#include "postrider/delivery/identities.h"
#include "postrider/delivery/fact_spool.h"
#include "postrider/delivery/ingest.h"
#include "postrider/delivery/messages.h"
#include "postrider/delivery/reclassify.h"
#include "postrider/delivery/sender_service.h"
#include "postrider/delivery/sender_verification.h"
#include "postrider/delivery/trials.h"
#include "postrider/http/client.h"
#include "postrider/http/router.h"
#include "postrider/http/server.h"
#include "postrider/identity/identity.h"
#include "postrider/journeys/engine.h"
#include "postrider/journeys/executions.h"
#include "postrider/journeys/journeys.h"
#include "postrider/journeys/migrations.h"
#include "postrider/segments/segments.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postrider::app {

// Looks links up in the template versions that content keeps.
class TemplateLinks : public delivery::LinkTargets {
 public:
  explicit TemplateLinks(content::Templates& templates) : templates_(templates) {}
  Task<std::optional<delivery::LinkTarget>> find(TenantId tenant, MessageId message, TemplateVersionId version, std::uint16_t link) override;

 private:
  content::Templates& templates_;
};

struct Modules {
  Modules(Executor executor, Options options);

  // 0 ground
  Executor executor;
  Options options;
  std::string public_url;  // base of the links in mail; unless given, the address that was bound
  SystemClock clock;
  SystemRandom random;
  UuidV7Ids ids;
  InstanceId instance;
  Offload offload;
  // 1 means
  crypto::Keys keys;
  crypto::Sealer sealer;
  crypto::Tokens tokens;
  std::unique_ptr<db::Store> store;
  http::Client http_client;
  // 2 spine
  identity::Identity identity;
  // 3 people
  contacts::Contacts contacts;
  contacts::Imports imports;
  contacts::Leads leads;
  contacts::Taggings taggings;
  segments::Segments segments;
  // 4 message
  content::Templates templates;
  content::Images images;
  delivery::Identities identities;
  delivery::SenderVerification verification;
  std::unique_ptr<delivery::Ingest> ingest;
  delivery::Messages messages;
  delivery::Trials trials;
  delivery::Reclassification reclassification;
  delivery::Confirmations confirmations;
  TemplateLinks links;
  delivery::FactSpool spool;
  // 5 programmes
  campaigns::Campaigns campaigns;
  campaigns::Reports campaign_reports;
  journeys::Engine journey_engine;
  journeys::Migrations journey_migrations;
  journeys::Journeys journeys;
  journeys::Executions journey_executions;
  // 6 doors
  api::KeptCounts kept_counts;
  api::OperationsApi operations_api;
  api::SessionApi session_api;
  api::TeamApi team_api;
  api::ContactsApi contacts_api;
  api::ImportsApi imports_api;
  api::LeadsApi leads_api;
  api::ConsentApi consent_api;
  api::SuppressionsApi suppressions_api;
  api::SegmentsApi segments_api;
  api::TemplatesApi templates_api;
  api::ImagesApi images_api;
  api::ProvidersApi providers_api;
  api::MessagesApi messages_api;
  api::EngagementApi engagement_api;
  api::CampaignsApi campaigns_api;
  api::CampaignReportsApi campaign_reports_api;
  api::JourneysApi journeys_api;
  api::JourneySimulationsApi journey_simulations_api;
  api::JourneyExecutionsApi journey_executions_api;
  api::JourneyMigrationsApi journey_migrations_api;
  api::SendingPolicyApi sending_policy_api;
  api::RecordsApi records_api;
  api::EventsApi events_api;
  api::WebVersion web_version;
  api::OverviewApi overview_api;
  api::ViewsApi views_api;
  api::SenderPages sender_pages;
  api::RecipientPages recipient_pages;
  api::ConfirmPage confirm_page;
  api::TrackingApi tracking_api;
  api::ProviderWebhooks webhooks;
  std::optional<http::Router> router;
  std::unique_ptr<http::Server> server;

  // Started in this order, stopped in reverse.
  std::vector<std::unique_ptr<Service>> services;
  std::vector<Service*> running;

  bool has_role(std::string_view role) const;
  std::vector<http::Route> routes();
  // Workers, schedulers and the sender, as the roles ask for.
  void make_services();
};

}  // namespace postrider::app
