// Settings: flag over environment over file over default, and the printed default file.
#include "app/options.h"

#include "support/source_tree.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace postrider::app;

namespace {

std::string text_of(std::filesystem::path const& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

Parsed parsed(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "postrider");
  std::vector<char const*> pointers;
  for (auto const& argument : arguments) pointers.push_back(argument.c_str());
  return parse_arguments(static_cast<int>(pointers.size()), pointers.data());
}

// A file, and an environment that is as before afterwards.
class Ground {
 public:
  explicit Ground(std::string const& config) {
    std::string pattern = (std::filesystem::temp_directory_path() / "postrider-options-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    std::ofstream(file()) << config;
  }
  ~Ground() {
    ::unsetenv("POSTRIDER_LISTEN");
    std::filesystem::remove_all(folder_);
  }
  std::string file() const { return (folder_ / "postrider.toml").string(); }

 private:
  std::filesystem::path folder_;
};

}  // namespace

TEST_CASE("a flag wins over the environment, that over the file, that over the default") {
  Ground const ground("listen = \"127.0.0.1:1\"\nmax_connections = 7\nlog_level = \"warn\"\n");
  auto read = parsed({"serve", "--config", ground.file()});
  REQUIRE(read.command);
  CHECK(read.command->options.listen == "127.0.0.1:1");
  CHECK(read.command->options.max_connections == 7);
  CHECK(read.command->options.log_format == "text");
  ::setenv("POSTRIDER_LISTEN", "127.0.0.1:2", 1);
  read = parsed({"serve", "--config=" + ground.file()});
  REQUIRE(read.command);
  CHECK(read.command->options.listen == "127.0.0.1:2");
  CHECK(read.command->options.log_level == "warn");
  read = parsed({"serve", "--config", ground.file(), "--listen", "127.0.0.1:3", "--log-level", "debug"});
  REQUIRE(read.command);
  CHECK(read.command->options.listen == "127.0.0.1:3");
  CHECK(read.command->options.log_level == "debug");
}

TEST_CASE("a number in the environment is held to its range") {
  ::setenv("POSTRIDER_MAX_CONNECTIONS", "many", 1);
  auto const wrong = parsed({"serve"});
  ::setenv("POSTRIDER_MAX_CONNECTIONS", "77", 1);
  auto const good = parsed({"migrate"});
  ::unsetenv("POSTRIDER_MAX_CONNECTIONS");
  CHECK(wrong.exit_code == 2);
  REQUIRE(good.command);
  CHECK(good.command->options.max_connections == 77);
}

TEST_CASE("what cannot be read of a configuration is a usage error") {
  auto const wrong = GENERATE(as<std::string>(), "listen = ", "no_such_setting = 1\n", "max_connections = \"many\"\n", "[table]\nlisten = \"x\"\n");
  CAPTURE(wrong);
  Ground const ground(wrong);
  auto const read = parsed({"serve", "--config", ground.file()});
  CHECK_FALSE(read.command);
  CHECK(read.exit_code == 2);
}

TEST_CASE("a missing configuration file, an unknown flag and a bad number are usage errors") {
  auto const wrong = GENERATE(as<std::vector<std::string>>(), std::vector<std::string>{"serve", "--config", "/nonexistent.toml"},
                              std::vector<std::string>{"serve", "--no-such-flag"}, std::vector<std::string>{"serve", "--max-connections", "0"},
                              std::vector<std::string>{"serve", "--max-connections", "many"}, std::vector<std::string>{"fly"}, std::vector<std::string>{"serve", "--roles", "api,cook"}, std::vector<std::string>{"serve", "--roles", ""},
                              std::vector<std::string>{"user", "create", "--email", "a@example.org"}, std::vector<std::string>{"tenant", "create"});
  CAPTURE(wrong);
  auto const read = parsed(wrong);
  CHECK_FALSE(read.command);
  CHECK(read.exit_code == 2);
}

TEST_CASE("config/postrider.toml is what 'postrider config --print-default' prints, and reads as the defaults") {
  auto const path = postrider::test::source_tree() / "config/postrider.toml";
  if (std::getenv("POSTRIDER_WRITE_DOCS")) std::ofstream(path) << default_config();
  CHECK(text_of(path) == default_config());
  auto const read = parsed({"serve", "--config", path.string()});
  REQUIRE(read.command);
  Options const defaults;
  CHECK(read.command->options.listen == defaults.listen);
  CHECK(read.command->options.database == defaults.database);
  CHECK(read.command->options.drain_seconds == defaults.drain_seconds);
}

TEST_CASE("owners and admins may send unless it is refused") {
  CHECK(parsed({"apikey", "create", "--name", "a", "--role", "owner"}).command->can_send);
  CHECK(parsed({"apikey", "create", "--name", "a", "--role", "admin"}).command->can_send);
  CHECK_FALSE(parsed({"apikey", "create", "--name", "a", "--role", "marketer"}).command->can_send);
  CHECK(parsed({"apikey", "create", "--name", "a", "--role", "marketer", "--sender"}).command->can_send);
  CHECK_FALSE(parsed({"apikey", "create", "--name", "a", "--role", "owner", "--no-sender"}).command->can_send);
}
