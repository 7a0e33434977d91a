#include "postrider/base/secret.h"

#include <openssl/crypto.h>

namespace postrider {

Secret::~Secret() { OPENSSL_cleanse(value_.data(), value_.size()); }

bool Secret::equals(std::string_view other) const {
  return value_.size() == other.size() && CRYPTO_memcmp(value_.data(), other.data(), other.size()) == 0;
}

}  // namespace postrider
