// Which messages may have been sent when a process died: a local file, written with plain write(2) before the last byte of a
// message leaves and after its reply has come. What was written survives kill -9 without fsync, since the kernel holds it;
// after a power failure (another boot id) it may be missing, and `same_boot` says so.
//
// A message of a dead process with no entry was never completed: it is safe to send. One at `dot` is uncertain. One at
// `replied` has its outcome here, even if the database never learned of it.
#pragma once

#include "postrider/base/error.h"
#include "postrider/base/id.h"
#include "postrider/delivery/provider.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace postrider::delivery {

struct JournalEntry {
  MessageId message;
  TenantId tenant;
  std::int64_t fence = 0;
  Instant at = {};
  Phase phase = Phase::begun;
  Outcome outcome = {};  // of Phase::replied: kind, code, enhanced status, bounce class and provider's id (80 bytes); no reply text
};

// The journal of this process. One I/O thread.
class HandOffJournal {
 public:
  // Makes `<instance>.journal` in `directory` (made if missing) and locks it. *Fails with* unavailable: cannot be written.
  static Result<std::unique_ptr<HandOffJournal>> open(std::filesystem::path const& directory, InstanceId instance, Clock const& clock);
  ~HandOffJournal();  // removes the file when everything in it is settled
  HandOffJournal(HandOffJournal const&) = delete;
  HandOffJournal& operator=(HandOffJournal const&) = delete;

  // For HandOffObserver::phase. `begun` costs nothing: it is written together with what follows. False: not written (disk full).
  bool record(Envelope const& envelope, Phase phase, Outcome const* outcome);
  // The database has the outcomes of these: they may be forgotten. The file is made small again now and then.
  void settled(std::span<MessageId const> messages);
  // The newest record of a message that is not settled.
  std::optional<JournalEntry> last(MessageId message) const;
  std::size_t unsettled() const { return last_.size(); }
  std::size_t file_size() const { return size_; }

 private:
  HandOffJournal(std::filesystem::path directory, InstanceId instance, Clock const& clock);
  Result<> start_file();
  bool append(std::string_view records);

  std::filesystem::path directory_;
  std::filesystem::path path_;
  InstanceId instance_;
  Clock const& clock_;
  int descriptor_ = -1;
  std::size_t size_ = 0;
  int generation_ = 0;
  std::string pending_;  // `begun` records that wait for the next write
  std::unordered_map<MessageId, std::string> last_;  // newest record of each message that is not settled
};

// A journal whose process is gone. Holds its lock, so that no other process reads it at the same time.
class OrphanJournal {
 public:
  ~OrphanJournal();
  OrphanJournal(OrphanJournal&&) noexcept;
  OrphanJournal& operator=(OrphanJournal&&) noexcept;

  InstanceId instance;
  bool same_boot = true;
  bool torn = false;  // the last record was cut: its message is at the phase before
  std::vector<JournalEntry> entries;  // the newest of each message

  // Everything in it is in the database now: removes the file.
  void discard();

 private:
  friend Result<std::vector<OrphanJournal>> read_orphans(std::filesystem::path const& directory);
  OrphanJournal(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::filesystem::path path_;
  int descriptor_;
};

// The journals in `directory` whose lock can be taken; none when there is no such directory. *Fails with* unavailable.
Result<std::vector<OrphanJournal>> read_orphans(std::filesystem::path const& directory);

}  // namespace postrider::delivery
