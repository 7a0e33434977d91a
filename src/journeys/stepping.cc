// A batch of those who are due: facts for all, a turn for each, and everything that came of it, in one transaction.
#include "journeys/effects.h"
#include "journeys/executions_store.h"
#include "postrider/base/fail_point.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/json/names.h"
#include "sql/journey_engine.h"

#include <algorithm>

namespace postrider::journeys {

namespace {

POSTRIDER_DECLARE_FAIL_POINT(before_turns, "journeys.turns.before_commit");
POSTRIDER_DECLARE_FAIL_POINT(after_turns, "journeys.turns.after_commit");

struct Due {
  Execution execution;
  std::shared_ptr<Published const> journey;
};

events::Event told(Due const& due, std::string_view kind, Ids& ids, Instant now) {
  events::Event event;
  event.id = ids.make<EventId>();
  event.type = std::string(kind);
  event.contact_id = due.execution.contact;
  event.journey_id = due.journey->journey.uuid();
  event.occurred_at = now;
  event.payload["execution_id"] = due.execution.id.str();
  return event;
}

events::Event told_step(Due const& due, Step const& step, Ids& ids, Instant now) {
  auto event = told(due, events::kind::journey_step_completed, ids, now);
  auto const& node = due.journey->definition.nodes[step.node];
  event.payload["step_id"] = node.id;
  event.payload["step_type"] = node.kind;
  event.payload["outcome"] = json::name_of(step.outcome);
  event.payload["exit"] = step.exit;
  event.payload["visit"] = step.visit;
  return event;
}

events::Event told_end(Due const& due, Ids& ids, Instant now) {
  auto event = told(due, events::kind::journey_exited, ids, now);
  event.payload["status"] = json::name_of(due.execution.state.status);
  event.payload["reason"] = due.execution.state.reason;
  return event;
}

Input order_of(Due const& due) {
  Input input;
  if (!due.execution.orders.is_object()) return input;
  auto const& orders = due.execution.orders.as_object();
  auto const text = [&orders](char const* name) {
    auto const* const found = orders.if_contains(name);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
  };
  auto const visit = [&orders](char const* name) { return static_cast<int>(orders.at(name).to_number<std::int64_t>()); };
  if (orders.contains("leave")) {
    input.kind = Input::Kind::leave;
    input.why = text("leave");
  } else if (orders.contains("move")) {
    // The node may be gone where the order came before a new version; then it is as if nothing had been said.
    auto const to = due.journey->definition.find(text("move"));
    if (!to) return input;
    input.kind = Input::Kind::move;
    input.node = *to;
  } else if (orders.contains("answered")) {
    input.kind = Input::Kind::answered;
    input.visit = visit("answered");
  } else if (orders.contains("refused")) {
    input.kind = Input::Kind::refused;
    input.visit = visit("refused");
    input.why = text("why");
  }
  return input;
}

metrics::Counter& steps_executed(JourneyId journey, std::string_view kind, std::string_view outcome) {
  return metrics::counter("journey_steps_executed_total", "Total journey steps executed",
                          {{"journey_id", metrics::bounded("journey_id", journey.str())}, {"step_type", std::string(kind)}, {"outcome", std::string(outcome)}});
}

// How late they are looked at: what M10 promises.
metrics::Histogram& lateness() {
  static auto& histogram = metrics::histogram("postrider_journeys_step_delay_seconds", "Time from when an execution was due to when its turn was written",
                                              {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300});
  return histogram;
}

}  // namespace

Task<std::vector<Engine::Busy>> Engine::busy() {
  std::vector<Busy> all;
  auto const now = clock_.now();
  auto const rows = co_await store_.all_on(db::Lane::sending, sql::journey_engine::busy, now);
  for (auto const row : rows) all.push_back(Busy{row.id<TenantId>(0), row.id<JourneyId>(1), row.boolean(2)});
  co_return all;
}

Task<int> Engine::step(Busy journey) {
  std::string failure;
  try {
    co_return co_await take_turns(journey, settings_.batch);
  } catch (db::Retryable const&) {
    throw;
  } catch (db::Unavailable const&) {
    throw;
  } catch (std::exception const& error) {
    failure = error.what();
  }
  // One of them is to blame. Alone it is found; the others go on.
  log::error("journey_batch_failed", log::field("journey_id", journey.journey), log::field("error", failure));
  co_return co_await take_turns_singly(journey);
}

Task<int> Engine::take_turns_singly(Busy const& journey) {
  int looked_at = 0;
  for (int i = 0; i < settings_.batch; ++i) {
    std::string failure;
    int one = 0;
    try {
      one = co_await take_turns(journey, 1);
    } catch (db::Retryable const&) {
      throw;
    } catch (db::Unavailable const&) {
      throw;
    } catch (std::exception const& error) {
      failure = error.what();
    }
    if (!failure.empty() && tried_) {
      std::vector<ExecutionId> const blamed(1, *tried_);
      co_await store_.exec(sql::journey_engine::set_aside, journey.tenant, clock_.now(), failure.substr(0, 500), db::text_array(blamed));
      log::error("journey_execution_held", log::field("execution_id", blamed.front()), log::field("error", failure));
      one = 1;
    }
    if (one == 0) break;
    looked_at += one;
  }
  co_return looked_at;
}

Task<int> Engine::take_turns(Busy const& journey, int limit) {
  auto const tenant = journey.tenant;
  auto tx = co_await store_.begin(db::Lane::sending);
  auto const now = clock_.now();
  auto const claimed = co_await tx.all(sql::journey_engine::claim, tenant, journey.journey, now, limit, journey.active);
  tried_.reset();
  if (claimed.empty()) co_return 0;
  tried_ = claimed[0].id<ExecutionId>(0);

  std::vector<Due> all;
  std::vector<ContactId> contacts;
  std::set<Uuid> named;
  Questions asked;
  for (auto const row : claimed) {
    Due due;
    due.execution = read_execution(row);
    due.journey = co_await published(tx, tenant, journey.journey, due.execution.version);
    if (!due.journey) throw std::logic_error("there is no version " + std::to_string(due.execution.version) + " of journey " + journey.journey.str());
    auto& execution = due.execution;
    auto const node = due.journey->definition.find(execution.node_id);
    if (!node) throw std::logic_error("version " + std::to_string(execution.version) + " has no node " + execution.node_id);
    execution.state.node = *node;
    asked.add(questions(due.journey->definition, *node));
    if (auto const order = order_of(due); order.kind == Input::Kind::move) asked.add(questions(due.journey->definition, order.node));
    auto const goals = row.json(16);
    for (auto const& goal : goals.as_array())
      if (auto const at = due.journey->definition.find(std::string_view(goal.as_string()))) execution.state.goals.insert(*at);
    named.insert(due.journey->named.begin(), due.journey->named.end());
    contacts.push_back(execution.contact);
    all.push_back(std::move(due));
  }
  auto const facts = co_await segments::load_facts(tx, tenant, contacts, facts_for(std::move(asked)));
  auto const zone = co_await tx.one(sql::journey_engine::time_zone, tenant);
  std::map<Uuid, TemplateVersionId> versions;
  auto missing = named;
  if (!named.empty()) {
    for (auto const row : co_await tx.all(sql::journey_engine::usable, tenant, db::text_array(named))) {
      missing.erase(row.uuid(0));
      if (!row.is_null(1)) versions[row.uuid(0)] = row.id<TemplateVersionId>(1);
    }
  }
  Surroundings const around{journey.journey, missing, zone.text(0), random_};

  Written written;
  std::vector<WantedEffect> effects;
  std::vector<Instant> were_due;
  std::map<std::pair<std::string, Outcome>, int> counted;
  for (auto& due : all) {
    auto& execution = due.execution;
    auto const& definition = due.journey->definition;
    // After an outage nobody is hit by all that was missed at once: somebody looks at it first.
    if (execution.orders.is_null() && execution.was_due < now - definition.rules.overdue) {
      execution.held_at = now;
      execution.state.due.reset();
      execution.state.error = "overdue";
      written.add_state(execution, definition, now);
      continue;
    }
    were_due.push_back(execution.was_due);
    auto const before = wake_events(definition, execution.state);
    auto const known = facts.find(execution.contact);
    auto input = order_of(due);
    if (known == facts.end()) {
      input = Input();
      input.kind = Input::Kind::leave;
      input.why = "contact_gone";
    }
    auto turn = take_turn(definition, std::move(execution.state), known == facts.end() ? segments::Facts() : known->second, input, around, now);
    execution.state = std::move(turn.state);
    for (auto const& step : turn.steps) {
      written.add_step(execution.id, execution.version, definition, step);
      written.happened.push_back(told_step(due, step, ids_, now));
      ++counted[std::pair(definition.nodes[step.node].kind, step.outcome)];
    }
    for (auto& effect : turn.effects) effects.push_back(WantedEffect{due.journey, execution.id, execution.contact, std::move(effect)});
    written.change_waits(execution, before, wake_events(definition, execution.state));
    if (execution.state.ended()) written.happened.push_back(told_end(due, ids_, now));
    written.add_state(execution, definition, now);
  }
  co_await write(tx, tenant, journey.journey, std::move(written), now);
  co_await carry_out(*this, tx, tenant, std::move(effects), std::move(versions), ids_, now);
  POSTRIDER_FAIL_POINT("journeys.turns.before_commit");
  co_await tx.commit();
  POSTRIDER_FAIL_POINT("journeys.turns.after_commit");
  auto const written_at = clock_.now();
  for (auto const due : were_due) lateness().observe(std::chrono::duration<double>(written_at - due).count());
  for (auto const& [what, count] : counted) steps_executed(journey.journey, what.first, json::name_of(what.second)).add(count);
  co_return static_cast<int>(all.size());
}

}  // namespace postrider::journeys
