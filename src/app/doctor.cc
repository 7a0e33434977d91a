#include "app/doctor.h"

#include "app/application.h"
#include "app/wiring.h"
#include "postrider/delivery/sender_domain.h"
#include "postrider/http/client.h"
#include "sql/doctor.h"

#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <set>

namespace postrider::app {

namespace {

using delivery::Verdict;

class Findings {
 public:
  explicit Findings(bool json) : json_(json) {}

  void good(std::string subject, std::string detail) { add(Verdict::good, std::move(subject), std::move(detail)); }
  void warning(std::string subject, std::string detail) { add(Verdict::warning, std::move(subject), std::move(detail)); }
  void bad(std::string subject, std::string detail) { add(Verdict::bad, std::move(subject), std::move(detail)); }
  void add(Verdict verdict, std::string subject, std::string detail) {
    constexpr char const* words[] = {"ok", "warning", "broken"};
    auto const* const word = words[static_cast<int>(verdict)];
    if (verdict == Verdict::bad) ++broken_;
    if (json_) {
      boost::json::object entry;
      entry["verdict"] = word;
      entry["subject"] = std::move(subject);
      entry["detail"] = std::move(detail);
      all_.push_back(std::move(entry));
      return;
    }
    std::cout << std::left << std::setw(8) << word << " " << subject << ": " << detail << "\n" << std::flush;
  }

  int end() const {
    if (json_) {
      boost::json::object out;
      out["broken"] = broken_;
      out["findings"] = all_;
      std::cout << boost::json::serialize(out) << "\n";
    } else {
      std::cout << (broken_ == 0 ? "nothing is broken\n" : std::to_string(broken_) + " broken\n");
    }
    return broken_ == 0 ? 0 : 1;
  }

