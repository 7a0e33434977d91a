#include "postrider/crypto/private_key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdexcept>

namespace postrider::crypto {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Digest = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

unsigned char const* bytes_of(std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void must(bool done, char const* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL failed: ") + what);
}

// An encrypted PEM would otherwise ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

EVP_MD const* digest_of(PrivateKey::Kind kind) { return kind == PrivateKey::Kind::rsa ? EVP_sha256() : nullptr; }

}  // namespace

struct PrivateKey::Held {
  Key key;
};

PrivateKey::PrivateKey(std::unique_ptr<Held> held, Kind kind) : held_(std::move(held)), kind_(kind) {}
PrivateKey::~PrivateKey() = default;
PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;

Result<PrivateKey> PrivateKey::from_pem(Secret const& pem) {
  auto const& text = pem.reveal();
  Bio const bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr, EVP_PKEY_free);
  if (!key) return invalid("the private key cannot be read: it must be PEM, without a passphrase");
  auto const type = EVP_PKEY_get_base_id(key.get());
  if (type == EVP_PKEY_ED25519) return PrivateKey(std::make_unique<Held>(Held{std::move(key)}), Kind::ed25519);
  if (type != EVP_PKEY_RSA) return invalid("the private key must be an RSA or an Ed25519 key");
  if (EVP_PKEY_get_bits(key.get()) < 1024) return invalid("the RSA key is shorter than 1024 bits, which no receiver accepts: use 2048");
  return PrivateKey(std::make_unique<Held>(Held{std::move(key)}), Kind::rsa);
}

Result<PrivateKey> PrivateKey::from_ed25519_seed(Secret const& seed) {
  auto const& raw = seed.reveal();
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(std::string_view(raw)), raw.size()), EVP_PKEY_free);
  if (!key) return invalid("an Ed25519 seed has 32 bytes");
  return PrivateKey(std::make_unique<Held>(Held{std::move(key)}), Kind::ed25519);
}

PrivateKey PrivateKey::generate(Kind kind, int rsa_bits) {
  Key key(kind == Kind::rsa ? EVP_RSA_gen(static_cast<unsigned>(rsa_bits)) : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
  must(key != nullptr, "key generation");
  return PrivateKey(std::make_unique<Held>(Held{std::move(key)}), kind);
}

std::string PrivateKey::sign(std::string_view bytes) const {
  Digest const context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::size_t length = 0;
  must(context && EVP_DigestSignInit(context.get(), nullptr, digest_of(kind_), nullptr, held_->key.get()) == 1 &&
           EVP_DigestSign(context.get(), nullptr, &length, bytes_of(bytes), bytes.size()) == 1,
       "signing");
  std::string signature(length, '\0');
  must(EVP_DigestSign(context.get(), bytes_of(signature), &length, bytes_of(bytes), bytes.size()) == 1, "signing");
  signature.resize(length);
  return signature;
}

Secret PrivateKey::to_pem() const {
  Bio const bio(BIO_new(BIO_s_mem()), BIO_free);
  must(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), held_->key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "writing a key");
  char* text = nullptr;
  auto const length = BIO_get_mem_data(bio.get(), &text);
  return Secret(std::string(text, static_cast<std::size_t>(length)));
}

std::string PrivateKey::public_key() const {
  if (kind_ == Kind::ed25519) {
    std::string raw(32, '\0');
    std::size_t length = raw.size();
    must(EVP_PKEY_get_raw_public_key(held_->key.get(), bytes_of(raw), &length) == 1, "reading a public key");
    return raw;
  }
  unsigned char* der = nullptr;
  auto const length = i2d_PUBKEY(held_->key.get(), &der);
  must(length > 0, "reading a public key");
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return bytes;
}

bool verify_signature(PrivateKey::Kind kind, std::string_view public_key, std::string_view bytes, std::string_view signature) {
  auto const* at = bytes_of(public_key);
  Key const key(kind == PrivateKey::Kind::rsa ? d2i_PUBKEY(nullptr, &at, static_cast<long>(public_key.size()))
                                              : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, at, public_key.size()),
                EVP_PKEY_free);
  Digest const context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return key && context && EVP_DigestVerifyInit(context.get(), nullptr, digest_of(kind), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(bytes), bytes.size()) == 1;
}

}  // namespace postrider::crypto
