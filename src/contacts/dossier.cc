// Everything that is stored about one person (access and portability), section by section.
#include "contacts/contact_record.h"
#include "postrider/contacts/contacts.h"
#include "sql/contacts.h"

#include <boost/json/value.hpp>

#include <initializer_list>

namespace postrider::contacts {

namespace {

enum class Kind { text, number, time, json };

struct Column {
  std::string_view name;
  Kind kind = Kind::text;
};

boost::json::value cell(db::Row row, std::size_t at, Kind kind) {
  if (row.is_null(at)) return nullptr;
  switch (kind) {
    case Kind::number: return row.integer(at);
    case Kind::time: return boost::json::value(to_rfc3339(row.instant(at)));
    case Kind::json: return row.json(at);
    case Kind::text: break;
  }
  return boost::json::value(row.view(at));
}

boost::json::array section(db::Rows const& rows, std::initializer_list<Column> columns) {
  boost::json::array all;
  all.reserve(rows.size());
  for (auto const row : rows) {
    boost::json::object one;
    std::size_t at = 0;
    for (auto const& column : columns) {
      one[column.name] = cell(row, at, column.kind);
      ++at;
    }
    all.push_back(std::move(one));
  }
  return all;
}

boost::json::value shown(std::optional<Lead> const& lead) {
  if (!lead) return nullptr;
  boost::json::object out;
  out["id"] = lead->id.str();
  out["name"] = lead->name;
  out["domain"] = lead->domain ? boost::json::value(*lead->domain) : boost::json::value(nullptr);
  out["attributes"] = lead->attributes;
  return out;
}

}  // namespace

Task<Result<boost::json::object>> Contacts::export_of(TenantId tenant, ContactId id) {
  auto const contact = co_await find(tenant, id);
  if (!contact) co_return contact.error();
  auto const lane = db::Lane::background;
  boost::json::object out;
  auto person = described(*contact);
  person["id"] = contact->id.str();
  person["created_at"] = to_rfc3339(contact->created_at);
  person["updated_at"] = to_rfc3339(contact->updated_at);
  person["lead"] = shown(contact->lead);
  out["contact"] = std::move(person);

  using enum Kind;
  auto rows = co_await store_.all_on(lane, sql::contacts::export_consents, tenant, id);
  out["consents"] = section(rows, {{"channel"}, {"consent_type"}, {"status"}, {"source"}, {"ip_address"}, {"text_shown"}, {"granted_at", time},
                                   {"revoked_at", time}, {"expires_at", time}, {"created_at", time}, {"updated_at", time}});
  rows = co_await store_.all_on(lane, sql::contacts::export_consent_history, tenant, id);
  out["consent_history"] = section(rows, {{"id"}, {"channel"}, {"consent_type"}, {"status"}, {"source"}, {"ip_address"}, {"user_agent"}, {"text_shown"},
                                          {"actor_kind"}, {"occurred_at", time}});
  rows = co_await store_.all_on(lane, sql::contacts::export_suppressions, tenant, id);
  out["suppressions"] = section(rows, {{"id"}, {"email_address"}, {"reason"}, {"source"}, {"created_at", time}});
  rows = co_await store_.all_on(lane, sql::contacts::export_segments, tenant, id);
  out["segments"] = section(rows, {{"id"}, {"name"}, {"added_at", time}});
  rows = co_await store_.all_on(lane, sql::contacts::export_messages, tenant, id);
  out["messages"] = section(rows, {{"id"}, {"channel"}, {"purpose"}, {"campaign_id"}, {"subject_template"}, {"status"}, {"skip_reason"},
                                   {"attempt_count", number}, {"provider_message_id"}, {"variables", json}, {"created_at", time}, {"sent_at", time},
                                   {"delivered_at", time}, {"opened_at", time}, {"clicked_at", time}, {"bounced_at", time}, {"complained_at", time},
                                   {"unsubscribed_at", time}});
  rows = co_await store_.all_on(lane, sql::contacts::export_message_events, tenant, id);
  out["message_events"] = section(rows, {{"id"}, {"message_id"}, {"type"}, {"actor_class"}, {"provider"}, {"url"}, {"ip_address"}, {"user_agent"},
                                         {"detail", json}, {"occurred_at", time}});
  rows = co_await store_.all_on(lane, sql::contacts::export_events, tenant, id);
  out["events"] = section(rows, {{"id"}, {"type"}, {"campaign_id"}, {"message_id"}, {"properties", json}, {"occurred_at", time}, {"created_at", time}});
  rows = co_await store_.all_on(lane, sql::contacts::export_journeys, tenant, id);
  out["journeys"] = section(rows, {{"id"}, {"journey_id"}, {"name"}, {"version", number}, {"status"}, {"reason"}, {"node_id"}, {"variables", json}, {"event", json},
                                   {"entered_at", time}, {"ended_at", time}});
  rows = co_await store_.all_on(lane, sql::contacts::export_journey_steps, tenant, id);
  out["journey_steps"] = section(rows, {{"execution_id"}, {"visit", number}, {"node_id"}, {"kind"}, {"exit"}, {"outcome"}, {"arrived_at", time}, {"left_at", time},
                                        {"trace", json}});
  rows = co_await store_.all_on(lane, sql::contacts::export_changes, tenant, id);
  out["changes"] = section(rows, {{"id"}, {"entity_type"}, {"action"}, {"actor_kind"}, {"changes", json}, {"created_at", time}});
  rows = co_await store_.all_on(lane, sql::contacts::export_imports, tenant, id);
  out["imports"] = section(rows, {{"import_id"}, {"row_number", number}, {"verdict"}, {"email"}, {"phone"}, {"first_name"}, {"last_name"}, {"external_id"},
                                 {"attributes", json}, {"before", json}, {"cells"}});
  co_return out;
}

}  // namespace postrider::contacts
