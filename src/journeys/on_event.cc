// What the event log means to journeys: some events are waited for, some bring somebody in.
#include "postrider/journeys/engine.h"
#include "sql/journey_engine.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <set>

namespace postrider::journeys {

namespace {

std::string_view text_at(boost::json::object const& object, char const* name) {
  auto const* const found = object.if_contains(name);
  return found && found->is_string() ? std::string_view(found->as_string()) : std::string_view();
}

segments::Facts::Event fact_of(events::StoredEvent const& stored) {
  segments::Facts::Event fact;
  fact.type = stored.event.type;
  fact.campaign = stored.event.campaign_id;
  fact.payload = stored.event.payload;
  fact.occurred_at = stored.event.occurred_at;
  fact.created_at = stored.created_at;
  return fact;
}

bool brings_in(Trigger const& trigger, events::StoredEvent const& stored, Instant now) {
  auto const& event = stored.event;
  switch (trigger.on) {
    case Trigger::On::event: return event.type == trigger.event.event && fits(trigger.event, fact_of(stored), now);
    case Trigger::On::segment_joined:
    case Trigger::On::segment_left:
      return event.type == events::kind::segment_membership_changed && text_at(event.payload, "segment_id") == trigger.segment->str() &&
             text_at(event.payload, "change") == (trigger.on == Trigger::On::segment_joined ? "joined" : "left");
    case Trigger::On::journey:
      return event.type == events::kind::journey_exited && event.journey_id == trigger.journey->uuid() && text_at(event.payload, "status") == "completed";
    case Trigger::On::date:
    case Trigger::On::call: break;
  }
  return false;
}

// What the engine itself tells all the time, and nobody can wait for.
bool own_noise(std::string_view type) { return type == events::kind::journey_step_completed || type == events::kind::journey_entered; }

}  // namespace

Task<void> Engine::on_events(db::Transaction& tx, TenantId tenant, std::vector<events::StoredEvent> const& happened) {
  auto const now = clock_.now();
  std::set<std::pair<ContactId, std::string>> seen;
  for (auto const& stored : happened)
    if (stored.event.contact_id && !own_noise(stored.event.type)) seen.emplace(*stored.event.contact_id, stored.event.type);
  if (seen.empty()) co_return;
  db::Columns rows(2);
  for (auto const& [contact, type] : seen) rows.add(contact, type);
  // In journeys that rest, too: they look as soon as they go on.
  if (co_await tx.exec(sql::journey_engine::wake, tenant, now, rows) > 0) tx.announce("journeys");
  auto const active = co_await tx.all(sql::journey_engine::active, tenant);
  std::vector<Entrance> entrances;
  for (auto const row : active) {
    auto const journey = co_await published(tx, tenant, row.id<JourneyId>(0), static_cast<int>(row.integer(2)));
    if (!journey) continue;
    for (std::size_t i = 0; i < journey->definition.nodes.size(); ++i) {
      auto const* const trigger = std::get_if<Trigger>(&journey->definition.nodes[i].settings);
      if (!trigger) continue;
      for (auto const& stored : happened) {
        if (!stored.event.contact_id || own_noise(stored.event.type) || !brings_in(*trigger, stored, now)) continue;
        Entrance entrance{.journey = journey->journey, .contact = *stored.event.contact_id, .trigger = i, .key = stored.event.id.str(), .event = stored.event.payload};
        entrances.push_back(std::move(entrance));
      }
    }
  }
  co_await enter(tx, tenant, std::move(entrances));
}

}  // namespace postrider::journeys
