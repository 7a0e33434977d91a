#include "app/wiring.h"

#include "api/idempotency.h"
#include "app/application.h"
#include "app/ticker.h"
#include "console/console.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/events/consumer.h"
#include "postrider/events/event_log.h"
#include "postrider/jobs/worker.h"

#include <boost/json/serialize.hpp>

namespace postrider::app {

namespace {

crypto::Keys load_keys(Options const& options, Random& random) {
  auto keys = crypto::Keys::load_or_create(options.secret_file, random);
  if (!keys) throw std::runtime_error(keys.error().message);
  return std::move(*keys);
}

db::Settings database_settings(Options const& options) {
  db::Settings settings;
  settings.database = options.database;
  settings.interactive_connections = options.database_connections;
  return settings;
}

template <class T>
void append(std::vector<T>& all, std::vector<T> more) {
  for (auto& item : more) all.push_back(std::move(item));
}

campaigns::Settings campaign_settings(Options const& options) {
  campaigns::Settings settings;
  settings.latest_start = std::chrono::hours(options.late_start_hours);
  settings.undo_window = std::chrono::seconds(options.undo_seconds);
  return settings;
}

std::vector<http::Cidr> networks_of(std::string const& list) {
  std::vector<http::Cidr> networks;
  for (std::size_t at = 0; at < list.size();) {
    auto const end = std::min(list.find(',', at), list.size());
    auto const text = list.substr(at, end - at);
    auto const network = http::Cidr::parse(text);
    if (!network) throw std::runtime_error("--trusted-proxies: '" + text + "' is not a network like 10.0.0.0/8");
    networks.push_back(*network);
    at = end + 1;
  }
  return networks;
}

// What SMTP servers are told in EHLO: the public address's host.
std::string host_name_of(std::string const& public_url) {
  auto const from = public_url.find("://");
  if (from == std::string::npos) return "localhost";
  auto const host = public_url.substr(from + 3, public_url.find_first_of(":/", from + 3) - from - 3);
  return host.empty() || host.front() == '[' ? "localhost" : host;
}

http::ClientSettings client_settings(Options const& options) {
  http::ClientSettings settings;
  auto const& list = options.allowed_networks;
  for (std::size_t at = 0; at < list.size();) {
    auto const end = std::min(list.find(',', at), list.size());
    auto const text = list.substr(at, end - at);
    auto const allowed = http::Allowance::parse(text);
    if (!allowed) throw std::runtime_error("--allowed-networks: '" + text + "' is not a network like 10.1.0.0/16 or 10.1.2.3:8080");
    settings.policy.allowed.push_back(*allowed);
    at = end + 1;
  }
  if (auto const host = host_name_of(options.public_url); host != "localhost") settings.policy.own_hosts.push_back(host);
  settings.user_agent = std::string("postrider/") + POSTRIDER_VERSION;
  return settings;
}

Task<void> tidy(db::Store& store, identity::Identity& identity, Clock const& clock) {
  co_await events::ensure_partitions(store, clock.now());
  co_await api::forget_old_answers(store, clock.now());
  co_await identity.forget_old();
}

Task<void> replay(delivery::FactSpool& spool, delivery::Ingest& ingest) {
  auto const taken = co_await spool.replay(ingest);
  if (taken > 0) log::info("tracking_facts_replayed", log::field("facts", taken));
}

Task<std::optional<api::WebhookOwner>> webhook_owner(delivery::Identities& identities, ProviderId provider) {
  auto const owner = co_await identities.owner_of(provider);
  if (!owner) co_return std::nullopt;
  co_return api::WebhookOwner(owner->tenant, owner->kind, owner->public_key);
}

}  // namespace

Task<std::optional<delivery::LinkTarget>> TemplateLinks::find(TenantId tenant, MessageId, TemplateVersionId version, std::uint16_t link) {
  auto const compiled = co_await templates_.compiled(tenant, version, true);
  if (!compiled) co_return std::nullopt;
  auto const& links = compiled->links;
  auto const url = link < links.size() ? links[link].address.value_or("") : std::string();
  co_return delivery::LinkTarget(url, static_cast<int>(links.size()));
}

Modules::Modules(Executor e, Options o)
    : executor(e),
      options(std::move(o)),
      public_url(options.public_url),
      ids(clock, random),
      instance(ids.make<InstanceId>()),
      offload(2),
      keys(load_keys(options, random)),
      sealer(keys, random),
      tokens(keys),
      store(db::open_store(executor, database_settings(options))),
      http_client(executor, client_settings(options)),
      identity(*store, clock, ids, random, offload, keys),
      contacts(*store, clock, ids, keys.derive(crypto::KeyUse::unsubscribe)),
      imports(*store, clock, ids, contacts::ImportLimits(), contacts::ErasedAddresses(keys.derive(crypto::KeyUse::unsubscribe))),
      leads(*store, clock, ids),
      taggings(*store, clock, ids, contacts),
      segments(*store, clock, ids),
      templates(*store, clock, ids),
      images(*store, clock, ids),
      identities(*store, clock, ids, sealer,
                 delivery::ProviderGround{
                     .executor = executor, .clock = clock, .offload = offload, .http = &http_client, .host_name = host_name_of(options.public_url)}),
      verification(*store, clock, ids, identities, tokens, public_url),
      ingest(delivery::make_ingest(*store, clock, ids, executor)),
      messages(*store, clock, ids, contacts, templates, tokens, public_url),
      trials(*store, clock, ids, contacts, templates, tokens, public_url),
      reclassification(*store, clock, ids),
      confirmations(*store, clock, ids, identity, contacts, templates, tokens, public_url),
      links(templates),
      spool(options.state_dir, ids),
      campaigns(*store, clock, ids, segments, templates, campaign_settings(options)),
      campaign_reports(*store, clock),
      journey_engine(*store, clock, ids, random, http_client, journeys::Engine::Settings()),
      journey_migrations(*store, clock, ids, journey_engine, journeys::Migrations::Settings()),
      journeys(*store, clock, ids),
      journey_executions(*store, clock, ids),
      kept_counts(*store, clock),
      operations_api(*store),
      session_api(identity),
      team_api(identity),
      contacts_api(*store, contacts, taggings),
      imports_api(imports, static_cast<std::uint64_t>(options.import_max_megabytes) * 1024 * 1024),
      leads_api(leads),
      consent_api(*store, clock, ids, contacts, confirmations),
      suppressions_api(*store, clock, ids),
      segments_api(contacts, segments),
      templates_api(templates, trials),
      images_api(images, public_url),
      providers_api(identities, verification),
      messages_api(*store, clock, messages),
      engagement_api(reclassification),
      campaigns_api(campaigns),
      campaign_reports_api(campaign_reports, kept_counts),
      journeys_api(journeys),
      journey_simulations_api(*store, clock, journeys),
      journey_executions_api(journey_executions, journey_engine),
      journey_migrations_api(journey_migrations),
      sending_policy_api(*store, clock, ids),
      records_api(*store, clock, ids),
      events_api(*store, clock, ids),
      web_version(messages, tokens),
      overview_api(*store, clock, kept_counts),
      views_api(*store, clock, ids),
      sender_pages(verification),
      recipient_pages(*store, clock, ids, tokens, identity, contacts),
      confirm_page(*store, clock, ids, tokens, identity, contacts, confirmations),
      tracking_api(tokens, *ingest, links, spool, clock),
      webhooks([this](ProviderId provider) { return webhook_owner(identities, provider); }, *ingest, clock) {
  api::use_cursor_keys(keys);
  // Names that operators build upon, there from the start.
  metrics::declare("campaign_delivery_duration_seconds", "Time to deliver campaign messages", "histogram");
  metrics::declare("journey_steps_executed_total", "Total journey steps executed", "counter");
  metrics::declare("marketing_events_ingested_total", "Marketing events appended to the event store", "counter");
}

bool Modules::has_role(std::string_view role) const { return ("," + options.roles + ",").find("," + std::string(role) + ",") != std::string::npos; }

std::vector<http::Route> Modules::routes() {
  std::vector<http::Route> all;
  append(all, operations_api.routes());
  append(all, session_api.routes());
  append(all, team_api.routes());
  append(all, contacts_api.routes());
  append(all, imports_api.routes());
  append(all, leads_api.routes());
  append(all, consent_api.routes());
  append(all, suppressions_api.routes());
  append(all, segments_api.routes());
  append(all, templates_api.routes());
  append(all, images_api.routes());
  append(all, providers_api.routes());
  append(all, messages_api.routes());
  append(all, engagement_api.routes());
  append(all, campaigns_api.routes());
  append(all, campaign_reports_api.routes());
  append(all, journeys_api.routes());
  append(all, journey_simulations_api.routes());
  append(all, journey_executions_api.routes());
  append(all, journey_migrations_api.routes());
  append(all, sending_policy_api.routes());
  append(all, records_api.routes());
  append(all, events_api.routes());
  append(all, web_version.routes());
  append(all, overview_api.routes());
  append(all, views_api.routes());
  append(all, sender_pages.routes());
  append(all, recipient_pages.routes());
  append(all, confirm_page.routes());
  append(all, tracking_api.routes());
  append(all, webhooks.routes());
  append(all, console::routes());
  return all;
}

void Modules::make_services() {
  if (has_role("worker")) {
    auto handlers = segments.job_handlers();
    jobs::WorkerSettings segment_work;
    segment_work.queue = "segments";
    segment_work.concurrency = 2;
    services.push_back(jobs::make_worker(*store, clock, random, executor, instance, segment_work, std::move(handlers)));
    jobs::WorkerSettings import_work;
    import_work.queue = "imports";
    import_work.concurrency = 2;
    services.push_back(jobs::make_worker(*store, clock, random, executor, instance, import_work, imports.job_handlers()));
    jobs::WorkerSettings engagement_work;
    engagement_work.queue = delivery::Reclassification::queue;
    engagement_work.concurrency = 1;
    services.push_back(jobs::make_worker(*store, clock, random, executor, instance, engagement_work, reclassification.job_handlers()));
    jobs::WorkerSettings contact_work;
    contact_work.queue = "contacts";
    contact_work.concurrency = 2;
    services.push_back(jobs::make_worker(*store, clock, random, executor, instance, contact_work, taggings.job_handlers()));
    jobs::WorkerSettings campaign_work;
    campaign_work.queue = "campaigns";
    campaign_work.concurrency = 4;
    services.push_back(jobs::make_worker(*store, clock, random, executor, instance, campaign_work, campaigns.job_handlers()));
    auto journey_handlers = journey_engine.job_handlers();
    journey_handlers.merge(journey_migrations.job_handlers());
    jobs::WorkerSettings journey_work;
    journey_work.queue = "journeys";
    journey_work.concurrency = 32;  // they wait for other people's servers
    services.push_back(jobs::make_worker(*store, clock, random, executor, instance, journey_work, std::move(journey_handlers)));
    events::ConsumerSettings journey_events;
    journey_events.name = "journeys";
    journey_events.from_the_start = false;
    auto const on_events = [this](db::Transaction& tx, TenantId tenant, std::vector<events::StoredEvent> const& happened) {
      return journey_engine.on_events(tx, tenant, happened);
    };
    services.push_back(events::make_consumer(*store, clock, executor, instance, journey_events, on_events));
    services.push_back(journeys::make_stepper(journey_engine, *store, executor));
    auto signer_of = [this](TenantId tenant, SenderId sender) { return identities.signer(tenant, sender); };
    auto provider_of = [this](TenantId tenant, ProviderId provider) { return identities.live(tenant, provider); };
    delivery::SendingGround const ground{*store, clock, random, ids, executor, instance, templates, provider_of, tokens, signer_of};
    delivery::SendingSettings sending;
    sending.public_url = public_url;
    sending.journal_folder = options.state_dir;
    services.push_back(delivery::make_sender_service(ground, sending));
  }
  if (has_role("api")) services.push_back(make_ticker(executor, "kept_counts", std::chrono::seconds(1), [this] { return kept_counts.turn(); }));
  if (has_role("api")) services.push_back(make_ticker(executor, "tracking_spool", std::chrono::seconds(3), [this] { return replay(spool, *ingest); }));
  if (has_role("scheduler")) {
    services.push_back(make_ticker(executor, "campaigns", std::chrono::seconds(1), [this] { return campaigns.tick(); }));
    services.push_back(make_ticker(executor, "imports", std::chrono::minutes(5), [this] { return imports.tick(); }));
    services.push_back(make_ticker(executor, "segments", std::chrono::seconds(15), [this] { return segments.tick(); }));
    services.push_back(make_ticker(executor, "partitions", std::chrono::hours(6), [this] { return tidy(*store, identity, clock); }));
  }
}

Application::Application(Executor executor, Options options) : modules_(std::make_unique<Modules>(std::move(executor), std::move(options))) {}

Application::~Application() = default;

Task<void> Application::open(bool migrate) {
  auto& m = *modules_;
  co_await m.store->start();
  m.running.push_back(m.store.get());
  if (migrate) {
    auto const report = co_await db::migrate(*m.store, m.clock.now());
    if (report.from != report.to) log::info("migrated", log::field("from", report.from), log::field("to", report.to));
  } else if (auto const version = co_await db::schema_version(*m.store); version != db::wanted_schema_version()) {
    throw std::runtime_error("the database has schema version " + std::to_string(version) + ", this binary needs " +
                             std::to_string(db::wanted_schema_version()) + ": run 'postrider migrate'");
  }
  co_await events::ensure_partitions(*m.store, m.clock.now());
}

std::string Application::openapi() {
  auto& m = *modules_;
  auto const routes = m.routes();
  http::ApiInfo const info{.title = "postrider", .version = POSTRIDER_VERSION, .description = "Marketing automation: contacts, consent, segments, campaigns, delivery."};
  return boost::json::serialize(http::openapi(routes, api::Doc::schemas().named(), info));
}

Task<std::string> Application::serve() {
  auto& m = *modules_;
  m.operations_api.describe(openapi());
  m.router.emplace(m.has_role("api") ? m.routes() : m.operations_api.routes());
  api::AnswerShelf const shelf{.store = m.store.get(), .clock = &m.clock, .sealer = &m.sealer, .router = &*m.router};
  api::keep_idempotent_answers_in(shelf);
  http::ServerSettings settings;
  settings.listen = m.options.listen;
  settings.max_connections = static_cast<std::size_t>(m.options.max_connections);
  settings.trusted_proxies = networks_of(m.options.trusted_proxies);
  settings.drain_time = std::chrono::seconds(m.options.drain_seconds);
  settings.access_log = m.options.log_level == "debug";
  m.server = std::make_unique<http::Server>(m.executor, m.clock, m.ids, *m.router, api::make_guard(m.identity), settings, &m.offload);
  m.server->bind();
  auto const address = "http://" + m.server->address();
  if (m.options.public_url.empty()) m.public_url = address;  // the port may have been chosen only now
  m.make_services();
  co_await m.http_client.start();
  m.running.push_back(&m.http_client);
  co_await m.ingest->start();
  m.running.push_back(m.ingest.get());
  for (auto& service : m.services) {
    co_await service->start();
    m.running.push_back(service.get());
  }
  co_await m.server->start();
  m.running.push_back(m.server.get());
  co_return address;
}

Task<void> Application::stop() {
  auto& m = *modules_;
  m.operations_api.drain();
  while (!m.running.empty()) {
    auto* const service = m.running.back();
    m.running.pop_back();
    co_await service->stop();
  }
  co_await m.identities.close();
}

}  // namespace postrider::app
