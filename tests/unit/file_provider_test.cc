#include "support/results.h"

#include "postrider/base/clock.h"
#include "postrider/base/offload.h"
#include "postrider/delivery/providers.h"

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace postrider;
using namespace postrider::delivery;

namespace {

struct Quiet : HandOffObserver {
  bool may_hand_off(Envelope const&) override { return allow; }
  bool phase(Envelope const&, Phase, Outcome const*) override { return true; }
  void settled(std::size_t, Outcome const&) override { ++count; }
  bool allow = true;
  int count = 0;
};

Task<void> deliver(Provider& provider, std::vector<Envelope> batch, HandOffObserver& observer, std::vector<Outcome>& outcomes, CheckReport& report) {
  outcomes = co_await provider.deliver(std::move(batch), observer);
  report = co_await provider.check();
  co_await provider.close();
}

std::vector<Envelope> letters(int count) {
  std::vector<Envelope> all;
  for (int i = 0; i < count; ++i) {
    Envelope envelope;
    envelope.id = MessageId(uuid_from_name("file " + std::to_string(i)));
    envelope.letter.from = {"news@example.com"};
    envelope.letter.to = {"jane@example.net"};
    envelope.letter.text = "Hello\n";
    all.push_back(std::move(envelope));
  }
  return all;
}

struct Stage {
  Result<std::unique_ptr<Provider>> make(std::string const& directory) {
    boost::json::object settings;
    settings["directory"] = directory;
    return make_provider("file", settings, ProviderGround{context.get_executor(), clock, offload});
  }
  boost::asio::io_context context;
  SystemClock clock;
  Offload offload{1};
  Quiet observer;
  std::vector<Outcome> outcomes;
  CheckReport report;
};

}  // namespace

TEST_CASE("mails become whole files named after their messages") {
  char name[] = "/tmp/postrider-file-XXXXXX";
  std::filesystem::path const folder = ::mkdtemp(name);
  Stage stage;
  auto const provider = stage.make((folder / "deep" / "mail").string()).value();
  CHECK(provider->capabilities().channel == "email");
  run_to_end(stage.context, deliver(*provider, letters(5), stage.observer, stage.outcomes, stage.report));
  CHECK(stage.observer.count == 5);
  CHECK(stage.report.good());
  for (auto const& envelope : letters(5)) {
    std::ifstream in(folder / "deep" / "mail" / (envelope.id.str() + ".eml"), std::ios::binary);
    std::string const text(std::istreambuf_iterator<char>(in), {});
    CHECK(text.ends_with("Hello\r\n"));
  }
  for (auto const& outcome : stage.outcomes) CHECK(outcome.kind == OutcomeKind::accepted);
  CHECK(stage.outcomes[0].provider_message_id == letters(1)[0].id.str() + ".eml");
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "deep" / "mail"), {}) == 5);
  Stage held;
  held.observer.allow = false;
  auto const other = held.make((folder / "held").string()).value();
  run_to_end(held.context, deliver(*other, letters(1), held.observer, held.outcomes, held.report));
  CHECK(held.outcomes[0].kind == OutcomeKind::not_sent);
  CHECK(std::filesystem::is_empty(folder / "held"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("a directory that cannot be written to stops the provider and says so") {
  Stage stage;
  auto const provider = stage.make("/proc/nowhere").value();
  run_to_end(stage.context, deliver(*provider, letters(2), stage.observer, stage.outcomes, stage.report));
  CHECK(stage.outcomes[0].kind == OutcomeKind::configuration);
  CHECK(stage.outcomes[0].reply.find("/proc/nowhere") != std::string::npos);
  CHECK_FALSE(stage.report.good());
}

TEST_CASE("providers are made from kind and settings only when these are right") {
  Stage stage;
  auto const ground = ProviderGround{stage.context.get_executor(), stage.clock, stage.offload};
  CHECK_FALSE(make_provider("file", {}, ground));
  CHECK_FALSE(make_provider("pigeon", {}, ground));
  CHECK_FALSE(make_provider("smtp", {}, ground));
  boost::json::object settings;
  settings["host"] = "mail.example.net";
  settings["max_connections"] = 7;
  CHECK(make_provider("smtp", settings, ground).value()->capabilities().in_flight == 7);
}
