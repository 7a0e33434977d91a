#include "postrider/contacts/erased_addresses.h"

#include "postrider/crypto/encoding.h"
#include "postrider/crypto/signing.h"
#include "sql/erased.h"

#include <algorithm>

namespace postrider::contacts {

namespace {

std::string hashed(Secret const& pepper, TenantId tenant, std::string_view email_key) {
  return crypto::hex(crypto::hmac_sha256(pepper.reveal(), "erased address\n" + tenant.str() + "\n" + std::string(email_key)));
}

}  // namespace

ErasedAddresses::ErasedAddresses(std::vector<Secret> peppers) : peppers_(std::move(peppers)) {
  if (peppers_.empty()) peppers_.emplace_back("postrider");
}

std::string ErasedAddresses::hash(TenantId tenant, std::string_view email_key) const { return hashed(peppers_.front(), tenant, email_key); }

Task<void> ErasedAddresses::hide(db::Transaction& tx, TenantId tenant, std::string email_key) const {
  co_await tx.exec(sql::erased::keep, tenant, hash(tenant, email_key), email_key);
  co_await tx.exec(sql::erased::drop_suppression, tenant, email_key);
}

Task<bool> ErasedAddresses::any(db::Session& session, TenantId tenant) {
  auto const row = co_await session.maybe(sql::erased::any, tenant);
  co_return row.has_value();
}

Task<void> ErasedAddresses::recognise(db::Transaction& tx, TenantId tenant, std::vector<std::string> email_keys, Ids& ids, Instant now) const {
  if (email_keys.empty() || !co_await any(tx, tenant)) co_return;
  std::ranges::sort(email_keys);
  db::Columns candidates(3);
  db::TextArray hashes;
  for (auto const& key : email_keys)
    for (auto const& pepper : peppers_) {
      auto hash = hashed(pepper, tenant, key);
      candidates.add(ids.next(), hash, key);
      hashes.items.push_back(std::move(hash));
    }
  auto const back = co_await tx.all(sql::erased::suppress_again, tenant, now, candidates);
  if (!back.empty()) co_await tx.exec(sql::erased::forget, tenant, hashes);
}

}  // namespace postrider::contacts
