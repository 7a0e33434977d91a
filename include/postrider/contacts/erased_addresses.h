// Suppressed addresses of erased people: kept as keyed hashes, and suppressed again as soon as somebody gives such an address anew.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/secret.h"
#include "postrider/db/store.h"

#include <string>
#include <string_view>
#include <vector>

namespace postrider::contacts {

class ErasedAddresses {
 public:
  // One key for each secret of the installation, the current one first; all are tried, so that rotation forgets nobody.
  explicit ErasedAddresses(std::vector<Secret> peppers = {});

  // Of a normalised address, by the current key.
  std::string hash(TenantId tenant, std::string_view email_key) const;
  // Turns the address's suppression, if there is one, into a hash.
  Task<void> hide(db::Transaction& tx, TenantId tenant, std::string email_key) const;
  // Suppressions of these normalised addresses, put back under their names. Call it in every transaction that adds contacts; it costs one
  // short look while the tenant has none.
  Task<void> recognise(db::Transaction& tx, TenantId tenant, std::vector<std::string> email_keys, Ids& ids, Instant now) const;
  static Task<bool> any(db::Session& session, TenantId tenant);

 private:
  std::vector<Secret> peppers_;
};

}  // namespace postrider::contacts
