#include "postrider/delivery/identities.h"

#include "postrider/audit/audit.h"
#include "postrider/base/log.h"
#include "postrider/delivery/provider_settings.h"
#include "postrider/http/client.h"
#include "sql/identities.h"
#include "sql/sending.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace postrider::delivery {

namespace {

StoredProvider read_provider(db::Row row) {
  StoredProvider p;
  p.id = row.id<ProviderId>(0);
  p.name = row.text(1);
  p.kind = row.text(2);
  p.settings = row.json(3).as_object();
  p.check_status = row.maybe_text(4);
  p.check_detail = row.maybe_text(5);
  p.checked_at = row.maybe_instant(6);
  p.created_at = row.instant(7);
  p.updated_at = row.instant(8);
  p.breaker = row.json(10).as_object();
  if (!row.is_null(9))
    for (auto const secret : secret_settings(p.kind)) p.secrets.emplace_back(secret);
  return p;
}

boost::json::object described(StoredProvider const& p) {
  boost::json::object out;
  out["name"] = p.name;
  out["kind"] = p.kind;
  out["settings"] = p.settings;
  return out;
}

crypto::SealedPlace place_of(TenantId tenant, ProviderId id) { return crypto::SealedPlace{tenant, "providers", "settings", id.uuid()}; }

// Splits off what must be sealed.
boost::json::object take_secrets(std::string_view kind, boost::json::object& settings) {
  boost::json::object secrets;
  for (auto const name : secret_settings(kind)) {
    if (auto const* const value = settings.if_contains(name)) {
      secrets[name] = *value;
      settings.erase(name);
    }
  }
  return secrets;
}

Result<void> check_kind(std::string_view kind, boost::json::object const& settings, ProviderGround const& ground) {
  if (kind == "demo") {
    if (!settings.empty()) return invalid_field("/settings", "unknown_field", "the built-in inbox has no settings");
    return {};
  }
  if (auto const good = check_settings(kind, settings); !good) return good.error();
  auto const* const base = settings.if_contains("base_url");
  if (base && base->is_string() && ground.http) {
    auto const checked = http::check_url(std::string_view(base->as_string()), ground.http->policy());
    if (!checked) return invalid_field("/settings/base_url", "not_allowed", checked.error().message + "; the operator can allow it with --allowed-networks");
  }
  return {};
}

}  // namespace

Task<Result<StoredProvider>> Identities::create_provider(Context context, std::string provider_name, std::string kind, boost::json::object settings) {
  if (auto const good = check_kind(kind, settings, ground_); !good) co_return good.error();
  auto const id = ids_.make<ProviderId>();
  auto const now = clock_.now();
  auto const secrets = take_secrets(kind, settings);
  std::optional<std::string> sealed;
  if (!secrets.empty()) sealed = sealer_.seal(Secret(boost::json::serialize(secrets)), place_of(context.tenant, id));
  StoredProvider made{.id = id, .name = provider_name, .kind = kind, .settings = settings, .created_at = now, .updated_at = now};
  for (auto const& member : secrets) made.secrets.emplace_back(member.key());
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identities::insert_provider, context.tenant, id, provider_name, kind, settings, sealed, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"provider", id.uuid(), "created", audit::difference(boost::json::object(), described(made))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return made;
}

Task<Result<boost::json::object>> Identities::open_settings(TenantId tenant, ProviderId id) {
  auto const row = co_await store_.maybe(sql::identities::provider, tenant, id);
  if (!row) co_return not_found("provider", id.str());
  auto settings = row->json(3).as_object();
  if (!row->is_null(9)) {
    auto const plain = sealer_.open(row->view(9), place_of(tenant, id));
    if (!plain) co_return plain.error();
    auto const secrets = boost::json::parse(plain->reveal());
    for (auto const& member : secrets.as_object()) settings[member.key()] = member.value();
  }
  co_return settings;
}

