// The commands of the program: each builds an Application, does one thing, and says in one sentence how it went.
#include "app/application.h"
#include "app/demo.h"
#include "app/doctor.h"
#include "app/import_command.h"
#include "app/journey_command.h"
#include "app/refusal.h"
#include "app/stop_signals.h"
#include "app/wiring.h"
#include "postrider/base/fail_point.h"
#include "postrider/base/log.h"
#include "postrider/json/codec.h"

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>

namespace postrider::app {

namespace {

namespace asio = boost::asio;

void set_up_log(Options const& options) {
  auto level = log::Level::info;
  if (options.log_level == "debug") level = log::Level::debug;
  else if (options.log_level == "warn") level = log::Level::warn;
  else if (options.log_level == "error") level = log::Level::error;
  else if (options.log_level != "info") throw std::runtime_error("--log-level must be debug, info, warn or error");
  if (options.log_format != "text" && options.log_format != "json") throw std::runtime_error("--log-format must be text or json");
  log::configure(level, options.log_format == "json" ? log::Format::json : log::Format::text);
}

Task<Context> operator_context(Application& application, std::string tenant) {
  Context context;
  context.tenant = identity::default_tenant();
  if (!tenant.empty()) context.tenant = value_or_throw(co_await application.modules().identity.find_tenant(tenant)).id;
  co_return context;
}

std::string read_password() {
  bool const terminal = isatty(STDIN_FILENO) == 1;
  termios before{};
  if (terminal) {
    std::cerr << "password: " << std::flush;
    tcgetattr(STDIN_FILENO, &before);
    auto silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  std::string password;
  std::getline(std::cin, password);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    std::cerr << "\n";
  }
  while (!password.empty() && password.back() == '\r') password.pop_back();
  return password;
}

identity::Role role_of(std::string const& text) {
  auto const role = identity::parse_role(text);
  if (!role) throw std::runtime_error("--role must be viewer, marketer, admin or owner");
  return *role;
}

Task<void> create_tenant(Application& application, Command command) {
  auto const context = co_await operator_context(application, "");
  auto const tenant = value_or_throw(co_await application.modules().identity.create_tenant(context, command.name));
  std::cout << tenant.id.str() << "\n";
}

Task<void> create_user(Application& application, Command command) {
  auto const role = role_of(command.role);
  auto const context = co_await operator_context(application, command.tenant);
  identity::NewUser wanted{.email = command.email, .name = command.email, .role = role, .can_send = command.can_send, .password = Secret(read_password())};
  auto const user = value_or_throw(co_await application.modules().identity.create_user(context, std::move(wanted)));
  std::cout << user.id.str() << "\n";
}

Task<void> create_api_key(Application& application, Command command) {
  auto const role = role_of(command.role);
  auto const context = co_await operator_context(application, command.tenant);
  auto const made = value_or_throw(co_await application.modules().identity.create_api_key(context, command.name, role, command.can_send));
  std::cout << made.secret.reveal() << "\n";
}

Task<void> migrate(Application& application, Command) {
  auto& store = *application.modules().store;
  co_await store.start();
  application.modules().running.push_back(&store);
  auto const report = co_await db::migrate(store, application.modules().clock.now());
  if (report.from == report.to) std::cout << "the schema is at version " << report.to << " already\n";
  else std::cout << "migrated from version " << report.from << " to " << report.to << "\n";
}

Task<void> serve(Application& application, Command command) {
  co_await application.open(!command.options.no_migrate);
  auto const address = co_await application.serve();
  auto const inhabited = co_await application.modules().identity.has_users();
  if (!inhabited)
    std::cerr << "no user yet: make the first one with POST /api/v1/setup and the code " << application.modules().identity.setup_code() << std::endl;
  std::cerr << "listening on " << address << std::endl;
  co_await until_told_to_stop(application.modules().executor);
  log::info("stopping");
}

using Work = Task<void> (*)(Application&, Command);

// Runs, then stops everything whether it went well or not.
Task<void> with_application(Application& application, Work work, Command command, bool open_first) {
  std::exception_ptr failure;
  try {
    if (open_first) co_await application.open(true);
    co_await work(application, std::move(command));
  } catch (...) {
    failure = std::current_exception();
  }
  co_await application.stop();
  if (failure) std::rethrow_exception(failure);
}

int run_with_application(Command const& command, Work work, bool open_first) {
  asio::io_context context(1);
  Application application(context.get_executor(), command.options);
  run_to_end(context, with_application(application, work, command, open_first));
  return 0;
}

// Database, secret and journal of what shall leave nothing behind.
int in_temporary_folder(Command command, int (*work)(Command const&)) {
  std::string pattern = (std::filesystem::temp_directory_path() / "postrider-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("cannot make a temporary folder: " + pattern);
  std::filesystem::path const folder = pattern;
  command.options.database = "sqlite:" + (folder / "postrider.db").string();
  command.options.secret_file = (folder / "secret").string();
  command.options.state_dir = (folder / "state").string();
  auto const code = work(command);
  std::filesystem::remove_all(folder);
  return code;
}

int print_openapi(Command const& command) {
  asio::io_context context(1);
  Application application(context.get_executor(), command.options);
  std::cout << json::lines(boost::json::parse(application.openapi()));
  return 0;
}

}  // namespace

int run(Command const& command) {
  std::signal(SIGPIPE, SIG_IGN);
  set_up_log(command.options);
  switch (command.verb) {
    case Verb::serve: return run_with_application(command, serve, false);
    case Verb::migrate: return run_with_application(command, migrate, false);
    case Verb::tenant_create: return run_with_application(command, create_tenant, true);
    case Verb::user_create: return run_with_application(command, create_user, true);
    case Verb::apikey_create: return run_with_application(command, create_api_key, true);
    case Verb::import_contacts: return run_with_application(command, import_contacts, true);
    case Verb::print_config: std::cout << default_config(); return 0;
    case Verb::list_fail_points:
      for (auto const& name : fail_point::known()) std::cout << name << "\n";
      return 0;
    case Verb::demo: return run_demo(command);
    case Verb::openapi: return in_temporary_folder(command, print_openapi);
    case Verb::journey_validate: return validate_journey(command);
    case Verb::journey_simulate: return simulate_journey(command);
    case Verb::journey_test: return test_journey(command);
    case Verb::journey_plan: return run_with_application(command, plan_journey, true);
    case Verb::journey_apply: return run_with_application(command, apply_journey, true);
    case Verb::journey_export: return run_with_application(command, export_journey, true);
    case Verb::doctor: return doctor(command);
  }
  return 2;
}

}  // namespace postrider::app
