#include "postrider/journeys/executions.h"

#include "journeys/record.h"
#include "postrider/contacts/email_address.h"
#include "postrider/json/names.h"
#include "sql/journeys.h"

#include <algorithm>

namespace postrider::journeys {

namespace {

constexpr int most_steps = 1000;
constexpr int most_messages = 500;

ExecutionRecord read_record(db::Row row) {
  ExecutionRecord e;
  e.id = row.id<ExecutionId>(0);
  e.journey = row.id<JourneyId>(1);
  e.journey_name = row.text(2);
  e.version = static_cast<int>(row.integer(3));
  e.contact = row.id<ContactId>(4);
  e.email = row.maybe_text(5);
  e.status = json::named<ExecutionStatus>(row.view(6)).value();
  e.node = row.text(7);
  e.visit = static_cast<int>(row.integer(8));
  e.arrived_at = row.instant(9);
  e.entered_at = row.instant(10);
  e.ended_at = row.maybe_instant(11);
  e.due_at = row.maybe_instant(12);
  e.held_at = row.maybe_instant(13);
  e.reason = row.maybe_text(14);
  e.failures = static_cast<int>(row.integer(15));
  e.error = row.maybe_text(16);
  if (!row.is_null(17)) e.order = row.json(17).as_object();
  e.variables = row.json(18).as_object();
  e.event = row.json(19).as_object();
  return e;
}

PastStep read_step(db::Row row) {
  PastStep s;
  s.visit = static_cast<int>(row.integer(0));
  s.node = row.text(1);
  s.kind = row.text(2);
  s.exit = row.maybe_text(3);
  if (s.exit && s.exit->empty()) s.exit.reset();
  s.outcome = json::named<Outcome>(row.view(4)).value();
  s.arrived_at = row.instant(5);
  s.left_at = row.instant(6);
  s.trace = row.json(7).as_object();
  return s;
}

std::vector<ExecutionRecord> read_all(db::Rows const& rows) {
  std::vector<ExecutionRecord> all;
  for (auto const row : rows) all.push_back(read_record(row));
  return all;
}

LastExecution newest() { return LastExecution(*parse_instant("9999-01-01T00:00:00Z"), *ExecutionId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff")); }

}  // namespace

Task<Result<void>> Executions::check_journey(TenantId tenant, JourneyId journey) {
  auto const row = co_await store_.maybe(sql::journeys::find, tenant, journey);
  if (!row) co_return not_found("journey", journey.str());
  co_return Result<void>();
}

Task<Result<std::vector<ExecutionRecord>>> Executions::list(TenantId tenant, JourneyId journey, ExecutionFilter filter, std::optional<LastExecution> before, int limit) {
  auto const known = co_await check_journey(tenant, journey);
  if (!known) co_return known.error();
  auto const last = before.value_or(newest());
  std::optional<std::string_view> status;
  if (filter.status) status = json::name_of(*filter.status);
  std::optional<std::string> version;
  if (filter.version) version = std::to_string(*filter.version);
  if (filter.contact) {
    auto const rows = co_await store_.all(sql::journeys::executions_of_contact, tenant, *filter.contact, last.first, last.second, limit, status, version, filter.held, filter.node, journey);
    co_return read_all(rows);
  }
  if (filter.node) {
    auto const rows = co_await store_.all(sql::journeys::executions_at_node, tenant, journey, last.first, last.second, limit, status, version, filter.held, *filter.node);
    co_return read_all(rows);
  }
  if (filter.held == true) {
    auto const rows = co_await store_.all(sql::journeys::executions_held, tenant, journey, last.first, last.second, limit, status, version);
    co_return read_all(rows);
  }
  auto const rows = co_await store_.all(sql::journeys::executions, tenant, journey, last.first, last.second, limit, status, version, filter.held);
  co_return read_all(rows);
}

Task<Result<std::vector<ExecutionRecord>>> Executions::of_contact(TenantId tenant, ContactId contact, std::optional<LastExecution> before, int limit) {
  auto const known = co_await store_.maybe(sql::journeys::contact, tenant, contact);
  if (!known) co_return not_found("contact", contact.str());
  auto const last = before.value_or(newest());
  std::optional<std::string> const any;
  std::optional<bool> const held;
  auto const rows = co_await store_.all(sql::journeys::executions_of_contact, tenant, contact, last.first, last.second, limit, any, any, held, any, any);
  co_return read_all(rows);
}

Task<Result<ExecutionRecord>> Executions::find(TenantId tenant, JourneyId journey, ExecutionId id) {
  auto const row = co_await store_.maybe(sql::journeys::execution, tenant, journey, id);
  if (!row) co_return not_found("execution", id.str());
  co_return read_record(*row);
}

Task<Result<ContactId>> Executions::named(TenantId tenant, std::optional<ContactId> contact, std::optional<std::string> email, std::optional<std::string> external_id) {
  if (static_cast<int>(contact.has_value()) + static_cast<int>(email.has_value()) + static_cast<int>(external_id.has_value()) != 1)
    co_return invalid_field("/contact_id", "required", "name the contact by one of contact_id, email and external_id");
  std::string pointer = "/contact_id";
  std::optional<db::OwnedRow> row;
  if (contact) {
    row = co_await store_.maybe(sql::journeys::contact, tenant, *contact);
  } else if (email) {
    pointer = "/email";
    if (auto const address = contacts::parse_email(*email)) row = co_await store_.maybe(sql::journeys::contact_by_email, tenant, address->key);
  } else {
    pointer = "/external_id";
    row = co_await store_.maybe(sql::journeys::contact_by_external_id, tenant, *external_id);
  }
  if (!row) co_return invalid_field(pointer, "invalid_value", "there is no such contact");
  co_return row->id<ContactId>(0);
}

Task<Result<Explained>> Executions::explain(TenantId tenant, JourneyId journey, ExecutionId id) {
  auto execution = co_await find(tenant, journey, id);
  if (!execution) co_return execution.error();
  Explained all;
  all.execution = std::move(*execution);
  auto const steps = co_await store_.all(sql::journeys::steps, tenant, id, most_steps + 1);
  for (auto const row : steps) all.steps.push_back(read_step(row));
  all.more_steps = all.steps.size() > most_steps;
  if (all.more_steps) all.steps.pop_back();
  std::ranges::reverse(all.steps);
  auto const messages = co_await store_.all(sql::journeys::messages, tenant, id, most_messages);
  for (auto const row : messages) {
    StepMessage m;
    m.id = row.uuid(0);
    m.visit = std::atoi(row.text(1).c_str());
    m.channel = row.text(2);
    m.status = row.text(3);
    m.skip_reason = row.maybe_text(4);
    m.sent_at = row.maybe_instant(5);
    all.messages.push_back(std::move(m));
  }
  auto const waits = co_await store_.all(sql::journeys::waits_for, tenant, id);
  for (auto const row : waits) all.waits_for.push_back(row.text(0));
  co_return all;
}

}  // namespace postrider::journeys
