// Every setting of the program, declared once: flag, environment name, TOML key, default and help stand together in options.cc.
// A flag wins over the environment (POSTRIDER_<NAME>), that over --config FILE (TOML), that over the default.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace postrider::app {

struct Options {
  std::string database = "sqlite:postrider.db";
  std::string listen = "127.0.0.1:8080";
  std::string public_url = "";  // empty: http://<listen>
  std::string roles = "api,worker,scheduler";
  std::string log_level = "info";
  std::string log_format = "text";
  std::string secret_file = "postrider.secret";
  std::string state_dir = "postrider.state";
  std::string trusted_proxies = "";
  std::string allowed_networks = "";
  int max_connections = 10'000;
  int database_connections = 12;
  int send_in_flight = 500;
  int import_max_megabytes = 2048;
  int late_start_hours = 6;
  int undo_seconds = 20;
  int drain_seconds = 30;
  bool no_migrate = false;
};

enum class Verb { serve, migrate, demo, tenant_create, user_create, apikey_create, import_contacts, doctor, print_config, list_fail_points, openapi,
                  journey_validate, journey_simulate, journey_test, journey_plan, journey_apply, journey_export };

struct Command {
  Verb verb = Verb::serve;
  Options options;
  std::string tenant;  // --tenant: name or id; empty for the default one
  std::string name;    // tenant create NAME, apikey create --name
  std::string email;
  std::string role;
  bool can_send = false;
  bool json = false;
  std::string file;
  std::string consent;
  std::string consent_source;
  // journey simulate, apply
  std::string scenario;  // --scenario: a simulation as the API takes it
  std::string compare;   // --compare: another journey's file
  std::optional<std::int64_t> people, days, seed;
  bool publish = false;
};

// What to do, or (when nothing) the exit code after help, version or a usage error has been printed.
struct Parsed {
  std::optional<Command> command;
  int exit_code = 0;
};
Parsed parse_arguments(int argc, char const* const* argv);

// The annotated config/postrider.toml with every key and its default.
std::string default_config();

}  // namespace postrider::app
