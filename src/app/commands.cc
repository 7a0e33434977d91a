// The commands of the program: each builds an Application, does one thing, and says in one sentence how it went.
#include "app/application.h"
#include "app/import_command.h"
#include "app/wiring.h"
#include "postrider/base/fail_point.h"
#include "postrider/base/log.h"
#include "postrider/consent/consent.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <boost/json/parse.hpp>

#include <fmt/format.h>

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

// An expected refusal ends a command like any failure: one sentence, exit code 1.
template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
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

// Waits for the first SIGTERM or SIGINT; a second one cuts the process off.
Task<void> until_told_to_stop(asio::signal_set& signals, Signal& told) {
  signals.async_wait([&signals, &told](boost::system::error_code failure, int) {
    if (failure) return;
    told.notify();
    signals.async_wait([](boost::system::error_code again, int) {
      if (!again) ::_exit(130);
    });
  });
  while (!co_await told.wait_for(std::chrono::hours(24))) continue;
}

Task<void> serve(Application& application, Command command) {
  co_await application.open(!command.options.no_migrate);
  auto const address = co_await application.serve();
  auto executor = application.modules().executor;
  asio::signal_set signals(executor, SIGTERM, SIGINT);
  Signal told(executor);
  std::cerr << "listening on " << address << std::endl;
  co_await until_told_to_stop(signals, told);
  log::info("stopping");
}

// Sample data that makes every page worth looking at: people with consent, a segment, a template, and two campaigns, of which one
// has been sent to the built-in inbox. Nothing of it can leave the machine.
Task<void> fill_demo(Application& application, std::string password) {
  auto& m = application.modules();
  Context context;
  context.tenant = identity::default_tenant();
  identity::NewUser owner{.email = "demo@example.com", .name = "Demo", .role = identity::Role::owner, .can_send = true, .password = Secret(password)};
  value_or_throw(co_await m.identity.create_user(context, std::move(owner)));
  auto const provider = value_or_throw(co_await m.identities.create_provider(context, "Built-in inbox", "demo", boost::json::object()));
  delivery::SenderChange from;
  from.from_email = "news@acme.example";
  from.from_name = "Acme News";
  from.provider_id = provider.id;
  from.verified = true;
  auto const sender = value_or_throw(co_await m.identities.create_sender(context, from));
  constexpr char const* names[] = {"Ada", "Grace", "Linus", "Margaret", "Dennis", "Barbara", "Ken", "Radia", "Edsger", "Frances"};
  for (int i = 0; i < 200; ++i) {
    contacts::Change person;
    person.email = fmt::format("{}.{}@example.net", names[i % 10], i + 1);
    person.first_name = std::string(names[i % 10]);
    std::vector<std::string> tags;
    tags.push_back(i % 3 == 0 ? "customer" : "lead");
    person.tags = tags;
    boost::json::object attributes;
    attributes["plan"] = i % 4 == 0 ? "pro" : "free";
    person.attributes = attributes;
    auto const saved = value_or_throw(co_await m.contacts.create(context, std::move(person), false));
    if (i % 10 == 9) continue;  // somebody whom nobody asked: the report says why he got nothing
    consent::Proof proof{.status = "granted", .source = "signup form"};
    auto tx = co_await m.store->begin();
    value_or_throw(co_await consent::set(tx, context, saved.contact.id, "email", "marketing", std::move(proof), m.ids, m.clock.now()));
    co_await tx.commit();
  }
  auto const everybody = value_or_throw(co_await m.segments.create(context, "Everybody", "All who have an address", true,
                                                                   boost::json::parse(R"({"type":"attribute","field":"email","operator":"exists"})")));
  value_or_throw(co_await m.segments.recalculate(context.tenant, everybody.id));
  content::TemplateChange parts;
  parts.subject = "News for {{ contact.first_name | default: \"you\" }}";
  parts.html_body = "<h1>Hello {{ contact.first_name | default: \"there\" }}</h1><p>You are on the {{ contact.attributes.plan }} plan.</p>"
                    "<p><a href=\"https://example.com/news\">Read more</a></p><p><a href=\"{{ unsubscribe_url }}\">Unsubscribe</a></p>";
  auto const letter = value_or_throw(co_await m.templates.create(context, "Newsletter", "email", std::move(parts)));
  for (auto const* const name : {"Spring news", "Summer news, ready to launch"}) {
    campaigns::Change wanted;
    wanted.name = name;
    std::vector<SegmentId> segments;
    segments.push_back(everybody.id);
    wanted.segment_ids = segments;
    wanted.template_id = letter.id;
    wanted.sender_id = sender.id;
    auto const campaign = value_or_throw(co_await m.campaigns.create(context, "broadcast", std::move(wanted)));
    if (std::string_view(name) == "Spring news") value_or_throw(co_await m.campaigns.launch(context, campaign.id));
  }
}

Task<void> demo(Application& application, Command command) {
  co_await application.open(true);
  std::string password = "demo-" + application.modules().ids.next().str().substr(24);
  co_await fill_demo(application, password);
  auto const address = co_await application.serve();
  asio::signal_set signals(application.modules().executor, SIGTERM, SIGINT);
  Signal told(application.modules().executor);
  std::cerr << "listening on " << address << std::endl;
  std::cout << "console:  " << address << "/\nlogin:    demo@example.com\npassword: " << password << "\nAll mail goes to the built-in inbox: GET /api/v1/inbox\n" << std::flush;
  co_await until_told_to_stop(signals, told);
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
    case Verb::demo: {
      char pattern[] = "/tmp/postrider-demo-XXXXXX";
      if (!::mkdtemp(pattern)) throw std::runtime_error("cannot make a temporary folder for the demo");
      std::filesystem::path const folder = pattern;
      auto shown = command;
      shown.options.database = "sqlite:" + (folder / "demo.db").string();
      shown.options.secret_file = (folder / "secret").string();
      shown.options.state_dir = (folder / "state").string();
      auto const code = run_with_application(shown, demo, false);
      std::filesystem::remove_all(folder);
      return code;
    }
    case Verb::doctor:
    case Verb::openapi:
    case Verb::metrics_reference: break;
  }
  std::cerr << "postrider: this command is not built in\n";
  return 1;
}

}  // namespace postrider::app
