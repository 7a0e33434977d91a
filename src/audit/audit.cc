#include "postrider/audit/audit.h"

#include "sql/audit.h"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace postrider::audit {

namespace {

std::string_view name(ActorKind kind) {
  switch (kind) {
    case ActorKind::user: return "user";
    case ActorKind::api_key: return "api_key";
    case ActorKind::recipient: return "recipient";
    case ActorKind::provider: return "provider";
    case ActorKind::system: return "system";
  }
  return "system";
}

std::optional<std::string> some(std::string const& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

std::vector<Record> read(db::Rows const& rows) {
  std::vector<Record> all;
  all.reserve(rows.size());
  for (auto const row : rows) {
    Record record;
    record.id = row.uuid(0);
    record.entity_type = row.text(1);
    record.entity_id = row.uuid(2);
    record.action = row.text(3);
    record.actor_kind = row.text(4);
    if (!row.is_null(5)) record.actor_id = row.uuid(5);
    record.request_id = row.maybe_text(6);
    record.ip_address = row.maybe_text(7);
    record.changes = row.json(8).as_object();
    record.created_at = row.instant(9);
    all.push_back(std::move(record));
  }
  return all;
}

}  // namespace

Task<void> record(db::Transaction& tx, Context const& context, std::vector<Entry> entries, Ids& ids, Instant now) {
  if (entries.empty()) co_return;
  db::Columns rows(5);
  for (auto const& entry : entries) rows.add(ids.next(), entry.entity_type, entry.entity_id, entry.action, boost::json::serialize(entry.changes));
  std::optional<Uuid> actor;
  if (!context.actor.id.is_nil()) actor = context.actor.id;
  co_await tx.all(sql::audit::insert, context.tenant, name(context.actor.kind), actor, some(context.request_id), some(context.ip_address), now, rows);
}

boost::json::object difference(boost::json::object const& before, boost::json::object const& after, std::vector<std::string_view> const& hidden) {
  boost::json::object changes;
  auto add = [&](std::string_view key, boost::json::value const& old_value, boost::json::value const& new_value) {
    if (old_value == new_value) return;
    bool const hide = std::ranges::find(hidden, key) != hidden.end();
    boost::json::object change;
    change["old"] = hide && !old_value.is_null() ? boost::json::value("***") : old_value;
    change["new"] = hide && !new_value.is_null() ? boost::json::value("***") : new_value;
    changes[key] = std::move(change);
  };
  for (auto const& member : after) {
    auto const* const old_value = before.if_contains(member.key());
    add(member.key(), old_value ? *old_value : boost::json::value(nullptr), member.value());
  }
  for (auto const& member : before)
    if (!after.contains(member.key())) add(member.key(), member.value(), nullptr);
  return changes;
}

Task<std::vector<Record>> list(db::Store& store, TenantId tenant, Filter filter, std::optional<Uuid> before, int limit) {
  auto statement = sql::audit::list;
  statement.dynamic = filter.entity_type || filter.entity_id || filter.actor_id;  // planned for what is asked
  co_return read(co_await store.all(statement, tenant, filter.entity_type, filter.entity_id, filter.actor_id, before, limit));
}

Task<std::vector<Record>> of_request(db::Store& store, TenantId tenant, Uuid actor, std::string request_id, Instant since) {
  co_return read(co_await store.all(sql::audit::of_request, tenant, actor, since, request_id));
}

}  // namespace postrider::audit
