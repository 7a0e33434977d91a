#include "identity/records.h"
#include "postrider/audit/audit.h"
#include "postrider/base/local_time.h"
#include "sql/identity.h"

namespace postrider::identity {

Task<Result<Tenant>> Identity::create_tenant(Context context, std::string tenant_name) {
  auto const slug = slug_of(tenant_name);
  if (slug.empty()) co_return invalid_field("/name", "invalid_value", "a tenant's name needs at least one letter or digit");
  auto const id = ids_.make<TenantId>();
  auto const now = clock_.now();
  bool taken = false;
  try {
    auto tx = co_await store_.begin();
    co_await tx.exec(sql::identity::insert_tenant, id, tenant_name, slug, now);
    context.tenant = id;
    boost::json::object after;
    after["name"] = tenant_name;
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"tenant", id.uuid(), "created", audit::difference(boost::json::object(), after)});
    co_await audit::record(tx, context, std::move(entries), ids_, now);
    co_await tx.commit();
  } catch (db::UniqueViolation const&) {
    taken = true;
  }
  if (taken) co_return conflict("there is a tenant '" + slug + "' already; take another name");
  co_return co_await tenant(id);
}

Task<Result<Tenant>> Identity::tenant(TenantId id) {
  auto const row = co_await store_.maybe(sql::identity::tenant, id);
  if (!row) co_return not_found("tenant", id.str());
  co_return read_tenant(*row);
}

Task<std::vector<Tenant>> Identity::tenants() {
  auto const rows = co_await store_.all(sql::identity::tenants);
  std::vector<Tenant> all;
  for (auto const row : rows) all.push_back(read_tenant(row));
  co_return all;
}

Task<Result<Tenant>> Identity::find_tenant(std::string name_or_id) {
  if (auto const id = TenantId::parse(name_or_id)) co_return co_await tenant(*id);
  auto const row = co_await store_.maybe(sql::identity::tenant_by_slug, slug_of(name_or_id));
  if (!row) co_return not_found("tenant", name_or_id);
  co_return read_tenant(*row);
}

Task<Result<Tenant>> Identity::change_tenant(Context context, std::optional<std::string> tenant_name, std::optional<std::string> time_zone,
                                             std::optional<TenantSettings> settings) {
  auto const before = co_await tenant(context.tenant);
  if (!before) co_return before.error();
  if (time_zone && !is_time_zone(*time_zone))
    co_return invalid_field("/time_zone", "invalid_value", "must be a zone of the IANA database like Europe/Rome");
  auto after = *before;
  if (tenant_name) after.name = *tenant_name;
  if (time_zone) after.time_zone = *time_zone;
  if (settings) after.settings = std::move(*settings);
  auto describe = [](Tenant const& t) {
    boost::json::object out;
    out["name"] = t.name;
    out["time_zone"] = t.time_zone;
    out["settings"] = t.settings.stored();
    return out;
  };
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identity::update_tenant, after.id, after.name, after.time_zone, after.settings.stored(), now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"tenant", after.id.uuid(), "updated", audit::difference(describe(*before), describe(after))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return co_await tenant(context.tenant);
}

}  // namespace postrider::identity
