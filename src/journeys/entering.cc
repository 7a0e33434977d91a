// Who comes in: the entry condition, whether they were here before, and the first row of their execution.
#include "journeys/executions_store.h"
#include "postrider/base/log.h"
#include "sql/journey_engine.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <set>

namespace postrider::journeys {

namespace {

constexpr Instant long_ago{};
// Of one contact into one journey. More than this is no customer but a ring: what the journey does brings them in again, directly or by another one.
constexpr int most_entries_an_hour = 100;

events::Event told_entry(Published const& journey, Entrance const& entrance, ExecutionId id, Ids& ids, Instant now) {
  events::Event event;
  event.id = ids.make<EventId>();
  event.type = std::string(events::kind::journey_entered);
  event.contact_id = entrance.contact;
  event.journey_id = entrance.journey.uuid();
  event.occurred_at = now;
  event.payload["execution_id"] = id.str();
  event.payload["version"] = journey.version;
  event.payload["trigger"] = journey.definition.nodes[entrance.trigger].id;
  return event;
}

// Entry conditions may ask for what the trigger brought along.
segments::Facts with_event(segments::Facts facts, Entrance const& entrance) {
  facts.contact.attributes["variables"] = entrance.variables;
  facts.contact.attributes["event"] = entrance.event;
  return facts;
}

}  // namespace

Task<std::vector<Entered>> Engine::enter(db::Transaction& tx, TenantId tenant, std::vector<Entrance> entrances) {
  std::vector<Entered> entered(entrances.size());
  if (entrances.empty()) co_return entered;
  auto const now = clock_.now();
  std::map<JourneyId, std::shared_ptr<Published const>> open;
  std::set<JourneyId> meant;
  for (auto const& entrance : entrances) meant.insert(entrance.journey);
  for (auto const row : co_await tx.all(sql::journey_engine::active, tenant)) {
    auto const journey = row.id<JourneyId>(0);
    if (!meant.contains(journey)) continue;
    auto version = co_await published(tx, tenant, journey, static_cast<int>(row.integer(2)));
    if (version) open[journey] = std::move(version);
  }
  Questions questions;
  std::set<ContactId> asked;
  for (auto const& entrance : entrances) {
    auto const found = open.find(entrance.journey);
    if (found == open.end() || !found->second->definition.entry.where) continue;
    questions.add(*found->second->definition.entry.where);
    asked.insert(entrance.contact);
  }
  auto const facts = co_await segments::load_facts(tx, tenant, std::vector<ContactId>(asked.begin(), asked.end()), facts_for(std::move(questions)));

  // Those of the entry rules that only let in who was not here lately; each contact once, though several events may bring them.
  std::set<std::pair<JourneyId, ContactId>> limited, admitted, unlimited;
  db::Columns admitting(3), counting(2);
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < entrances.size(); ++i) {
    auto const& entrance = entrances[i];
    auto const found = open.find(entrance.journey);
    if (found == open.end()) {
      entered[i].why_not = "not_active";
      continue;
    }
    auto const& entry = found->second->definition.entry;
    if (entry.where) {
      auto const known = facts.find(entrance.contact);
      if (known == facts.end() || !segments::fits(*entry.where, with_event(known->second, entrance), now)) {
        entered[i].why_not = "entry_condition";
        continue;
      }
    }
    if (entry.again != Entry::Again::always) {
      if (!limited.emplace(entrance.journey, entrance.contact).second) {
        entered[i].why_not = "entered_before";
        continue;
      }
      std::optional<Instant> latest;
      if (entry.again == Entry::Again::after) latest = std::max(long_ago, now - entry.every);
      admitting.add(entrance.journey, entrance.contact, latest);
    } else if (unlimited.emplace(entrance.journey, entrance.contact).second) {
      counting.add(entrance.journey, entrance.contact);
    }
    candidates.push_back(i);
  }
  if (admitting.rows() > 0)
    for (auto const row : co_await tx.all(sql::journey_engine::admit, tenant, now, admitting)) admitted.emplace(row.id<JourneyId>(0), row.id<ContactId>(1));
  std::map<std::pair<JourneyId, ContactId>, std::int64_t> lately;
  if (counting.rows() > 0) {
    auto const since = now - std::chrono::hours(1);
    for (auto const row : co_await tx.all(sql::journey_engine::entries_since, tenant, since, counting)) lately[std::pair(row.id<JourneyId>(0), row.id<ContactId>(1))] = row.integer(2);
  }

