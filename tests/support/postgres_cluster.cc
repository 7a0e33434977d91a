#include "support/postgres_cluster.h"

#include <libpq-fe.h>

#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace postrider::test {

namespace {

namespace fs = std::filesystem;

std::string output_of(std::string const& command) {
  std::string text;
  auto* const pipe = ::popen(command.c_str(), "r");
  if (!pipe) return text;
  char buffer[256];
  while (auto const n = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  ::pclose(pipe);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void run(std::string const& command, fs::path const& log) {
  auto const whole = command + " >> '" + log.string() + "' 2>&1";
  if (std::system(whole.c_str()) == 0) return;
  std::ostringstream said;
  said << std::ifstream(log).rdbuf();
  throw std::runtime_error("PostgreSQL for the tests cannot be started: " + command + "\n" + said.str());
}

// initdb refuses root, so root becomes the user postgres (or nobody) for it.
std::string as_unprivileged(std::string const& command) {
  if (::geteuid() != 0) return command;
  auto const* const user = ::getpwnam("postgres") ? "postgres" : "nobody";
  return "setpriv --reuid=" + std::string(user) + " --regid=" + std::to_string(::getpwnam(user)->pw_gid) + " --clear-groups " + command;
}

class Cluster {
 public:
  Cluster() {
    if (auto const* const given = std::getenv("POSTRIDER_TEST_PG")) {
      address_ = given;
      return;
    }
    auto const bin = output_of("pg_config --bindir");
    if (bin.empty() || !fs::exists(bin + "/initdb")) throw std::runtime_error("PostgreSQL for the tests is not installed (package postgresql)");
    char pattern[] = "/tmp/postrider-pg-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    owner_ = ::getpid();
    auto const log = folder_ / "log";
    std::ofstream(log).close();
    if (::geteuid() == 0) {
      auto const* const user = ::getpwnam("postgres") ? ::getpwnam("postgres") : ::getpwnam("nobody");
      if (::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error("cannot hand the folder over");
    }
    auto const data = (folder_ / "data").string();
    run(as_unprivileged(bin + "/initdb -D '" + data + "' -U postrider -A trust -E UTF8 --locale=C.UTF-8 --no-sync"), log);
    auto const options = "-c listen_addresses= -c unix_socket_directories=" + folder_.string() +
                         " -c fsync=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=128MB -c log_min_messages=fatal";
    run(as_unprivileged(bin + "/pg_ctl -D '" + data + "' -w -t 60 -l '" + (folder_ / "server.log").string() + "' -o \"" + options + "\" start"), log);
    stop_ = as_unprivileged(bin + "/pg_ctl -D '" + data + "' -m immediate -w stop") + " > /dev/null 2>&1";
    address_ = "postgresql://postrider@/DATABASE?host=" + folder_.string();
  }

  ~Cluster() {
    if (folder_.empty() || owner_ != ::getpid()) return;
    static_cast<void>(std::system(stop_.c_str()));
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::string const& address() const { return address_; }

 private:
  fs::path folder_;
  std::string stop_;
  std::string address_;
  ::pid_t owner_ = 0;
};

Cluster& cluster() {
  static Cluster instance;
  return instance;
}

std::string address_of(std::string const& database) {
  auto address = cluster().address();
  if (auto const at = address.find("/DATABASE"); at != std::string::npos) return address.replace(at + 1, 8, database);
  // A given address: the path becomes the database's name.
  auto const scheme = address.find("://");
  auto const path = address.find('/', scheme + 3);
  auto const query = address.find('?');
  auto const tail = query == std::string::npos ? "" : address.substr(query);
  return address.substr(0, std::min(path, query)) + "/" + database + tail;
}

}  // namespace

std::string const& postgres_server() { return cluster().address(); }

std::string new_postgres_database() {
  static std::atomic<int> number = 0;
  auto const name = "test_" + std::to_string(::getpid()) + "_" + std::to_string(++number);
  auto* const connection = PQconnectdb(address_of("postgres").c_str());
  std::unique_ptr<PGconn, decltype(&PQfinish)> const guard(connection, PQfinish);
  if (PQstatus(connection) != CONNECTION_OK) throw std::runtime_error(std::string("PostgreSQL for the tests: ") + PQerrorMessage(connection));
  std::unique_ptr<PGresult, decltype(&PQclear)> const made(PQexec(connection, ("create database " + name).c_str()), PQclear);
  if (PQresultStatus(made.get()) != PGRES_COMMAND_OK) throw std::runtime_error(std::string("PostgreSQL for the tests: ") + PQerrorMessage(connection));
  return address_of(name);
}

}  // namespace postrider::test
