#include "postrider/crypto/signing.h"

#include "postrider/crypto/encoding.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include <cstring>
#include <stdexcept>

namespace postrider::crypto {
namespace {

unsigned char const* bytes_of(std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// OpenSSL fails here only when memory is gone or the library is broken.
void must(bool done, char const* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL failed: ") + what);
}

std::string hmac(EVP_MD const* digest, std::string_view key, std::string_view bytes) {
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  must(HMAC(digest, key.data(), static_cast<int>(key.size()), bytes_of(bytes), bytes.size(), bytes_of(mac), &length) != nullptr, "HMAC");
  mac.resize(length);
  return mac;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  must(EVP_Digest(bytes.data(), bytes.size(), bytes_of(digest), nullptr, EVP_sha256(), nullptr) == 1, "SHA-256");
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) { return hmac(EVP_sha256(), key, bytes); }
std::string hmac_sha1(std::string_view key, std::string_view bytes) { return hmac(EVP_sha1(), key, bytes); }

std::string hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view purpose, std::size_t length) {
  std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> const context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr),
                                                                            EVP_PKEY_CTX_free);
  std::string key(length, '\0');
  must(context && EVP_PKEY_derive_init(context.get()) == 1 && EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set1_hkdf_key(context.get(), bytes_of(secret), static_cast<int>(secret.size())) == 1 &&
           (salt.empty() || EVP_PKEY_CTX_set1_hkdf_salt(context.get(), bytes_of(salt), static_cast<int>(salt.size())) == 1) &&
           EVP_PKEY_CTX_add1_hkdf_info(context.get(), bytes_of(purpose), static_cast<int>(purpose.size())) == 1 &&
           EVP_PKEY_derive(context.get(), bytes_of(key), &length) == 1,
       "HKDF");
  return key;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Signer::Key {
  explicit Key(std::string_view secret) {
    std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> const algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr), EVP_MAC_free);
    context = algorithm ? EVP_MAC_CTX_new(algorithm.get()) : nullptr;
    char digest[] = "SHA256";
    OSSL_PARAM const parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    must(context != nullptr && EVP_MAC_init(context, bytes_of(secret), secret.size(), parameters) == 1, "HMAC set-up");
  }
  ~Key() { EVP_MAC_CTX_free(context); }
  Key(Key const&) = delete;
  Key& operator=(Key const&) = delete;

  std::array<char, 32> sign(std::string_view prefix, std::string_view bytes) const {
    std::array<char, 32> mac;
    std::size_t length = 0;
    // A null key starts again with the key it has.
    must(EVP_MAC_init(context, nullptr, 0, nullptr) == 1 && EVP_MAC_update(context, bytes_of(prefix), prefix.size()) == 1 &&
             EVP_MAC_update(context, bytes_of(bytes), bytes.size()) == 1 &&
             EVP_MAC_final(context, reinterpret_cast<unsigned char*>(mac.data()), &length, mac.size()) == 1,
         "HMAC");
    return mac;
  }

  EVP_MAC_CTX* context = nullptr;
};

// The purpose is closed by a zero byte, so that no purpose and text run into another purpose and text.
Signer::Signer(std::vector<Secret> const& keys, std::string_view purpose) : prefix_(std::string(purpose) + '\0') {
  for (auto const& key : keys) keys_.push_back(std::make_unique<Key>(key.reveal()));
  if (keys_.empty()) throw std::logic_error("a signer needs a key");
}
Signer::~Signer() = default;
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;

std::array<char, 32> Signer::sign(std::string_view bytes) const { return keys_.front()->sign(prefix_, bytes); }

bool Signer::verify(std::string_view bytes, std::string_view mac) const {
  if (mac.size() < 10 || mac.size() > 32) return false;
  bool good = false;
  for (auto const& key : keys_) {
    auto const expected = key->sign(prefix_, bytes);
    good |= CRYPTO_memcmp(expected.data(), mac.data(), mac.size()) == 0;
  }
  return good;
}

struct EcdsaVerifier::Key {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key;
};

EcdsaVerifier::EcdsaVerifier(std::unique_ptr<Key> key) : key_(std::move(key)) {}
EcdsaVerifier::~EcdsaVerifier() = default;
EcdsaVerifier::EcdsaVerifier(EcdsaVerifier&&) noexcept = default;
EcdsaVerifier& EcdsaVerifier::operator=(EcdsaVerifier&&) noexcept = default;

Result<EcdsaVerifier> EcdsaVerifier::create(std::string_view base64_spki) {
  auto const der = from_base64(base64_spki);
  if (!der || der->empty()) return invalid("the public key is not base64: paste it as the provider shows it");
  auto const* at = bytes_of(std::string_view(*der));
  auto const* const begin = at;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der->size())), EVP_PKEY_free);
  if (!key || at != begin + der->size()) return invalid("the public key is not a DER public key: paste it as the provider shows it");
  char group[32] = "";
  std::size_t length = 0;
  if (EVP_PKEY_get_utf8_string_param(key.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &length) != 1 ||
      std::string_view(group) != "prime256v1") {
    return invalid("the public key is not one on the curve P-256");
  }
  return EcdsaVerifier(std::make_unique<Key>(Key{std::move(key)}));
}

bool EcdsaVerifier::verify(std::string_view signed_bytes, std::string_view base64_signature) const {
  auto const signature = from_base64(base64_signature);
  if (!signature || signature->empty()) return false;
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  must(context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_->key.get()) == 1, "ECDSA set-up");
  return EVP_DigestVerify(context.get(), bytes_of(std::string_view(*signature)), signature->size(), bytes_of(signed_bytes),
                          signed_bytes.size()) == 1;
}

}  // namespace postrider::crypto
