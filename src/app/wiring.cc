#include "app/wiring.h"

#include "api/idempotency.h"
#include "app/application.h"
#include "postrider/base/log.h"
#include "postrider/events/event_log.h"

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

}  // namespace

Modules::Modules(Executor e, Options o)
    : executor(e),
      options(std::move(o)),
      ids(clock, random),
      instance(ids.make<InstanceId>()),
      offload(2),
      keys(load_keys(options, random)),
      store(db::open_store(executor, database_settings(options))),
      identity(*store, clock, ids, random, offload, keys),
      operations_api(*store),
      session_api(identity),
      team_api(identity) {
  api::use_cursor_keys(keys);
  api::keep_idempotent_answers_in(*store, clock);
}

bool Modules::has_role(std::string_view role) const { return ("," + options.roles + ",").find("," + std::string(role) + ",") != std::string::npos; }

std::vector<http::Route> Modules::routes() {
  std::vector<http::Route> all;
  append(all, operations_api.routes());
  append(all, session_api.routes());
  append(all, team_api.routes());
  return all;
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
  for (auto& service : m.services) {
    co_await service->start();
    m.running.push_back(service.get());
  }
  m.operations_api.describe(openapi());
  m.router.emplace(m.routes());
  http::ServerSettings settings;
  settings.listen = m.options.listen;
  settings.max_connections = static_cast<std::size_t>(m.options.max_connections);
  settings.trusted_proxies = networks_of(m.options.trusted_proxies);
  settings.drain_time = std::chrono::seconds(m.options.drain_seconds);
  settings.access_log = m.options.log_level == "debug";
  m.server = std::make_unique<http::Server>(m.executor, m.clock, m.ids, *m.router, api::make_guard(m.identity), settings, &m.offload);
  co_await m.server->start();
  m.running.push_back(m.server.get());
  co_return "http://" + m.server->address();
}

Task<void> Application::stop() {
  auto& m = *modules_;
  m.operations_api.drain();
  while (!m.running.empty()) {
    auto* const service = m.running.back();
    m.running.pop_back();
    co_await service->stop();
  }
}

}  // namespace postrider::app
