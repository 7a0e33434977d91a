#include "postrider/journeys/past.h"

#include "journeys/executions_store.h"
#include "postrider/delivery/sending_policy.h"
#include "sql/journey_engine.h"
#include "sql/journey_past.h"

#include <algorithm>

namespace postrider::journeys {

namespace {

constexpr std::int64_t people_at_once = 1000;

// Everything that any part of the journey may read.
segments::FactsWanted all_questions(Definition const& definition) {
  Questions asked;
  if (definition.entry.where) asked.add(*definition.entry.where);
  for (std::size_t i = 0; i < definition.nodes.size(); ++i) {
    asked.add(questions(definition, i));
    if (auto const* const trigger = std::get_if<Trigger>(&definition.nodes[i].settings); trigger && trigger->on == Trigger::On::event) asked.events.insert(trigger->event.event);
  }
  asked.consents = true;  // the gate asks for it in any case
  return facts_for(std::move(asked));
}

// Those that were written down before the scenario are known; those within it happen when they did.
void divide_events(Scenario& scenario, std::size_t person, std::vector<segments::Facts::Event> events, std::vector<segments::Facts::Event>& known) {
  for (auto& event : events) {
    if (event.created_at < scenario.from) known.push_back(std::move(event));
    else if (event.created_at < scenario.from + scenario.length) scenario.events.push_back(SimulatedEvent{person, std::move(event)});
  }
}

}  // namespace

Task<void> add_real_people(db::Store& store, TenantId tenant, Scenario& scenario, Definition const& definition, PastWanted wanted) {
  auto const questions = all_questions(definition);
  auto const by_event = definition.trigger(Trigger::On::event);
  auto const zone = co_await store.all_on(db::Lane::background, sql::journey_engine::time_zone, tenant);
  if (!zone.empty()) scenario.time_zone = zone[0].text(0);
  auto const policy = co_await delivery::sending_policy(store, tenant);
  if (!scenario.frequency_messages && policy.frequency_messages) {
    scenario.frequency_messages = policy.frequency_messages;
    scenario.frequency_days = policy.frequency_days.value_or(1);
  }
  ContactId after;
  for (std::int64_t left = wanted.limit; left > 0;) {
    auto const step = std::min(left, people_at_once);
    db::Rows rows;
    if (wanted.segment) rows = co_await store.all_on(db::Lane::background, sql::journey_past::of_segment, tenant, after, step, *wanted.segment);
    else rows = co_await store.all_on(db::Lane::background, sql::journey_past::of_all, tenant, after, step);
    if (rows.empty()) break;
    std::vector<ContactId> ids;
    for (auto const row : rows) ids.push_back(row.id<ContactId>(0));
    after = ids.back();
    left -= static_cast<std::int64_t>(ids.size());
    std::map<ContactId, std::string> suppressed;
    auto const reasons = co_await store.all_on(db::Lane::background, sql::journey_past::suppressed, tenant, db::text_array(ids));
    for (auto const row : reasons) suppressed[row.id<ContactId>(0)] = row.text(1);
    auto facts = co_await segments::load_facts(store, tenant, ids, questions);
    for (auto& [id, known] : facts) {
      SimulatedPerson person;
      auto events = std::move(known.events);
      known.events.clear();
      person.facts = std::move(known);
      divide_events(scenario, scenario.people.size(), std::move(events), person.facts.events);
      if (auto const found = suppressed.find(id); found != suppressed.end()) person.suppression = found->second;
      if (!by_event) person.enters = scenario.from;
      scenario.people.push_back(std::move(person));
    }
  }
}

}  // namespace postrider::journeys