  db::Columns rows(8);
  std::map<std::string, std::size_t> made;
  for (auto const i : candidates) {
    auto const& entrance = entrances[i];
    auto const& journey = *open[entrance.journey];
    auto const who = std::pair(entrance.journey, entrance.contact);
    if (journey.definition.entry.again != Entry::Again::always && !admitted.contains(who)) {
      entered[i].why_not = "entered_before";
      continue;
    }
    if (++lately[who] > most_entries_an_hour) {
      entered[i].why_not = "too_often";
      log::warn("journey_entry_refused", log::field("journey_id", entrance.journey), log::field("contact_id", entrance.contact), log::field("why", "too_often"));
      continue;
    }
    auto const id = ids_.make<ExecutionId>();
    rows.add(id, entrance.journey, journey.version, entrance.contact, entrance.key, journey.definition.nodes[entrance.trigger].id, boost::json::serialize(entrance.variables),
             boost::json::serialize(entrance.event));
    entered[i].why_not = "same_key";
    made[id.str()] = i;
  }
  if (made.empty()) co_return entered;
  Written written;
  for (auto const row : co_await tx.all(sql::journey_engine::enter, tenant, now, rows)) {
    auto const i = made.at(row.text(0));
    auto const& entrance = entrances[i];
    auto const& journey = *open[entrance.journey];
    Execution execution;
    execution.id = row.id<ExecutionId>(0);
    execution.contact = entrance.contact;
    execution.state = journeys::enter(entrance.trigger, {}, {}, now);
    written.change_waits(execution, {}, wake_events(journey.definition, execution.state));
    written.happened.push_back(told_entry(journey, entrance, execution.id, ids_, now));
    entered[i].execution = execution.id;
    entered[i].why_not.clear();
  }
  co_await write(tx, tenant, JourneyId(), std::move(written), now);
  tx.announce("journeys");
  co_return entered;
}

Task<Result<ExecutionId>> Engine::call(Context context, JourneyId journey, ContactId contact, boost::json::object variables, std::optional<std::string> key) {
  auto tx = co_await store_.begin();
  std::optional<std::size_t> trigger;
  for (auto const row : co_await tx.all(sql::journey_engine::active, context.tenant)) {
    if (row.id<JourneyId>(0) != journey) continue;
    auto const version = co_await published(tx, context.tenant, journey, static_cast<int>(row.integer(2)));
    if (!version) co_return conflict("the version of this journey cannot be read");
    trigger = version->definition.trigger(Trigger::On::call);
    if (!trigger) co_return conflict("this journey has no trigger 'call'");
  }
  if (!trigger) co_return conflict("this journey is not active");
  Entrance entrance{.journey = journey, .contact = contact, .trigger = *trigger, .key = key.value_or(ids_.make<EventId>().str()), .variables = std::move(variables)};
  std::vector<Entrance> one;
  one.push_back(std::move(entrance));
  auto const entered = co_await enter(tx, context.tenant, std::move(one));
  auto const& answer = entered.front();
  if (!answer.execution) {
    if (answer.why_not == "entry_condition") co_return conflict("this contact does not meet the journey's entry condition");
    if (answer.why_not == "entered_before") co_return conflict("this contact was in the journey before, and its entry rule does not let them in again yet");
    if (answer.why_not == "too_often") co_return conflict("this contact came into the journey " + std::to_string(most_entries_an_hour) + " times within an hour: something brings them in again and again");
    co_return conflict("this contact was let in with the same key before");
  }
  co_await tx.commit();
  co_return *answer.execution;
}

}  // namespace postrider::journeys