 private:
  bool json_;
  int broken_ = 0;
  boost::json::array all_;
};

void look_at_options(Options const& options, Findings& findings) {
  findings.good("--roles", options.roles);
  if (options.public_url.empty())
    findings.warning("--public-url", "is not set, so links in mail lead to the listen address: set the https address under which recipients reach this server");
  else if (options.public_url.starts_with("http://"))
    findings.warning("--public-url", options.public_url + " is not encrypted: put a proxy with a certificate before this server and use https");
  else if (!options.public_url.starts_with("https://"))
    findings.bad("--public-url", options.public_url + " is no address: it begins with https://");
  else findings.good("--public-url", options.public_url);
}

// False when there is none: nothing that needs it can be looked at then, and a doctor makes none.
bool look_at_secret(Options const& options, Findings& findings) {
  struct stat status {};
  if (::stat(options.secret_file.c_str(), &status) != 0) {
    findings.warning("secret file", options.secret_file + " is not there: 'postrider serve' makes it; if this installation has one elsewhere, name it with --secret-file");
    return false;
  }
  SystemRandom random;
  auto const keys = crypto::Keys::load_or_create(options.secret_file, random);
  if (!keys) findings.bad("secret file", keys.error().message);
  else if ((status.st_mode & 077) != 0) findings.bad("secret file", options.secret_file + " can be read by others: chmod 600 it");
  else findings.good("secret file", options.secret_file + " belongs to its owner alone; a copy of it belongs beside every backup of the database");
  return keys.has_value();
}

void look_at_folder(Options const& options, Findings& findings) {
  std::error_code failure;
  auto const folder = std::filesystem::path(options.state_dir);
  auto const place = std::filesystem::exists(folder, failure) ? folder : std::filesystem::absolute(folder).parent_path();
  if (::access(place.c_str(), W_OK) != 0) {
    findings.bad("state folder", place.string() + " cannot be written: give it to the user that runs the server, or name another with --state-dir");
    return;
  }
  auto const space = std::filesystem::space(place, failure);
  if (!failure && space.available < 256ULL * 1024 * 1024)
    findings.warning("state folder", place.string() + " has only " + std::to_string(space.available / 1024 / 1024) + " MB left");
  else findings.good("state folder", place.string() + " can be written");
}

void judge_postgres(std::map<std::string, std::string> const& settings, Options const& options, Findings& findings) {
  auto const value = [&settings](std::string const& name) { return settings.contains(name) ? settings.at(name) : std::string(); };
  auto const version = std::atoi(value("server_version").c_str());
  if (version < 15) findings.bad("database version", "PostgreSQL " + value("server_version") + " is too old: 15 is the oldest that is tested");
  else findings.good("database version", "PostgreSQL " + value("server_version"));
  if (value("fsync") == "off") findings.bad("fsync", "is off: a power cut can destroy the database; turn it on");
  if (value("full_page_writes") == "off") findings.warning("full_page_writes", "is off: only safe on file systems that never tear a page");
  if (value("synchronous_commit") == "off") findings.bad("synchronous_commit", "is off: what was acknowledged can be lost in a crash; set it to on");
  else findings.good("durability", "fsync and synchronous_commit are on");
  if (value("transaction_read_only") == "on") findings.bad("database", "is a read-only standby: name the primary first, or add target_session_attrs=read-write");
  if (value("server_encoding") != "UTF8") findings.bad("encoding", "the database is in " + value("server_encoding") + ": make one with encoding UTF8");
  auto const most = std::atoi(value("max_connections").c_str());
  auto const wanted = options.database_connections + 12;
  if (most < wanted + 5)
    findings.warning("max_connections", "the database allows " + std::to_string(most) + ", one instance wants up to " + std::to_string(wanted) + ": raise it, or lower --database-connections");
}

void judge_sqlite(std::map<std::string, std::string> const& settings, Findings& findings) {
  auto const value = [&settings](std::string const& name) { return settings.contains(name) ? settings.at(name) : std::string(); };
  findings.good("database version", "SQLite " + value("server_version") + "; for several instances, or millions of messages, use PostgreSQL");
  if (value("quick_check") != "ok") findings.bad("database file", "is damaged (" + value("quick_check") + "): restore a backup");
  else if (value("journal_mode") != "wal") findings.bad("journal_mode", "is " + value("journal_mode") + ", not wal: is the file on a network file system?");
  else findings.good("database file", "intact, in WAL mode");
}

// True when the rest can be looked at.
Task<bool> look_at_database(Modules& m, Findings& findings) {
  std::string unreachable;
  try {
    co_await m.store->start();
    m.running.push_back(m.store.get());
  } catch (db::Failure const& failure) {
    unreachable = failure.what();
  }
  if (!unreachable.empty()) {
    findings.bad("database", unreachable + ": check --database, and that the server runs and lets this machine in");
    co_return false;
  }
  std::map<std::string, std::string> settings;
  auto const rows = co_await m.store->all(sql::doctor::settings);
  for (auto const row : rows) settings[row.text(0)] = row.text(1);
  if (m.store->dialect() == db::Dialect::postgres) judge_postgres(settings, m.options, findings);
  else judge_sqlite(settings, findings);
  auto const version = co_await db::schema_version(*m.store);
  auto const wanted = db::wanted_schema_version();
  if (version == wanted) findings.good("schema", "version " + std::to_string(version));
  else if (version < wanted) findings.warning("schema", "version " + std::to_string(version) + ", this binary wants " + std::to_string(wanted) + ": 'postrider migrate' or 'postrider serve' brings it there");
  else findings.bad("schema", "version " + std::to_string(version) + " is newer than this binary's " + std::to_string(wanted) + ": use a newer binary");
  co_return version == wanted;
}

Task<void> look_at_senders(Modules& m, Findings& findings) {
  std::set<std::string> domains;
  auto const tenants = co_await m.identity.tenants();
  bool any_user = co_await m.identity.has_users();
  if (!any_user) findings.warning("users", "there is none yet: 'postrider user create --email you@example.com --role owner' makes one");
  for (auto const& tenant : tenants) {
    Context context;
    context.tenant = tenant.id;
    auto const providers = co_await m.identities.list_providers(tenant.id);
    if (providers.empty()) findings.warning("providers of " + tenant.name, "there is none, so nothing can be sent: add one under Settings");
    for (auto const& provider : providers) {
      auto const subject = "provider " + provider.name + " of " + tenant.name;
      auto const report = co_await m.identities.check_provider(context, provider.id);
      if (!report) findings.bad(subject, report.error().message);
      else
        for (auto const& item : report->items) findings.add(item.good ? Verdict::good : Verdict::bad, subject + ", " + item.name, item.detail);
    }
    auto const senders = co_await m.identities.list_senders(tenant.id);
    for (auto const& sender : senders) domains.insert(sender.from_email.substr(sender.from_email.find('@') + 1));
  }
  for (auto const& domain : domains) {
    std::function<std::vector<delivery::DomainFinding>()> ask = [domain] { return delivery::check_sender_domain(domain, std::nullopt, delivery::look_up_txt); };
    auto const found = co_await m.offload.run<std::vector<delivery::DomainFinding>>(std::move(ask));
    for (auto const& finding : found) findings.add(finding.verdict, finding.subject, finding.detail);
  }
}

Task<void> look_at_public_address(Modules& m, Findings& findings) {
  auto const& address = m.options.public_url;
  if (!address.starts_with("http")) co_return;
  http::ClientSettings settings;
  // The operator asks about his own server: it may be anywhere.
  for (auto const* const everywhere : {"0.0.0.0/0", "::/0"}) settings.policy.allowed.push_back(*http::Allowance::parse(everywhere));
  http::Client client(m.executor, settings);
  co_await client.start();
  http::ClientRequest request;
  request.url = address + (address.ends_with('/') ? "healthz" : "/healthz");
  request.purpose = "doctor";
  auto const answer = co_await client.send(std::move(request));
  co_await client.stop();
  if (!answer) findings.bad("public address", address + " cannot be reached from here: " + answer.error().message);
  else if (answer->status != 200 || answer->body.find("\"status\":\"ok\"") == std::string::npos)
    findings.bad("public address", address + "/healthz answers " + std::to_string(answer->status) + ", not as postrider does: does the proxy pass everything on, and is the server running?");
  else findings.good("public address", address + " leads to a running postrider");
}

Task<void> look_inside(Application& application, Findings& findings) {
  auto& m = application.modules();
  bool const open = co_await look_at_database(m, findings);
  if (open) co_await look_at_senders(m, findings);
  co_await look_at_public_address(m, findings);
}

Task<void> look_and_close(Application& application, Findings& findings) {
  std::exception_ptr failure;
  try {
    co_await look_inside(application, findings);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await application.stop();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

int doctor(Command const& command) {
  Findings findings(command.json);
  look_at_options(command.options, findings);
  bool const secret = look_at_secret(command.options, findings);
  look_at_folder(command.options, findings);
  if (command.options.database.starts_with("sqlite:") && !std::filesystem::exists(command.options.database.substr(7))) {
    findings.warning("database", command.options.database.substr(7) + " is not there: 'postrider serve' makes it");
  } else if (secret) {
    boost::asio::io_context context(1);
    Application application(context.get_executor(), command.options);
    run_to_end(context, look_and_close(application, findings));
  } else {
    findings.warning("database", "is looked at once there is a secret file");
  }
  return findings.end();
}

}  // namespace postrider::app
