// The SMTP provider against Debian's smtp-sink (package postfix), a server of others: every mail arrives once, and how fast.
#include "support/results.h"

#include "delivery/providers/smtp.h"
#include "postrider/base/log.h"
#include "postrider/base/offload.h"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

using namespace postrider;
using namespace postrider::delivery;

namespace {

constexpr char const* kSink = "/usr/sbin/smtp-sink";

int free_port() {
  auto const descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(descriptor);
  return ntohs(address.sin_port);
}

bool listens(int port) {
  auto const descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto const good = ::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(descriptor);
  return good;
}

class Sink {
 public:
  explicit Sink(std::string const& dump) : port(free_port()) {
    std::vector<std::string> words = {kSink};
    if (::getuid() == 0) words.insert(words.end(), {"-u", "nobody"});
    if (!dump.empty()) words.insert(words.end(), {"-d", dump});
    words.insert(words.end(), {"127.0.0.1:" + std::to_string(port), "256"});
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    child_ = ::fork();
    if (child_ == 0) {
      auto const null = ::open("/dev/null", O_WRONLY);
      ::dup2(null, 2);
      ::execv(kSink, arguments.data());
      ::_exit(127);
    }
    for (int i = 0; i < 500 && !listens(port); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ~Sink() {
    ::kill(child_, SIGTERM);
    ::waitpid(child_, nullptr, 0);
  }
  int port;

 private:
  pid_t child_;
};

bool sink_is_missing() {
  if (::access(kSink, X_OK) == 0) return false;
  WARN("SKIPPED: " << kSink << " is not installed (package postfix)");
  return true;
}

struct Counter : HandOffObserver {
  bool may_hand_off(Envelope const&) override { return true; }
  bool phase(Envelope const&, Phase, Outcome const*) override { return true; }
  void settled(std::size_t, Outcome const&) override { ++count; }
  std::size_t count = 0;
};

std::vector<Envelope> letters(int count, std::size_t size) {
  std::string body;
  while (body.size() < size) body += "Some words of text that go on for a while, and an = sign, until the line is full.\n";
  std::vector<Envelope> all;
  for (int i = 0; i < count; ++i) {
    Envelope envelope;
    envelope.id = MessageId(uuid_from_name("sink " + std::to_string(i)));
    envelope.letter.from = {"news@sender.test", "Acme"};
    envelope.letter.to = {"b" + std::to_string(i) + "@example.test", "Jane"};
    envelope.letter.subject = "Number " + std::to_string(i);
    envelope.letter.text = body;
    all.push_back(std::move(envelope));
  }
  return all;
}

struct Run {
  std::size_t accepted = 0;
  double seconds = 0;
  double cpu_micros_each = 0;
};

double own_cpu() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

Task<void> deliver(SmtpProvider& provider, std::vector<Envelope> batch, Run& run) {
  Counter counter;
  auto const size = static_cast<double>(batch.size());
  auto const begin = std::chrono::steady_clock::now();
  auto const cpu = own_cpu();
  auto const outcomes = co_await provider.deliver(std::move(batch), counter);
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  run.cpu_micros_each = (own_cpu() - cpu) * 1e6 / size;
  for (auto const& outcome : outcomes) run.accepted += outcome.kind == OutcomeKind::accepted ? 1 : 0;
  co_await provider.close();
}

Run send(int port, int connections, std::vector<Envelope> batch, int messages_per_connection = 100) {
  boost::asio::io_context context(1);
  Offload offload(1);
  SmtpSettings settings;
  settings.host = "127.0.0.1";
  settings.port = port;
  settings.security = SmtpSecurity::none;
  settings.max_connections = connections;
  SmtpOptions options;
  options.messages_per_connection = messages_per_connection;
  SmtpProvider provider(context.get_executor(), offload, settings, options);
  Run run;
  run_to_end(context, deliver(provider, std::move(batch), run));
  return run;
}

}  // namespace

TEST_CASE("two thousand mails reach smtp-sink once each") {
  if (sink_is_missing()) return;
  char name[] = "/tmp/postrider-sink-XXXXXX";
  std::filesystem::path const folder = ::mkdtemp(name);
  ::chmod(folder.c_str(), 0777);
  {
    Sink const sink((folder / "mail.").string());
    CHECK(send(sink.port, 10, letters(2000, 2000)).accepted == 2000);
  }
  std::map<std::string, int> seen;
  for (auto const& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("X-Postrider-Message: ")) ++seen[line.substr(21, 36)];
    }
  }
  CHECK(seen.size() == 2000);
  for (int i = 0; i < 2000; ++i) {
    auto const times = seen[uuid_from_name("sink " + std::to_string(i)).str()];
    if (times != 1) FAIL("message " << i << " arrived " << times << " times");
  }
  std::filesystem::remove_all(folder);
}

// POSTRIDER_SMTP_LIMIT may name a program (port connections messages bytes) that shows how fast SMTP can go here.
TEST_CASE("how fast mails go to smtp-sink", "[.bench]") {
  if (sink_is_missing()) return;
  Sink const sink("");
  for (int const connections : {1, 10, 50}) {
    auto const run = send(sink.port, connections, letters(20000, 10000), 1000000);
    REQUIRE(run.accepted == 20000);
    WARN(connections << " connections: " << 20000 / run.seconds << " messages/s, " << run.cpu_micros_each << " us of CPU each");
    if (auto const* const limit = std::getenv("POSTRIDER_SMTP_LIMIT")) {
      auto const command = std::string(limit) + " " + std::to_string(sink.port) + " " + std::to_string(connections) + " 20000 10000";
      CHECK(std::system(command.c_str()) == 0);
    }
  }
}
