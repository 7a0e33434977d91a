// Keys that sign for others to verify (DKIM): RSA and Ed25519, in PEM. Signing RSA-2048 takes about a quarter of a
// millisecond; callers with many go through Offload. May be used from several threads at the same time.
#pragma once

#include "postrider/base/error.h"
#include "postrider/base/secret.h"

#include <memory>
#include <string>
#include <string_view>

namespace postrider::crypto {

class PrivateKey {
 public:
  enum class Kind { rsa, ed25519 };

  // PKCS#8 or PKCS#1 PEM. *Fails with* invalid: unreadable, encrypted, another kind, or RSA below 1024 bits.
  static Result<PrivateKey> from_pem(Secret const& pem);
  // The raw 32 bytes of RFC 8032.
  static Result<PrivateKey> from_ed25519_seed(Secret const& seed);
  // Takes up to a second for RSA: run it through Offload.
  static PrivateKey generate(Kind kind, int rsa_bits = 2048);
  ~PrivateKey();
  PrivateKey(PrivateKey&&) noexcept;
  PrivateKey& operator=(PrivateKey&&) noexcept;

  Kind kind() const { return kind_; }
  // RSA: PKCS #1 v1.5 with SHA-256. Ed25519: pure, over the bytes as they are.
  std::string sign(std::string_view bytes) const;
  Secret to_pem() const;
  // DER SubjectPublicKeyInfo for RSA, the raw 32 bytes for Ed25519: what DKIM's p= holds in base64.
  std::string public_key() const;

 private:
  struct Held;
  PrivateKey(std::unique_ptr<Held> held, Kind kind);
  std::unique_ptr<Held> held_;
  Kind kind_;
};

// The other side, for tests and for `doctor`; `public_key` as PrivateKey::public_key gives it.
bool verify_signature(PrivateKey::Kind kind, std::string_view public_key, std::string_view bytes, std::string_view signature);

}  // namespace postrider::crypto
