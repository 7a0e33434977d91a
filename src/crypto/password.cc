#include "postrider/crypto/password.h"

#include <sodium.h>

#include <stdexcept>

namespace postrider::crypto {
namespace {

constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemory = 19 * 1024 * 1024;

void ready() {
  static int const state = sodium_init();
  if (state < 0) throw std::runtime_error("libsodium could not start");
}

}  // namespace

std::string hash_password(std::string_view password) {
  ready();
  char hash[crypto_pwhash_STRBYTES] = "";
  if (crypto_pwhash_str_alg(hash, password.data(), password.size(), kPasses, kMemory, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw std::runtime_error("not enough memory to hash a password");
  }
  return hash;
}

bool verify_password(std::string_view hash, std::string_view password) {
  ready();
  // Only what hash_password makes: libsodium would also take a hash that asks for gigabytes.
  if (hash.size() >= crypto_pwhash_STRBYTES || !hash.starts_with("$argon2id$")) return false;
  return crypto_pwhash_str_verify(std::string(hash).c_str(), password.data(), password.size()) == 0;
}

bool needs_rehash(std::string_view hash) {
  ready();
  return crypto_pwhash_str_needs_rehash(std::string(hash).c_str(), kPasses, kMemory) != 0;
}

bool verify_dummy_password(std::string_view password) {
  static std::string const dummy = hash_password("nobody has this password");
  verify_password(dummy, password);
  return false;
}

}  // namespace postrider::crypto