Task<Result<StoredProvider>> Identities::change_provider(Context context, ProviderId id, std::optional<std::string> provider_name,
                                                         std::optional<boost::json::object> settings, std::optional<Instant> expected) {
  auto const before = co_await find_provider(context.tenant, id);
  if (!before) co_return before.error();
  if (expected && *expected != before->updated_at)
    co_return Error(Code::precondition, "the provider was changed meanwhile: read it again, then repeat your change");
  auto whole = co_await open_settings(context.tenant, id);
  if (!whole) co_return whole.error();
  if (settings)
    for (auto const& member : *settings) {
      if (member.value().is_null()) whole->erase(member.key());
      else (*whole)[member.key()] = member.value();
    }
  if (auto const good = check_kind(before->kind, *whole, ground_); !good) co_return good.error();
  auto const now = clock_.now();
  auto after = *before;
  if (provider_name) after.name = *provider_name;
  auto const secrets = take_secrets(before->kind, *whole);
  after.settings = *whole;
  after.secrets.clear();
  for (auto const& member : secrets) after.secrets.emplace_back(member.key());
  after.updated_at = std::max(now, before->updated_at + Duration(1));
  after.check_status.reset();
  after.check_detail.reset();
  after.checked_at.reset();
  std::optional<std::string> sealed;
  if (!secrets.empty()) sealed = sealer_.seal(Secret(boost::json::serialize(secrets)), place_of(context.tenant, id));
  auto tx = co_await store_.begin();
  auto const moved = co_await tx.exec(sql::identities::update_provider, context.tenant, id, after.name, after.settings, sealed, after.updated_at, before->updated_at);
  if (moved == 0) co_return Error(Code::precondition, "the provider was changed meanwhile: read it again, then repeat your change");
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"provider", id.uuid(), "updated", audit::difference(described(*before), described(after))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  // What waits because it was down is tried with the new settings at once.
  co_await tx.exec(sql::sending::wake_held_lanes, context.tenant, now);
  tx.announce("sending");
  co_await tx.commit();
  co_return after;
}

Task<Result<StoredProvider>> Identities::find_provider(TenantId tenant, ProviderId id) {
  auto const row = co_await store_.maybe(sql::identities::provider, tenant, id);
  if (!row) co_return not_found("provider", id.str());
  co_return read_provider(*row);
}

Task<std::vector<StoredProvider>> Identities::list_providers(TenantId tenant) {
  auto const rows = co_await store_.all(sql::identities::providers, tenant);
  std::vector<StoredProvider> all;
  for (auto const row : rows) all.push_back(read_provider(row));
  co_return all;
}

Task<Result<void>> Identities::remove_provider(Context context, ProviderId id) {
  auto const before = co_await find_provider(context.tenant, id);
  if (!before) co_return before.error();
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const used = co_await tx.one(sql::identities::senders_of_provider, context.tenant, id);
  if (used.integer(0) > 0) co_return conflict("senders still use this provider; point them to another one first");
  co_await tx.exec(sql::identities::remove_provider, context.tenant, id, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"provider", id.uuid(), "deleted", audit::difference(described(*before), boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

Task<Result<CheckReport>> Identities::check_provider(Context context, ProviderId id) {
  auto const found = co_await find_provider(context.tenant, id);
  if (!found) co_return found.error();
  auto const provider = co_await live(context.tenant, id);
  if (!provider) co_return conflict("the provider's settings cannot be used; save them again");
  auto const report = co_await provider->check();
  std::string detail;
  for (auto const& item : report.items)
    if (!item.good) detail += (detail.empty() ? "" : "; ") + item.name + ": " + item.detail;
  co_await store_.exec(sql::identities::keep_check, context.tenant, id, report.good() ? "ok" : "failed", detail, clock_.now());
  co_return report;
}

Task<std::optional<ProviderOwner>> Identities::owner_of(ProviderId id) {
  auto const row = co_await store_.maybe(sql::identities::provider_owner, id);
  if (!row) co_return std::nullopt;
  ProviderOwner owner;
  owner.tenant = row->id<TenantId>(0);
  owner.kind = row->text(1);
  auto const settings = row->json(2);
  if (auto const* const key = settings.as_object().if_contains("webhook_public_key"); key && key->is_string()) owner.public_key = key->as_string().c_str();
  co_return owner;
}

Task<std::shared_ptr<Provider>> Identities::live(TenantId tenant, ProviderId id) {
  auto const stored = co_await find_provider(tenant, id);
  if (!stored) co_return nullptr;
  if (auto const found = open_.find(id); found != open_.end() && found->second.version == stored->updated_at) co_return found->second.provider;
  std::shared_ptr<Provider> made;
  if (stored->kind == "demo") {
    made = make_demo_provider(store_, ids_, clock_);
  } else {
    auto const settings = co_await open_settings(tenant, id);
    if (!settings) co_return nullptr;
    auto provider = make_provider(stored->kind, *settings, ground_);
    if (!provider) {
      log::warn("provider_unusable", log::field("provider_id", id), log::field("error", provider.error().message));
      co_return nullptr;
    }
    made = std::move(*provider);
  }
  std::shared_ptr<Provider> old;
  if (auto const found = open_.find(id); found != open_.end()) old = found->second.provider;
  open_.insert_or_assign(id, Opened{made, stored->updated_at});
  if (old) co_await old->close();
  co_return made;
}

Task<void> Identities::close() {
  for (auto& [id, opened] : open_) co_await opened.provider->close();
  open_.clear();
}

}  // namespace postrider::delivery
