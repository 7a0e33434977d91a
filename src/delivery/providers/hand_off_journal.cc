#include "hand_off_journal.h"

#include "postrider/base/fail_point.h"
#include "postrider/base/log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

POSTRIDER_DECLARE_FAIL_POINT(fail_journal, "journal.before_write");

namespace postrider::delivery {
namespace {

// Fixed sizes, so that a torn record can only be the last one. Numbers in the machine's own byte order: the file never
// leaves it.
constexpr char kMagic[8] = {'P', 'R', 'H', 'O', 'J', '1', '\n', '\0'};
constexpr std::size_t kEnhanced = 12;
constexpr std::size_t kProviderId = 80;
constexpr std::size_t kStartAgainAt = 8 * 1024 * 1024;

struct Header {
  char magic[8];
  std::uint8_t instance[16];
  char boot[40];
};

struct Record {
  std::uint8_t message[16];
  std::uint8_t tenant[16];
  std::int64_t fence;
  std::int64_t at;
  std::int32_t code;
  std::uint8_t phase;
  std::uint8_t kind;
  std::uint8_t bounce;
  std::uint8_t provider_id_size;
  char enhanced[kEnhanced];
  char provider_id[kProviderId];
  std::uint32_t checksum;  // CRC-32 of all before it
};
static_assert(sizeof(Header) == 64 && sizeof(Record) == 152);

std::uint32_t checksum(Record const& record) {
  return static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<unsigned char const*>(&record), offsetof(Record, checksum)));
}

std::string boot_id() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string text;
  std::getline(in, text);
  return text.substr(0, 39);
}

Error trouble(std::filesystem::path const& path, int code) {
  return unavailable("the hand-over journal " + path.string() + " cannot be written: " + std::strerror(code));
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    auto const count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

JournalEntry entry_of(Record const& record) {
  JournalEntry entry;
  Uuid id;
  std::memcpy(id.bytes.data(), record.message, sizeof record.message);
  entry.message = MessageId(id);
  std::memcpy(id.bytes.data(), record.tenant, sizeof record.tenant);
  entry.tenant = TenantId(id);
  entry.fence = record.fence;
  entry.at = Instant(std::chrono::microseconds(record.at));
  entry.phase = static_cast<Phase>(record.phase);
  entry.outcome.kind = static_cast<OutcomeKind>(record.kind);
  entry.outcome.bounce = static_cast<BounceClass>(record.bounce);
  entry.outcome.code = record.code;
  entry.outcome.enhanced_status.assign(record.enhanced, ::strnlen(record.enhanced, kEnhanced));
  entry.outcome.provider_message_id.assign(record.provider_id, std::min<std::size_t>(record.provider_id_size, kProviderId));
  return entry;
}

}  // namespace

HandOffJournal::HandOffJournal(std::filesystem::path directory, InstanceId instance, Clock const& clock)
    : directory_(std::move(directory)), instance_(instance), clock_(clock) {}

Result<std::unique_ptr<HandOffJournal>> HandOffJournal::open(std::filesystem::path const& directory, InstanceId instance, Clock const& clock) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return trouble(directory, error.value());
  std::unique_ptr<HandOffJournal> journal(new HandOffJournal(directory, instance, clock));
  auto started = journal->start_file();
  if (!started) return started.error();
  return journal;
}

HandOffJournal::~HandOffJournal() {
  if (descriptor_ < 0) return;
  if (last_.empty()) ::unlink(path_.c_str());
  ::close(descriptor_);
}

// A fresh file that holds the newest record of every unsettled message. It gets its name only once it is locked and written,
// so that no reader takes it for an orphan's; the old one goes after that.
Result<> HandOffJournal::start_file() {
  auto const path = directory_ / (instance_.str() + "." + std::to_string(generation_++) + ".journal");
  auto const beside = path.string() + ".part";
  auto const descriptor = ::open(beside.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) return trouble(path, errno);
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  std::memcpy(header.instance, instance_.uuid().bytes.data(), sizeof header.instance);
  auto const boot = boot_id();
  std::memcpy(header.boot, boot.data(), boot.size());
  std::string bytes(reinterpret_cast<char const*>(&header), sizeof header);
  for (auto const& [message, record] : last_) bytes += record;
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 || !write_all(descriptor, bytes) || ::rename(beside.c_str(), path.c_str()) != 0) {
    auto const code = errno;
    ::unlink(beside.c_str());
    ::close(descriptor);
    return trouble(path, code);
  }
  if (descriptor_ >= 0) {
    ::unlink(path_.c_str());
    ::close(descriptor_);
  }
  descriptor_ = descriptor;
  path_ = path;
  size_ = bytes.size();
  return {};
}

bool HandOffJournal::append(std::string_view records) {
  POSTRIDER_FAIL_POINT("journal.before_write");
  if (write_all(descriptor_, records)) {
    size_ += records.size();
    return true;
  }
  log::error("hand_off_journal_write_failed", log::field("file", path_.string()), log::field("error", std::strerror(errno)));
  // A piece of a record must not stay, or all that follows would be out of step.
  if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) log::error("hand_off_journal_truncate_failed", log::field("file", path_.string()));
  return false;
}

