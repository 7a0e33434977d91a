#include "postrider/contacts/leads.h"

#include "contacts/contact_record.h"
#include "postrider/audit/audit.h"
#include "postrider/contacts/email_address.h"
#include "sql/leads.h"

#include <boost/json/value.hpp>

#include <algorithm>
#include <cctype>

namespace postrider::contacts {

namespace {

LeadId beyond_all() { return *LeadId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"); }

boost::json::object described_lead(Lead const& lead) {
  boost::json::object out;
  out["name"] = lead.name;
  out["domain"] = lead.domain ? boost::json::value(*lead.domain) : boost::json::value(nullptr);
  out["attributes"] = lead.attributes;
  return out;
}

// "https://www.Acme.com/about" becomes "www.acme.com". Nothing when there is no domain in it.
std::optional<std::string> domain_of(std::string text) {
  if (auto const scheme = text.find("://"); scheme != std::string::npos) text.erase(0, scheme + 3);
  text = text.substr(0, text.find_first_of("/?#:"));
  auto const address = parse_email("x@" + text);
  if (!address) return std::nullopt;
  return address->key.substr(2);
}

Result<Lead> changed(Lead lead, LeadChange const& change) {
  std::vector<FieldError> mistakes;
  if (change.name) lead.name = *change.name;
  if (std::ranges::all_of(lead.name, [](unsigned char c) { return std::isspace(c); }))
    mistakes.push_back(FieldError{"/name", "required", "a lead needs a name"});
  if (change.domain.is_null()) lead.domain = std::nullopt;
  if (change.domain.has_value()) {
    lead.domain = domain_of(*change.domain);
    if (!lead.domain) mistakes.push_back(FieldError{"/domain", "invalid_value", "must be a domain like acme.example"});
  }
  if (change.attributes) merge_attributes(lead.attributes, *change.attributes, mistakes);
  if (!mistakes.empty()) return invalid("the lead cannot be saved: " + mistakes.front().message, mistakes);
  return lead;
}

Lead read_counted(db::Row row) {
  auto lead = *read_lead(row, 0);
  lead.contact_count = row.integer(6);
  return lead;
}

}  // namespace

std::optional<Lead> read_lead(db::Row row, std::size_t at) {
  if (row.is_null(at)) return std::nullopt;
  Lead lead;
  lead.id = row.id<LeadId>(at);
  lead.name = row.text(at + 1);
  lead.domain = row.maybe_text(at + 2);
  lead.attributes = row.json(at + 3).as_object();
  lead.created_at = row.instant(at + 4);
  lead.updated_at = row.instant(at + 5);
  return lead;
}

Task<Result<Lead>> Leads::create(Context context, LeadChange wanted) {
  auto lead = changed(Lead(), wanted);
  if (!lead) co_return lead.error();
  auto const now = clock_.now();
  lead->id = ids_.make<LeadId>();
  lead->created_at = lead->updated_at = now;
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::leads::insert, context.tenant, lead->id, lead->name, lead->domain, lead->attributes, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"lead", lead->id.uuid(), "created", audit::difference(boost::json::object(), described_lead(*lead))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return lead;
}

Task<Result<Lead>> Leads::find(TenantId tenant, LeadId id) {
  auto const row = co_await store_.maybe(sql::leads::find, tenant, id);
  if (!row) co_return not_found("lead", id.str());
  co_return read_counted(*row);
}

Task<Result<Lead>> Leads::change(Context context, LeadId id, LeadChange wanted, std::optional<Instant> expected) {
  auto tx = co_await store_.begin();
  auto const row = co_await tx.maybe(sql::leads::find_for_change, context.tenant, id);
  if (!row) co_return not_found("lead", id.str());
  auto const before = *read_lead(*row, 0);
  if (expected && before.updated_at != *expected)
    co_return Error(Code::precondition, "the lead was changed meanwhile: read it again, then repeat your change");
  auto after = changed(before, wanted);
  if (!after) co_return after.error();
  auto changes = audit::difference(described_lead(before), described_lead(*after));
  if (!changes.empty()) {
    auto const now = std::max(clock_.now(), before.updated_at + Duration(1));
    after->updated_at = now;
    co_await tx.exec(sql::leads::update, context.tenant, id, after->name, after->domain, after->attributes, now);
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"lead", id.uuid(), "updated", std::move(changes)});
    co_await audit::record(tx, context, std::move(entries), ids_, now);
  }
  auto const counted = co_await tx.one(sql::leads::find, context.tenant, id);
  co_await tx.commit();
  co_return read_counted(counted);
}

Task<Result<void>> Leads::remove(Context context, LeadId id, bool detach) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const row = co_await tx.maybe(sql::leads::find_for_change, context.tenant, id);
  if (!row) co_return not_found("lead", id.str());
  // Locked: nobody joins until this ends.
  auto const counted = co_await tx.one(sql::leads::find, context.tenant, id);
  auto const members = counted.integer(6);
  if (members > 0 && !detach)
    co_return conflict(std::to_string(members) + (members == 1 ? " contact belongs" : " contacts belong") + " to this lead; ?detach=true lets them go");
  if (members > 0) co_await tx.exec(sql::leads::let_contacts_go, context.tenant, id, now);
  co_await tx.exec(sql::leads::remove, context.tenant, id);
  auto gone = described_lead(*read_lead(*row, 0));
  gone["contacts"] = members;
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"lead", id.uuid(), "deleted", audit::difference(gone, boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

Task<std::vector<Lead>> Leads::list(TenantId tenant, LeadFilter filter, std::optional<LeadId> before, int limit) {
  if (filter.name) std::ranges::transform(*filter.name, filter.name->begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::optional<std::string> domain;
  if (filter.domain) domain = domain_of(*filter.domain).value_or(*filter.domain);
  auto const rows = co_await store_.all(sql::leads::list, tenant, before.value_or(beyond_all()), filter.name, domain, limit);
  std::vector<Lead> all;
  for (auto const row : rows) all.push_back(read_counted(row));
  co_return all;
}

}  // namespace postrider::contacts
