// The master secrets: read from or made into the secret file, and the keys that come from them.
#include "postrider/base/random.h"
#include "postrider/crypto/encoding.h"
#include "postrider/crypto/signing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>

namespace postrider::crypto {
namespace {

constexpr std::size_t kShortest = 32;
constexpr std::size_t kFewestDifferent = 8;  // a line of one repeated word is not a secret

std::string_view label(KeyUse use) {
  switch (use) {
    case KeyUse::links: return "links";
    case KeyUse::unsubscribe: return "unsubscribe";
    case KeyUse::sealing: return "sealing";
    case KeyUse::sessions: return "sessions";
    case KeyUse::cursors: return "cursors";
  }
  return "";
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(File const&) = delete;
  File& operator=(File const&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Error file_trouble(std::string_view what, std::filesystem::path const& file, int code) {
  return unavailable("the secret file " + file.string() + " could not be " + std::string(what) + ": " + std::strerror(code));
}

// Nothing when there is no such file.
Result<std::optional<std::string>> read_secret_file(std::filesystem::path const& path) {
  File const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    return file_trouble("opened", path, errno);
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return file_trouble("examined", path, errno);
  if (!S_ISREG(facts.st_mode)) return invalid("the secret file " + path.string() + " is not a plain file");
  if ((facts.st_mode & 07) != 0) {
    return invalid("the secret file " + path.string() + " is open to everybody on this machine: run chmod 600 on it");
  }
  std::string text;
  char buffer[4096];
  while (true) {
    auto const got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0) return file_trouble("read", path, errno);
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > 65536) return invalid("the secret file " + path.string() + " is too long to be one");
  }
  return std::optional<std::string>(std::move(text));
}

// Written beside it and linked into place: whoever comes second finds the file of the first, whole.
Result<> create_secret_file(std::filesystem::path const& path, Random& random) {
  std::uint8_t bytes[32];
  random.fill(bytes);
  auto const text = base64url(std::string_view(reinterpret_cast<char const*>(bytes), sizeof bytes)) + "\n";
  std::uint8_t mark[8];
  random.fill(mark);
  auto const beside = path.string() + "." + hex(std::string_view(reinterpret_cast<char const*>(mark), sizeof mark));
  {
    File const file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) return file_trouble("made", path, errno);
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(file.get()) != 0) {
      auto const code = errno;
      ::unlink(beside.c_str());
      return file_trouble("written", path, code);
    }
  }
  auto const linked = ::link(beside.c_str(), path.c_str());
  auto const code = errno;
  ::unlink(beside.c_str());
  if (linked != 0 && code != EEXIST) return file_trouble("put in place", path, code);
  auto directory = path.parent_path();
  if (directory.empty()) directory = ".";
  File const folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) ::fsync(folder.get());
  return {};
}

}  // namespace

Result<Keys> Keys::load_or_create(std::filesystem::path const& file, Random& random) {
  auto text = read_secret_file(file);
  if (text && !*text) {
    if (auto made = create_secret_file(file, random); !made) return made.error();
    text = read_secret_file(file);
  }
  if (!text) return text.error();
  if (!*text) return unavailable("the secret file " + file.string() + " vanished while it was read");
  std::vector<Secret> masters;
  std::string_view rest = **text;
  while (!rest.empty()) {
    auto const end = rest.find('\n');
    auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    if (!line.empty()) masters.emplace_back(std::string(line));
  }
  auto keys = from_secrets(std::move(masters));
  if (!keys) return invalid("the secret file " + file.string() + ": " + keys.error().message);
  return keys;
}

Result<Keys> Keys::from_secrets(std::vector<Secret> masters) {
  if (masters.empty()) return invalid("there is no secret in it: delete it to have one made, or write 32 random characters or more into it");
  for (auto const& master : masters) {
    auto const& text = master.reveal();
    if (text.size() < kShortest) return invalid("a secret is shorter than 32 characters: make one with `openssl rand -base64 32`");
    if (std::set<char>(text.begin(), text.end()).size() < kFewestDifferent) {
      return invalid("a secret can be guessed, it repeats a few characters: make one with `openssl rand -base64 32`");
    }
  }
  return Keys(std::move(masters));
}

std::vector<Secret> Keys::derive(KeyUse use) const {
  std::vector<Secret> keys;
  for (auto const& master : masters_) {
    keys.emplace_back(hkdf_sha256(master.reveal(), "postrider", "postrider/v1/" + std::string(label(use)), 32));
  }
  return keys;
}

Signer Keys::signer(KeyUse use, std::string_view purpose) const { return Signer(derive(use), purpose); }

}  // namespace postrider::crypto
