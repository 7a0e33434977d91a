#include "identity/records.h"
#include "postrider/audit/audit.h"
#include "postrider/base/random.h"
#include "postrider/crypto/encoding.h"
#include "sql/identity.h"

#include <span>

namespace postrider::identity {

namespace {

constexpr auto cache_time = std::chrono::seconds(1);

}  // namespace

Task<Result<CreatedApiKey>> Identity::create_api_key(Context context, std::string key_name, Role role, bool can_send) {
  if (key_name.empty() || key_name.size() > 200) co_return invalid_field("/name", "required", "an API key needs a name of 1 to 200 characters");
  std::string raw(6, '\0');
  random_.fill(std::span(reinterpret_cast<std::uint8_t*>(raw.data()), raw.size()));
  auto const prefix = crypto::base32(raw);
  auto const secret = "pr_" + prefix + "_" + random_text(random_, 32);
  auto const id = ids_.make<ApiKeyId>();
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identity::insert_api_key, id, context.tenant, key_name, prefix, hash_of(secret), name(role), can_send, now);
  boost::json::object after;
  after["name"] = key_name;
  after["role"] = name(role);
  after["can_send"] = can_send;
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"api_key", id.uuid(), "created", audit::difference(boost::json::object(), after)});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  CreatedApiKey made;
  made.key = ApiKey{.id = id, .tenant = context.tenant, .name = key_name, .prefix = prefix, .role = role, .can_send = can_send, .created_at = now};
  made.secret = Secret(secret);
  co_return made;
}

Task<Result<void>> Identity::revoke_api_key(Context context, ApiKeyId id) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const row = co_await tx.maybe(sql::identity::revoke_api_key, context.tenant, id, now);
  if (!row) co_return not_found("API key", id.str());
  boost::json::object before;
  before["name"] = row->text(0);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"api_key", id.uuid(), "revoked", audit::difference(before, boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  tx.announce("identity");
  co_await tx.commit();
  cache_.clear();
  co_return Result<void>();
}

Task<std::vector<ApiKey>> Identity::api_keys(TenantId tenant, std::optional<ApiKeyId> after, int limit) {
  auto const rows = co_await store_.all(sql::identity::api_keys_after, tenant, after.value_or(ApiKeyId()), limit);
  std::vector<ApiKey> all;
  for (auto const row : rows) all.push_back(read_api_key(row));
  co_return all;
}

Task<Result<Caller>> Identity::by_api_key(std::string_view key) {
  // pr_<prefix>_<secret>: the prefix finds the row, the hash of the whole decides.
  auto const end = key.starts_with("pr_") ? key.find('_', 3) : std::string_view::npos;
  if (end == std::string_view::npos || key.size() > 200) co_return not_logged_in();
  std::string const prefix(key.substr(3, end - 3));
  auto const hash = hash_of(key);
  auto const shelf = "key " + hash;
  if (auto const found = cache_.find(shelf); found != cache_.end() && found->second.until > clock_.steady()) co_return found->second.caller;
  auto const row = co_await store_.maybe(sql::identity::api_key_by_prefix, prefix);
  if (!row || !crypto::equal_in_constant_time(row->view(9), hash) || !row->is_null(8)) co_return not_logged_in();
  auto const found_key = read_api_key(*row);
  auto const now = clock_.now();
  if (!found_key.last_used_at || *found_key.last_used_at < now - std::chrono::minutes(1))
    co_await store_.exec(sql::identity::touch_api_key, found_key.id, now, now - std::chrono::minutes(1));
  Caller caller;
  caller.context.tenant = found_key.tenant;
  caller.context.actor = Actor{ActorKind::api_key, found_key.id.uuid()};
  caller.name = found_key.name;
  caller.role = found_key.role;
  caller.can_send = found_key.can_send;
  if (cache_.size() > 10'000) cache_.clear();
  cache_.insert_or_assign(shelf, Cached{caller, clock_.steady() + cache_time});
  co_return caller;
}

}  // namespace postrider::identity
