#include "app/options.h"

#include <CLI/CLI.hpp>
#include <toml.hpp>

#include <cctype>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <variant>

namespace postrider::app {

namespace {

struct Setting {
  std::string name;  // flag without dashes; the TOML key has underscores
  std::variant<std::string*, int*, bool*> target;
  std::string help;
};

std::vector<Setting> settings_of(Options& options) {
  return {
      {"database", &options.database, "sqlite:PATH, or any libpq address postgresql://... (several hosts allowed)"},
      {"listen", &options.listen, "Address and port of the HTTP server; port 0 takes a free one"},
      {"public-url", &options.public_url, "How recipients and users reach this server; the base of links in mail. Empty: http:// and the listen address"},
      {"roles", &options.roles, "What this instance does: any of api, worker, scheduler, separated by commas"},
      {"log-level", &options.log_level, "debug, info, warn or error"},
      {"log-format", &options.log_format, "text or json"},
      {"secret-file", &options.secret_file, "Holds the master secret that seals provider passwords and signs links; made on first start"},
      {"state-dir", &options.state_dir, "Local journal of messages being handed over; must survive restarts of this instance"},
      {"trusted-proxies", &options.trusted_proxies, "Networks (CIDR, separated by commas) whose X-Forwarded-For and X-Forwarded-Proto are believed"},
      {"allowed-networks", &options.allowed_networks, "Private networks (CIDR or CIDR:PORT, separated by commas) that outgoing HTTP requests may reach; none by default"},
      {"max-connections", &options.max_connections, "HTTP connections at a time; more are answered 503"},
      {"database-connections", &options.database_connections, "PostgreSQL connections for API requests; sending and background work have their own"},
      {"send-in-flight", &options.send_in_flight, "Messages claimed for sending at a time"},
      {"import-max-megabytes", &options.import_max_megabytes, "Largest file of contacts that is taken in over HTTP, after decompression"},
      {"late-start-hours", &options.late_start_hours, "A campaign whose start is later than this waits for approval"},
      {"undo-seconds", &options.undo_seconds, "After a person's launch nothing is handed over for so long, so that it can be undone; a program's launch does not wait"},
      {"drain-seconds", &options.drain_seconds, "How long a stopping server lets requests and hand-overs finish"},
  };
}

std::string environment_name(std::string name) {
  for (auto& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return "POSTRIDER_" + name;
}

std::string key_of(std::string name) {
  for (auto& c : name)
    if (c == '-') c = '_';
  return name;
}

// The file of --config must be known before the other flags are read, since they win over it.
std::string config_file(int argc, char const* const* argv) {
  for (int i = 1; i < argc; ++i) {
    std::string_view const argument = argv[i];
    if (argument == "--config" && i + 1 < argc) return argv[i + 1];
    if (argument.starts_with("--config=")) return std::string(argument.substr(9));
  }
  auto const* const named = std::getenv("POSTRIDER_CONFIG");
  return named ? named : "";
}

void read_config(std::string const& file, Options& options) {
  auto const document = toml::parse(file);
  auto const settings = settings_of(options);
  for (auto const& [key, value] : document.as_table()) {
    bool known = false;
    for (auto const& setting : settings) {
      if (key_of(setting.name) != key) continue;
      known = true;
      if (auto const* const text = std::get_if<std::string*>(&setting.target)) **text = toml::get<std::string>(value);
      else if (auto const* const number = std::get_if<int*>(&setting.target)) **number = toml::get<int>(value);
      else *std::get<bool*>(setting.target) = toml::get<bool>(value);
    }
    if (!known) throw std::runtime_error("there is no setting '" + key + "'; 'postrider config --print-default' lists all");
  }
}

constexpr int largest_number = 1'000'000;

// Read before the flags, which win. (CLI11's own reading would run for every subcommand, and all of them share one target.)
void read_environment(Options& options) {
  for (auto const& setting : settings_of(options)) {
    auto const variable = environment_name(setting.name);
    auto const* const value = std::getenv(variable.c_str());
    if (!value || !*value) continue;
    if (auto const* const text = std::get_if<std::string*>(&setting.target)) {
      **text = value;
    } else if (auto const* const number = std::get_if<int*>(&setting.target)) {
      char* end = nullptr;
      auto const read = std::strtol(value, &end, 10);
      if (*end != '\0' || read < 1 || read > largest_number) throw std::runtime_error(variable + " must be a whole number from 1 to 1000000, not '" + value + "'");
      **number = static_cast<int>(read);
    }
  }
  auto const* const no_migrate = std::getenv("POSTRIDER_NO_MIGRATE");
  options.no_migrate = no_migrate && std::string_view(no_migrate) != "" && std::string_view(no_migrate) != "0" && std::string_view(no_migrate) != "false";
}

void add_settings(CLI::App& app, Options& options) {
  app.add_option("--config", "TOML file with settings (environment: POSTRIDER_CONFIG)")->type_name("FILE");
  for (auto const& setting : settings_of(options)) {
    auto const flag = "--" + setting.name;
    auto const help = setting.help + " (environment: " + environment_name(setting.name) + ")";
    if (auto const* const text = std::get_if<std::string*>(&setting.target)) app.add_option(flag, **text, help)->capture_default_str();
    else if (auto const* const number = std::get_if<int*>(&setting.target))
      app.add_option(flag, **number, help)->check(CLI::Range(1, largest_number))->capture_default_str();
  }
}

std::optional<std::string> unknown_role(std::string const& roles) {
  for (std::size_t at = 0; at <= roles.size();) {
    auto const end = std::min(roles.find(',', at), roles.size());
    auto const role = roles.substr(at, end - at);
    if (role != "api" && role != "worker" && role != "scheduler") return role;
    at = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::string default_config() {
  Options defaults;
  std::ostringstream out;
  out << "# Every setting of postrider with its default. A flag (--name) wins over the environment (POSTRIDER_NAME),\n"
         "# that over this file (--config), that over the default.\n";
  for (auto const& setting : settings_of(defaults)) {
    out << "\n# " << setting.help << ".\n" << key_of(setting.name) << " = ";
    if (auto const* const text = std::get_if<std::string*>(&setting.target)) out << '"' << **text << '"';
    else if (auto const* const number = std::get_if<int*>(&setting.target)) out << **number;
    else out << (*std::get<bool*>(setting.target) ? "true" : "false");
    out << "\n";
  }
  return out.str();
}

Parsed parse_arguments(int argc, char const* const* argv) {
  Command command;
  auto& options = command.options;
  CLI::App app("postrider: marketing automation that proves every send", "postrider");
  app.set_version_flag("--version", std::string("postrider ") + POSTRIDER_VERSION);
  app.require_subcommand(0, 1);
  bool list_points = false;
  app.add_flag("--list-fail-points", list_points, "Print the named fail points of a test build");

  auto verb = [&](CLI::App* sub, Verb which) {
    sub->callback([&command, which] { command.verb = which; });
    return sub;
  };
  auto* const serve = verb(app.add_subcommand("serve", "Run everything: API, console, workers, scheduler"), Verb::serve);
  add_settings(*serve, options);
  serve->add_flag("--no-migrate", options.no_migrate, "Do not bring the database's schema up to date first (environment: POSTRIDER_NO_MIGRATE)");
  add_settings(*verb(app.add_subcommand("migrate", "Bring the database to this binary's schema"), Verb::migrate), options);
  auto* const demo = verb(app.add_subcommand("demo", "Serve sample data from a temporary database; an inbox catches all mail"), Verb::demo);
  add_settings(*demo, options);

  auto* const tenant = app.add_subcommand("tenant", "Tenants");
  tenant->require_subcommand(1);
  auto* const tenant_create = verb(tenant->add_subcommand("create", "Make a tenant and print its id"), Verb::tenant_create);
  add_settings(*tenant_create, options);
  tenant_create->add_option("NAME", command.name, "Its name")->required();

  auto* const user = app.add_subcommand("user", "Users");
  user->require_subcommand(1);
  auto* const user_create = verb(user->add_subcommand("create", "Make a user; the password is read from stdin"), Verb::user_create);
  add_settings(*user_create, options);
  user_create->add_option("--email", command.email, "To sign in with")->required();
  user_create->add_option("--role", command.role, "viewer, marketer, admin or owner")->required();
  user_create->add_flag("--sender,!--no-sender", command.can_send, "Grant the right to send (owners and admins have it unless refused)");
  user_create->add_option("--tenant", command.tenant, "Name or id of the tenant; 'default' without it");

  auto* const apikey = app.add_subcommand("apikey", "API keys");
  apikey->require_subcommand(1);
  auto* const apikey_create = verb(apikey->add_subcommand("create", "Make an API key and print it, once"), Verb::apikey_create);
  add_settings(*apikey_create, options);
  apikey_create->add_option("--name", command.name, "What it is for")->required();
  apikey_create->add_option("--role", command.role, "viewer, marketer, admin or owner")->required();
  apikey_create->add_flag("--sender,!--no-sender", command.can_send, "Grant the right to send (owners and admins have it unless refused)");
  apikey_create->add_option("--tenant", command.tenant, "Name or id of the tenant; 'default' without it");

  auto* const import = app.add_subcommand("import", "Bring data in");
  import->require_subcommand(1);
  auto* const contacts = verb(import->add_subcommand("contacts", "Stream a CSV file in; rejected rows are written beside it"), Verb::import_contacts);
  add_settings(*contacts, options);
  contacts->add_option("FILE", command.file, "The CSV file")->required();
  contacts->add_option("--tenant", command.tenant, "Name or id of the tenant; 'default' without it");
  contacts->add_option("--consent", command.consent, "Record this consent for every row, like email.marketing");
  contacts->add_option("--consent-source", command.consent_source, "Where that consent was given");

  auto* const journey = app.add_subcommand("journey", "Journeys that lie in files");
  journey->require_subcommand(1);
  verb(journey->add_subcommand("validate", "Say what is wrong with a journey in a file, by node and field"), Verb::journey_validate)
      ->add_option("FILE", command.file, "A journey as the API shows it, or its definition alone (JSON)")
      ->required();

  auto* const simulate = verb(journey->add_subcommand("simulate", "Lead made-up people through a journey in a file; nothing can leave"), Verb::journey_simulate);
  simulate->add_option("FILE", command.file, "The journey")->required();
  simulate->add_option("--scenario", command.scenario, "Population, rates, frequency cap and start, as POST /journeys/{id}/simulate takes them (JSON)");
  simulate->add_option("--people", command.people, "How many; 10,000 without it");
  simulate->add_option("--days", command.days, "For how long; 90 without it");
  simulate->add_option("--seed", command.seed, "The same seed gives the same answer; 1 without it");
  simulate->add_option("--compare", command.compare, "Another journey's file, over the same people with the same luck");
  simulate->add_flag("--json", command.json, "Print every node and day as JSON");
  verb(journey->add_subcommand("test", "Run the scenarios of a file: one contact each, what happens to them, and what must come of it"), Verb::journey_test)
      ->add_option("FILE", command.file, "Scenarios (JSON); they name the journey's file, which lies beside them")
      ->required();
  auto* const plan = verb(journey->add_subcommand("plan", "Say what applying a file would change"), Verb::journey_plan);
  add_settings(*plan, options);
  plan->add_option("FILE", command.file, "The journey, as 'export' writes it")->required();
  plan->add_option("--tenant", command.tenant, "Name or id of the tenant; 'default' without it");
  auto* const apply = verb(journey->add_subcommand("apply", "Make the journey of a file, or change the draft of the one that has its name"), Verb::journey_apply);
  add_settings(*apply, options);
  apply->add_option("FILE", command.file, "The journey, as 'export' writes it")->required();
  apply->add_option("--tenant", command.tenant, "Name or id of the tenant; 'default' without it");
  apply->add_flag("--publish", command.publish, "Make it a version at once: for whoever comes in from now on");
  auto* const exported = verb(journey->add_subcommand("export", "Print a journey's draft as a file"), Verb::journey_export);
  add_settings(*exported, options);
  exported->add_option("NAME", command.name, "The journey's name")->required();
  exported->add_option("--tenant", command.tenant, "Name or id of the tenant; 'default' without it");

  auto* const doctor = verb(app.add_subcommand("doctor", "Check configuration, database, providers and the public address"), Verb::doctor);
  add_settings(*doctor, options);
  doctor->add_flag("--json", command.json, "Print the findings as JSON");

  auto* const config = app.add_subcommand("config", "Settings");
  bool print_default = false;
  config->add_flag("--print-default", print_default, "Print a configuration file with every setting and its default")->required();
  verb(config, Verb::print_config);
  verb(app.add_subcommand("openapi", "Print the OpenAPI document of the API"), Verb::openapi);

  auto usage_error = [](std::string const& why) {
    std::cerr << "postrider: " << why << "\n";
    return Parsed{std::nullopt, 2};
  };
  if (auto const file = config_file(argc, argv); !file.empty()) {
    try {
      read_config(file, options);
    } catch (std::exception const& error) {
      return usage_error("cannot read the configuration " + file + ": " + error.what());
    }
  }
  try {
    read_environment(options);
  } catch (std::exception const& error) {
    return usage_error(error.what());
  }
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& outcome) {
    if (outcome.get_exit_code() == 0) return Parsed{std::nullopt, app.exit(outcome, std::cout, std::cerr)};
    return usage_error(std::string(outcome.what()) + "; see 'postrider --help'");
  }
  if (auto const role = unknown_role(options.roles)) return usage_error("--roles: '" + *role + "' is no role; name any of api, worker, scheduler, separated by commas");
  if (list_points) {
    command.verb = Verb::list_fail_points;
    return Parsed{command, 0};
  }
  if (app.get_subcommands().empty()) {
    std::cerr << app.help();
    return Parsed{std::nullopt, 2};
  }
  // Owners and admins may send unless told otherwise; the flag was not given when both counts are zero.
  for (auto* const sub : {user_create, apikey_create})
    if (sub->parsed() && sub->count("--sender") == 0) command.can_send = command.role == "owner" || command.role == "admin";
  return Parsed{command, 0};
}

}  // namespace postrider::app
