// Sealed secrets at rest: AES-256-GCM, bound to the row they belong to. A sealed text copied to another tenant, table, row
// or column does not open. The text names the key it was sealed with, so that master secrets can be rotated.
#pragma once

#include "postrider/base/error.h"
#include "postrider/base/id.h"
#include "postrider/base/secret.h"
#include "postrider/crypto/signing.h"

#include <string>
#include <string_view>
#include <vector>

namespace postrider::crypto {

// Where a secret lives. `column` may name a key within a JSON column: "settings.password".
struct SealedPlace {
  TenantId tenant;
  std::string_view table;
  std::string_view column;
  Uuid row;
};

class Sealer {
 public:
  // `random` must outlive it and be cryptographically strong.
  Sealer(Keys const& keys, Random& random);

  // "pr1." and base64url of key id, nonce, ciphertext and tag.
  std::string seal(Secret const& plain, SealedPlace const& place) const;
  // *Fails with* invalid: not a sealed text, sealed with an unknown secret, damaged, or moved from another place.
  Result<Secret> open(std::string_view sealed, SealedPlace const& place) const;
  // True for the shape `seal` makes, whatever the key.
  static bool is_sealed(std::string_view text);

 private:
  struct Key {
    std::string id;
    Secret key;
  };
  std::vector<Key> keys_;
  Random& random_;
};

}  // namespace postrider::crypto
