#include "journeys/executions_store.h"

#include "postrider/json/names.h"
#include "sql/journey_engine.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <stdexcept>

namespace postrider::journeys {

namespace {

std::optional<std::string> some(std::string const& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace

Execution read_execution(db::Row row) {
  Execution e;
  e.id = row.id<ExecutionId>(0);
  e.contact = row.id<ContactId>(1);
  e.version = static_cast<int>(row.integer(2));
  e.state.status = row.view(3) == "active" ? ExecutionStatus::active : ExecutionStatus::waiting;
  e.node_id = row.text(4);
  e.state.visit = static_cast<int>(row.integer(5));
  e.was_due = row.instant(6);
  e.state.due = e.was_due;
  e.state.arrived = row.instant(7);
  e.state.entered = row.instant(8);
  e.state.failures = static_cast<int>(row.integer(9));
  e.state.not_before = row.maybe_instant(10);
  e.state.calling = row.boolean(11);
  if (!row.is_null(12)) e.orders = row.json(12);
  e.state.error = row.maybe_text(13).value_or("");
  e.state.variables = row.json(14).as_object();
  e.state.event = row.json(15).as_object();
  return e;
}

segments::FactsWanted facts_for(Questions questions) {
  segments::FactsWanted wanted;
  wanted.events = std::move(questions.events);
  wanted.consents = questions.consents;
  wanted.segments = questions.segments;
  return wanted;
}

boost::json::array goals_of(Definition const& definition, State const& state) {
  boost::json::array goals;
  for (auto const at : state.goals) goals.emplace_back(definition.nodes[at].id);
  return goals;
}

void Written::add_state(Execution const& execution, Definition const& definition, Instant now) {
  auto const& s = execution.state;
  std::optional<Instant> ended;
  if (s.ended()) ended = now;
  states.add(execution.id, json::name_of(s.status), definition.nodes[s.node].id, s.visit, s.due, s.arrived, ended, some(s.reason), s.failures, s.not_before, s.calling,
             execution.held_at, some(s.error), boost::json::serialize(s.variables), boost::json::serialize(s.event), boost::json::serialize(goals_of(definition, s)));
}

void Written::add_step(ExecutionId execution, int version, Definition const& definition, Step const& step) {
  auto const& node = definition.nodes[step.node];
  steps.add(execution, step.visit, version, node.id, node.kind, some(step.exit), json::name_of(step.outcome), step.arrived, step.left, boost::json::serialize(step.trace));
}

void Written::change_waits(Execution const& execution, std::set<std::string> const& before, std::set<std::string> const& after) {
  for (auto const& type : after)
    if (!before.contains(type)) waits.add(execution.contact, type, execution.id);
  for (auto const& type : before)
    if (!after.contains(type)) dropped_waits.add(execution.contact, type, execution.id);
}

Task<void> write(db::Transaction& tx, TenantId tenant, JourneyId journey, Written written, Instant now) {
  if (written.states.rows() > 0) co_await tx.exec(sql::journey_engine::store, tenant, now, written.states);
  if (written.steps.rows() > 0) {
    auto const added = co_await tx.all(sql::journey_engine::add_steps, tenant, journey, written.steps);
    // The history's key holds each visit to one step. Whoever comes second has taken a turn that was taken already: nothing of it may stay.
    if (added.size() != written.steps.rows()) throw std::logic_error("a step of journey " + journey.str() + " was written before");
  }
  if (written.waits.rows() > 0) co_await tx.exec(sql::journey_engine::add_waits, tenant, written.waits);
  if (written.dropped_waits.rows() > 0) co_await tx.exec(sql::journey_engine::drop_waits, tenant, written.dropped_waits);
  if (!written.happened.empty()) co_await events::append(tx, tenant, std::move(written.happened), now);
}

}  // namespace postrider::journeys
