// What people order about somebody on the way. The engine holds a lock on whom it looks at, so an order is written before its look or after it.
#include "postrider/audit/audit.h"
#include "postrider/journeys/executions.h"
#include "sql/journeys.h"

#include <boost/json/array.hpp>

namespace postrider::journeys {

namespace {

constexpr int released_at_once = 5000;

Error ended() { return conflict("this way through the journey has ended"); }

std::vector<audit::Entry> audited(std::string_view type, Uuid id, std::string_view action, boost::json::object changes) {
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{type, id, action, std::move(changes)});
  return entries;
}

boost::json::object change(std::string_view member, boost::json::value after) {
  boost::json::object both;
  both["old"] = nullptr;
  both["new"] = std::move(after);
  boost::json::object out;
  out[member] = std::move(both);
  return out;
}

// The kind of a node in a definition that was published, and so is whole; nothing when there is no such node.
std::optional<std::string> kind_of(boost::json::object const& definition, std::string_view id) {
  for (auto const& node : definition.at("nodes").as_array())
    if (std::string_view(node.at("id").as_string()) == id) return std::string(node.at("kind").as_string());
  return std::nullopt;
}

}  // namespace

Task<Result<ExecutionRecord>> Executions::order(Context context, ExecutionRecord before, boost::json::object wanted, std::string_view action) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const written = co_await tx.all(sql::journeys::order, context.tenant, before.journey, before.id, wanted, now);
  if (written.empty()) co_return ended();
  co_await audit::record(tx, context, audited("journey_execution", before.id.uuid(), action, change("order", wanted)), ids_, now);
  tx.announce("journeys");
  co_await tx.commit();
  co_return co_await find(context.tenant, before.journey, before.id);
}

Task<Result<ExecutionRecord>> Executions::leave(Context context, JourneyId journey, ExecutionId id, std::string reason) {
  auto const before = co_await find(context.tenant, journey, id);
  if (!before) co_return before.error();
  boost::json::object wanted;
  wanted["leave"] = reason;
  co_return co_await order(std::move(context), *before, std::move(wanted), "exited");
}

Task<Result<ExecutionRecord>> Executions::move(Context context, JourneyId journey, ExecutionId id, std::string node) {
  auto const before = co_await find(context.tenant, journey, id);
  if (!before) co_return before.error();
  auto const row = co_await store_.one(sql::journeys::version, context.tenant, journey, before->version);
  auto const definition = row.json(1);
  auto const kind = kind_of(definition.as_object(), node);
  if (!kind) co_return invalid_field("/node_id", "invalid_value", "version " + std::to_string(before->version) + ", by which this contact goes, has no node '" + node + "'");
  if (*kind == "trigger") co_return invalid_field("/node_id", "invalid_value", "a trigger is only ever the beginning: choose what comes after it");
  boost::json::object wanted;
  wanted["move"] = node;
  co_return co_await order(std::move(context), *before, std::move(wanted), "moved");
}

Task<Result<ExecutionRecord>> Executions::retry(Context context, JourneyId journey, ExecutionId id) {
  auto const before = co_await find(context.tenant, journey, id);
  if (!before) co_return before.error();
  if (before->status == ExecutionStatus::completed || before->status == ExecutionStatus::exited) co_return ended();
  if (!before->held_at && before->failures == 0) co_return conflict("it is neither held nor has anything failed: there is nothing to try again");
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const written = co_await tx.all(sql::journeys::retry, context.tenant, journey, id, now);
  if (written.empty()) co_return ended();
  co_await audit::record(tx, context, audited("journey_execution", id.uuid(), "retried", change("due_at", boost::json::value(to_rfc3339(now)))), ids_, now);
  tx.announce("journeys");
  co_await tx.commit();
  co_return co_await find(context.tenant, journey, id);
}

Task<Result<std::int64_t>> Executions::release(Context context, JourneyId journey) {
  auto const known = co_await check_journey(context.tenant, journey);
  if (!known) co_return known.error();
  std::int64_t released = 0;
  for (bool more = true; more;) {
    auto const now = clock_.now();
    auto tx = co_await store_.begin(db::Lane::background);
    auto const rows = co_await tx.all(sql::journeys::release, context.tenant, journey, now, released_at_once);
    more = rows.size() == released_at_once;
    if (rows.empty()) break;
    released += static_cast<std::int64_t>(rows.size());
    co_await audit::record(tx, context, audited("journey", journey.uuid(), "released", change("released", static_cast<std::int64_t>(rows.size()))), ids_, now);
    tx.announce("journeys");
    co_await tx.commit();
  }
  co_return released;
}

}  // namespace postrider::journeys
