#include "postrider/crypto/sealing.h"

#include "postrider/base/random.h"
#include "postrider/crypto/encoding.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace postrider::crypto {
namespace {

constexpr std::string_view kMark = "pr1.";
constexpr std::size_t kIdBytes = 4;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

unsigned char const* bytes_of(std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void append_sized(std::string& text, std::string_view part) {
  auto const size = static_cast<std::uint32_t>(part.size());
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(size >> shift & 0xFF);
  text += part;
}

std::string_view raw(Uuid const& id) { return std::string_view(reinterpret_cast<char const*>(id.bytes.data()), id.bytes.size()); }

std::string bound_to(SealedPlace const& place, std::string_view key_id) {
  std::string text(kMark);
  append_sized(text, key_id);
  append_sized(text, raw(place.tenant.uuid()));
  append_sized(text, place.table);
  append_sized(text, place.column);
  append_sized(text, raw(place.row));
  return text;
}

void must(bool done) {
  if (!done) throw std::runtime_error("OpenSSL failed to seal");
}

}  // namespace

Sealer::Sealer(Keys const& keys, Random& random) : random_(random) {
  for (auto& key : keys.derive(KeyUse::sealing)) {
    auto id = sha256("key id" + key.reveal()).substr(0, kIdBytes);
    keys_.push_back(Key{std::move(id), std::move(key)});
  }
}

std::string Sealer::seal(Secret const& plain, SealedPlace const& place) const {
  auto const& key = keys_.front();
  auto const bound = bound_to(place, key.id);
  std::uint8_t nonce[kNonceBytes];
  random_.fill(nonce);
  auto const& text = plain.reveal();
  std::string sealed_text(text.size(), '\0');
  std::string tag(kTagBytes, '\0');
  Cipher const cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  must(cipher && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(std::string_view(key.key.reveal())), nonce) == 1 &&
       EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes_of(std::string_view(bound)), static_cast<int>(bound.size())) == 1 &&
       (text.empty() || EVP_EncryptUpdate(cipher.get(), bytes_of(sealed_text), &length, bytes_of(std::string_view(text)),
                                          static_cast<int>(text.size())) == 1) &&
       EVP_EncryptFinal_ex(cipher.get(), bytes_of(tag), &length) == 1 &&
       EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) == 1);
  std::string envelope = key.id;
  envelope.append(reinterpret_cast<char const*>(nonce), sizeof nonce);
  envelope += sealed_text;
  envelope += tag;
  return std::string(kMark) + base64url(envelope);
}

Result<Secret> Sealer::open(std::string_view sealed, SealedPlace const& place) const {
  if (!is_sealed(sealed)) return invalid("this is not a sealed secret");
  auto const envelope = from_base64url(sealed.substr(kMark.size()));
  if (!envelope || envelope->size() < kIdBytes + kNonceBytes + kTagBytes) return invalid("the sealed secret is damaged");
  std::string_view rest = *envelope;
  auto const id = rest.substr(0, kIdBytes);
  auto const nonce = rest.substr(kIdBytes, kNonceBytes);
  auto const text = rest.substr(kIdBytes + kNonceBytes, rest.size() - kIdBytes - kNonceBytes - kTagBytes);
  std::string tag(rest.substr(rest.size() - kTagBytes));
  for (auto const& key : keys_) {
    if (key.id != id) continue;
    auto const bound = bound_to(place, key.id);
    std::string plain(text.size(), '\0');
    Cipher const cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    int length = 0;
    unsigned char end[16];
    auto const opened =
        cipher && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(std::string_view(key.key.reveal())), bytes_of(nonce)) == 1 &&
        EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes_of(std::string_view(bound)), static_cast<int>(bound.size())) == 1 &&
        (text.empty() || EVP_DecryptUpdate(cipher.get(), bytes_of(plain), &length, bytes_of(text), static_cast<int>(text.size())) == 1) &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), end, &length) == 1;
    if (!opened) {
      OPENSSL_cleanse(plain.data(), plain.size());
      return invalid("the sealed secret is damaged, or belongs to another row");
    }
    return Secret(std::move(plain));
  }
  return invalid("the secret was sealed with another secret file: put that file's line back as a further line of the present one");
}

bool Sealer::is_sealed(std::string_view text) { return text.starts_with(kMark); }

}  // namespace postrider::crypto