bool HandOffJournal::record(Envelope const& envelope, Phase phase, Outcome const* outcome) {
  Record record{};
  auto const message = envelope.id.uuid();
  auto const tenant = envelope.tenant.uuid();
  std::memcpy(record.message, message.bytes.data(), sizeof record.message);
  std::memcpy(record.tenant, tenant.bytes.data(), sizeof record.tenant);
  record.fence = envelope.fence;
  record.at = clock_.now().time_since_epoch().count();
  record.phase = static_cast<std::uint8_t>(phase);
  if (outcome != nullptr) {
    record.kind = static_cast<std::uint8_t>(outcome->kind);
    record.bounce = static_cast<std::uint8_t>(outcome->bounce);
    record.code = outcome->code;
    outcome->enhanced_status.copy(record.enhanced, kEnhanced);
    record.provider_id_size = static_cast<std::uint8_t>(outcome->provider_message_id.copy(record.provider_id, kProviderId));
  }
  record.checksum = checksum(record);
  std::string_view const bytes(reinterpret_cast<char const*>(&record), sizeof record);
  if (phase == Phase::begun) {
    if (pending_.size() < 64 * sizeof record) pending_ += bytes;
    return true;
  }
  pending_ += bytes;
  auto const written = append(pending_);
  pending_.clear();
  // What could not be written is still carried over into the next file.
  if (written || phase == Phase::replied) last_[envelope.id].assign(bytes);
  return written;
}

void HandOffJournal::settled(std::span<MessageId const> messages) {
  for (auto const& message : messages) last_.erase(message);
  auto const carried = sizeof(Header) + last_.size() * sizeof(Record);
  if (size_ < kStartAgainAt || size_ < carried * 4) return;
  if (auto started = start_file(); !started) log::error("hand_off_journal_not_renewed", log::field("error", started.error().message));
}

std::optional<JournalEntry> HandOffJournal::last(MessageId message) const {
  auto const found = last_.find(message);
  if (found == last_.end()) return std::nullopt;
  Record record{};
  std::memcpy(&record, found->second.data(), sizeof record);
  return entry_of(record);
}

OrphanJournal::~OrphanJournal() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

OrphanJournal::OrphanJournal(OrphanJournal&& other) noexcept
    : instance(other.instance), same_boot(other.same_boot), torn(other.torn), entries(std::move(other.entries)), path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

OrphanJournal& OrphanJournal::operator=(OrphanJournal&& other) noexcept {
  std::swap(instance, other.instance);
  std::swap(same_boot, other.same_boot);
  std::swap(torn, other.torn);
  std::swap(entries, other.entries);
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

void OrphanJournal::discard() {
  ::unlink(path_.c_str());
  ::close(std::exchange(descriptor_, -1));
}

Result<std::vector<OrphanJournal>> read_orphans(std::filesystem::path const& directory) {
  std::vector<OrphanJournal> orphans;
  std::error_code error;
  if (!std::filesystem::exists(directory, error)) return orphans;
  auto files = std::filesystem::directory_iterator(directory, error);
  if (error) return unavailable("the hand-over journals in " + directory.string() + " cannot be read: " + error.message());
  auto const boot = boot_id();
  for (auto const& file : files) {
    if (file.path().extension() != ".journal") continue;
    auto const descriptor = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) continue;  // its owner removed it just now
    OrphanJournal orphan(file.path(), descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) continue;
    struct stat here {};
    struct stat there {};
    // Somebody else may have settled and removed it between opening and locking.
    if (::fstat(descriptor, &here) != 0 || ::stat(file.path().c_str(), &there) != 0 || here.st_ino != there.st_ino) continue;
    Header header{};
    if (::pread(descriptor, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header) || std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) {
      // A file is named only after its header is written, so this can only be a power failure's work.
      orphan.torn = true;
      orphan.same_boot = false;
      orphans.push_back(std::move(orphan));
      continue;
    }
    Uuid instance;
    std::memcpy(instance.bytes.data(), header.instance, sizeof header.instance);
    orphan.instance = InstanceId(instance);
    orphan.same_boot = boot == std::string(header.boot, ::strnlen(header.boot, sizeof header.boot));
    std::unordered_map<MessageId, std::size_t> seen;
    off_t at = sizeof header;
    while (true) {
      Record record{};
      auto const got = ::pread(descriptor, &record, sizeof record, at);
      if (got == 0) break;
      if (got != static_cast<ssize_t>(sizeof record) || record.checksum != checksum(record) || record.phase > 2 || record.kind > 6 || record.bounce > 4) {
        orphan.torn = true;
        break;
      }
      at += got;
      auto entry = entry_of(record);
      auto const [found, fresh] = seen.try_emplace(entry.message, orphan.entries.size());
      if (fresh) {
        orphan.entries.push_back(std::move(entry));
      } else {
        orphan.entries[found->second] = std::move(entry);
      }
    }
    orphans.push_back(std::move(orphan));
  }
  return orphans;
}

}  // namespace postrider::delivery
