// Signatures and digests. Every key in use comes from the one master secret (the file of --secret-file), separated by
// HKDF for each use, and every MAC names its purpose: what was signed for one thing never verifies for another.
// Nothing here blocks except Keys::load_or_create (file access, at start-up).
#pragma once

#include "postrider/base/error.h"
#include "postrider/base/secret.h"

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postrider {
class Random;
}

namespace postrider::crypto {

// 32, 20 and 64 raw bytes.
std::string sha256(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);
std::string hmac_sha1(std::string_view key, std::string_view bytes);
// RFC 5869 with SHA-256; an empty salt stands for zeroes.
std::string hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view purpose, std::size_t length);
// Takes the same time whatever differs; false at once when the lengths do.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// HMAC-SHA256 with reused contexts (about 0.2 microseconds a short message). One thread at a time.
// Signs with its first key and accepts the signatures of all of them, which is what makes rotation possible.
class Signer {
 public:
  // `purpose` becomes part of all that is signed.
  Signer(std::vector<Secret> const& keys, std::string_view purpose);
  ~Signer();
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;

  // 32 raw bytes.
  std::array<char, 32> sign(std::string_view bytes) const;
  // `mac` may be a truncated one, at least 10 bytes long.
  bool verify(std::string_view bytes, std::string_view mac) const;

 private:
  struct Key;
  std::string prefix_;
  std::vector<std::unique_ptr<Key>> keys_;
};

// ECDSA over P-256 and SHA-256, as SendGrid signs its webhooks: key is base64 of a DER SubjectPublicKeyInfo, signature
// base64 of DER.
class EcdsaVerifier {
 public:
  // *Fails with* invalid: not base64, not a public key, or not on P-256.
  static Result<EcdsaVerifier> create(std::string_view base64_spki);
  ~EcdsaVerifier();
  EcdsaVerifier(EcdsaVerifier&&) noexcept;
  EcdsaVerifier& operator=(EcdsaVerifier&&) noexcept;

  bool verify(std::string_view signed_bytes, std::string_view base64_signature) const;

 private:
  struct Key;
  explicit EcdsaVerifier(std::unique_ptr<Key> key);
  std::unique_ptr<Key> key_;
};

// What a key may be used for. The name of each is its HKDF label: never rename one.
enum class KeyUse { links, unsubscribe, sealing, sessions, cursors };

// The master secrets of an installation. The file holds one secret a line (32 characters or more); the first one signs and
// seals, the others only still verify and open.
class Keys {
 public:
  // Reads the file, or makes it (mode 0600) with 32 random bytes. Two processes may do so at the same time.
  // *Fails with* invalid: empty, too short, guessable or readable by everybody; unavailable: cannot be read or written.
  static Result<Keys> load_or_create(std::filesystem::path const& file, Random& random);
  // For tests and the demo. *Fails with* invalid when a secret is too short or guessable.
  static Result<Keys> from_secrets(std::vector<Secret> masters);

  // 32 bytes for this use, one for each master secret, the current one first.
  std::vector<Secret> derive(KeyUse use) const;
  Signer signer(KeyUse use, std::string_view purpose) const;

 private:
  explicit Keys(std::vector<Secret> masters) : masters_(std::move(masters)) {}
  std::vector<Secret> masters_;
};

}  // namespace postrider::crypto
