#include "support/results.h"

#include "delivery/providers/hand_off_journal.h"
#include "postrider/base/clock.h"
#include "postrider/base/log.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <thread>

using namespace postrider;
using namespace postrider::delivery;

namespace {

struct TempFolder {
  TempFolder() {
    char name[] = "/tmp/postrider-journal-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TempFolder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

Envelope envelope(int number) {
  Envelope made;
  made.id = MessageId(uuid_from_name("journal " + std::to_string(number)));
  made.tenant = TenantId(uuid_from_name("tenant"));
  made.fence = 100 + number;
  return made;
}

InstanceId instance(char const* word) { return InstanceId(uuid_from_name(word)); }

Outcome accepted() {
  Outcome outcome;
  outcome.kind = OutcomeKind::accepted;
  outcome.code = 250;
  outcome.enhanced_status = "2.0.0";
  outcome.provider_message_id = "4XYZ";
  outcome.reply = "not kept";
  return outcome;
}

// Runs `work` in a process of its own, which then kills itself with SIGKILL.
template <class Work>
void in_killed_child(Work work) {
  auto const child = ::fork();
  if (child == 0) {
    work();
    ::kill(::getpid(), SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
}

std::map<MessageId, JournalEntry> by_message(OrphanJournal const& orphan) {
  std::map<MessageId, JournalEntry> found;
  for (auto const& entry : orphan.entries) found[entry.message] = entry;
  return found;
}

std::size_t files_in(std::filesystem::path const& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("after kill -9 the journal tells uncertain messages from sent and unsent ones") {
  TempFolder const folder;
  SystemClock const clock;
  in_killed_child([&] {
    auto journal = HandOffJournal::open(folder.path, instance("dead"), clock).value();
    auto const good = accepted();
    journal->record(envelope(1), Phase::begun, nullptr);
    journal->record(envelope(1), Phase::dot, nullptr);
    journal->record(envelope(1), Phase::replied, &good);
    journal->record(envelope(2), Phase::begun, nullptr);
    journal->record(envelope(2), Phase::dot, nullptr);
    Outcome bad;
    bad.kind = OutcomeKind::permanent;
    bad.bounce = BounceClass::hard;
    bad.code = 550;
    journal->record(envelope(3), Phase::begun, nullptr);
    journal->record(envelope(3), Phase::replied, &bad);
    journal->record(envelope(4), Phase::begun, nullptr);
  });
  auto orphans = read_orphans(folder.path).value();
  REQUIRE(orphans.size() == 1);
  CHECK(orphans[0].instance == instance("dead"));
  CHECK(orphans[0].same_boot);
  CHECK_FALSE(orphans[0].torn);
  auto found = by_message(orphans[0]);
  REQUIRE(found.size() == 3);
  auto const& sent = found[envelope(1).id];
  CHECK(sent.phase == Phase::replied);
  CHECK(sent.fence == 101);
  CHECK(sent.tenant == envelope(1).tenant);
  CHECK(sent.outcome.kind == OutcomeKind::accepted);
  CHECK(sent.outcome.code == 250);
  CHECK(sent.outcome.enhanced_status == "2.0.0");
  CHECK(sent.outcome.provider_message_id == "4XYZ");
  CHECK(sent.outcome.reply.empty());
  CHECK(found[envelope(2).id].phase == Phase::dot);
  CHECK(found[envelope(3).id].outcome.bounce == BounceClass::hard);
  // Number 4 had no last byte written: no entry, safe to send.
  orphans[0].discard();
  CHECK(files_in(folder.path) == 0);
}

TEST_CASE("a process killed at any moment leaves a readable journal in which no sent message is missing") {
  SystemClock const clock;
  for (int round = 0; round < 20; ++round) {
    TempFolder const folder;
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    auto const child = ::fork();
    if (child == 0) {
      auto journal = HandOffJournal::open(folder.path, instance("busy"), clock).value();
      auto const good = accepted();
      for (int i = 0;; ++i) {
        if (!journal->record(envelope(i), Phase::begun, nullptr) || !journal->record(envelope(i), Phase::dot, nullptr)) ::_exit(1);
        // "Sending": the other side has the message from here on.
        if (::write(pipe_ends[1], &i, sizeof i) != static_cast<ssize_t>(sizeof i)) ::_exit(1);
        if (i % 3 != 0) journal->record(envelope(i), Phase::replied, &good);
      }
    }
    ::close(pipe_ends[1]);
    int last = -1;
    for (int read_so_far = 0; read_so_far <= 100 + round * 37; ++read_so_far) REQUIRE(::read(pipe_ends[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (int more = 0; ::read(pipe_ends[0], &more, sizeof more) == static_cast<ssize_t>(sizeof more);) last = more;
    ::close(pipe_ends[0]);
    auto const orphans = read_orphans(folder.path).value();
    REQUIRE(orphans.size() == 1);
    auto const found = by_message(orphans[0]);
    for (int i = 0; i <= last; ++i) {
      auto const entry = found.find(envelope(i).id);
      if (entry == found.end()) FAIL("message " << i << " of " << last << " was sent and is not in the journal");
      if (i % 3 == 0 && entry->second.phase != Phase::dot) FAIL("message " << i << " has no reply");
      if (i % 3 != 0 && i < last && entry->second.phase != Phase::replied) FAIL("message " << i << " has a reply");
    }
    // At most one more had its entry, but was not sent.
    CHECK(found.size() <= static_cast<std::size_t>(last) + 2);
  }
}

TEST_CASE("the journal of a living process belongs to it alone") {
  TempFolder const folder;
  FixedClock const clock(*parse_instant("2026-01-01T00:00:00Z"));
  auto journal = HandOffJournal::open(folder.path, instance("alive"), clock).value();
  journal->record(envelope(1), Phase::dot, nullptr);
  CHECK(read_orphans(folder.path).value().empty());
  CHECK(journal->unsettled() == 1);
  journal.reset();
  // Not settled: it stays for others, but two never have it at the same time.
  auto first = read_orphans(folder.path).value();
  REQUIRE(first.size() == 1);
  CHECK(first[0].entries.at(0).at == clock.now());
  CHECK(read_orphans(folder.path).value().empty());
  first.clear();
  CHECK(read_orphans(folder.path).value().size() == 1);
}

TEST_CASE("a journal in which all is settled leaves no file") {
  TempFolder const folder;
  SystemClock const clock;
  auto journal = HandOffJournal::open(folder.path, instance("tidy"), clock).value();
  auto const good = accepted();
  journal->record(envelope(1), Phase::dot, nullptr);
  journal->record(envelope(1), Phase::replied, &good);
  std::vector<MessageId> const settled = {envelope(1).id};
  journal->settled(settled);
  CHECK(journal->unsettled() == 0);
  journal.reset();
  CHECK(files_in(folder.path) == 0);
  CHECK(read_orphans(folder.path / "nowhere").value().empty());
}

TEST_CASE("the file stays small under load, and carries over what is not settled") {
  TempFolder const folder;
  SystemClock const clock;
  std::size_t largest = 0;
  in_killed_child([&] {
    auto journal = HandOffJournal::open(folder.path, instance("long"), clock).value();
    auto const good = accepted();
    journal->record(envelope(-1), Phase::dot, nullptr);
    journal->record(envelope(-2), Phase::replied, &good);
    for (int i = 0; i < 60000; ++i) {
      journal->record(envelope(i), Phase::begun, nullptr);
      journal->record(envelope(i), Phase::dot, nullptr);
      journal->record(envelope(i), Phase::replied, &good);
      std::vector<MessageId> const settled = {envelope(i).id};
      journal->settled(settled);
      largest = std::max(largest, journal->file_size());
      if (largest > 9 * 1024 * 1024) ::_exit(1);
    }
  });
  CHECK(files_in(folder.path) == 1);
  auto const orphans = read_orphans(folder.path).value();
  auto found = by_message(orphans.at(0));
  CHECK(found.at(envelope(-1).id).phase == Phase::dot);
  CHECK(found.at(envelope(-2).id).phase == Phase::replied);
}

TEST_CASE("a torn or damaged end is left out, and said") {
  for (int cut = 1; cut < 152; cut += 7) {
    TempFolder const folder;
    SystemClock const clock;
    {
      auto journal = HandOffJournal::open(folder.path, instance("torn"), clock).value();
      journal->record(envelope(1), Phase::dot, nullptr);
      journal->record(envelope(2), Phase::dot, nullptr);
    }
    auto const file = std::filesystem::directory_iterator(folder.path)->path();
    std::filesystem::resize_file(file, std::filesystem::file_size(file) - static_cast<std::uintmax_t>(cut));
    auto const orphans = read_orphans(folder.path).value();
    REQUIRE(orphans.size() == 1);
    CHECK(orphans[0].torn);
    REQUIRE(orphans[0].entries.size() == 1);
    CHECK(orphans[0].entries[0].message == envelope(1).id);
  }
  TempFolder const folder;
  std::ofstream(folder.path / "x.journal") << "garbage";
  std::ofstream(folder.path / "empty.journal") << "";
  std::ofstream(folder.path / "notes.txt") << "garbage";
  auto const orphans = read_orphans(folder.path).value();
  REQUIRE(orphans.size() == 2);
  CHECK(orphans[0].torn);
  CHECK(orphans[0].entries.empty());
}

TEST_CASE("a full disk refuses the hand-over and leaves no half record behind") {
  TempFolder const folder;
  SystemClock const clock;
  in_killed_child([&] {
    log::set_sink([](std::string_view) {});
    ::signal(SIGXFSZ, SIG_IGN);
    auto journal = HandOffJournal::open(folder.path, instance("full"), clock).value();
    // Room for two records and a half, then the limit is lifted again.
    rlimit const tight{64 + 152 * 2 + 70, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &tight);
    bool const good = journal->record(envelope(1), Phase::dot, nullptr) && journal->record(envelope(2), Phase::dot, nullptr) &&
                      !journal->record(envelope(3), Phase::dot, nullptr);
    rlimit const loose{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &loose);
    if (!good || !journal->record(envelope(4), Phase::dot, nullptr)) ::_exit(1);
  });
  auto const orphans = read_orphans(folder.path).value();
  REQUIRE(orphans.size() == 1);
  CHECK_FALSE(orphans[0].torn);
  auto const found = by_message(orphans[0]);
  CHECK(found.size() == 3);
  CHECK(found.count(envelope(3).id) == 0);
}

TEST_CASE("a journal that cannot be made says where") {
  SystemClock const clock;
  auto const journal = HandOffJournal::open("/proc/nowhere", instance("x"), clock);
  REQUIRE_FALSE(journal);
  CHECK(journal.error().message.find("/proc/nowhere") != std::string::npos);
}

TEST_CASE("recording a hand-over takes little time", "[.bench]") {
  TempFolder const folder;
  SystemClock const clock;
  auto journal = HandOffJournal::open(folder.path, instance("bench"), clock).value();
  auto const good = accepted();
  constexpr int kRuns = 100000;
  std::vector<Envelope> all;
  for (int i = 0; i < 1000; ++i) all.push_back(envelope(i));
  auto const begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRuns; ++i) {
    auto const& one = all[static_cast<std::size_t>(i % 1000)];
    journal->record(one, Phase::begun, nullptr);
    journal->record(one, Phase::dot, nullptr);
    journal->record(one, Phase::replied, &good);
    if (i % 500 == 499) {
      std::vector<MessageId> settled;
      for (auto const& each : all) settled.push_back(each.id);
      journal->settled(settled);
    }
  }
  auto const micros = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count() / kRuns;
  WARN("three phases of a message take " << micros << " us");
}
