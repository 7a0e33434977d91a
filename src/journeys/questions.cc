// What a journey reads: which facts a turn may need, and which events are worth a look.
#include "journeys/definition_reader.h"
#include "postrider/events/event_log.h"
#include "postrider/journeys/machine.h"

namespace postrider::journeys {

namespace {

void ask(Questions& asked, Node const& node) {
  if (auto const* const branch = std::get_if<Branch>(&node.settings)) asked.add(branch->condition);
  if (auto const* const wait = std::get_if<Wait>(&node.settings); wait && wait->what == Wait::For::event) asked.events.insert(wait->event.event);
  if (auto const* const goal = std::get_if<Goal>(&node.settings)) asked.events.insert(goal->event.event);
}

void watch(segments::Condition const& condition, std::set<std::string>& types) {
  if (condition.kind == segments::Condition::Kind::event) types.insert(condition.event);
  if (condition.kind == segments::Condition::Kind::segment) types.insert(std::string(events::kind::segment_membership_changed));
  if (condition.kind == segments::Condition::Kind::consent) {
    types.insert(std::string(events::kind::consent_granted));
    types.insert(std::string(events::kind::consent_revoked));
  }
  for (auto const& part : condition.parts) watch(part, types);
}

}  // namespace

void Questions::add(segments::Condition const& condition) {
  if (condition.kind == segments::Condition::Kind::event) events.insert(condition.event);
  if (condition.kind == segments::Condition::Kind::segment) segments = true;
  if (condition.kind == segments::Condition::Kind::consent) consents = true;
  for (auto const& part : condition.parts) add(part);
}

void Questions::add(Questions const& more) {
  events.insert(more.events.begin(), more.events.end());
  consents = consents || more.consents;
  segments = segments || more.segments;
}

Questions questions(Definition const& definition, std::size_t node) {
  Questions asked;
  if (definition.rules.stay_while) asked.add(*definition.rules.stay_while);
  std::vector<bool> seen(definition.nodes.size());
  std::vector<std::size_t> open;
  auto reach = [&](std::size_t at) {
    if (seen[at]) return;
    seen[at] = true;
    open.push_back(at);
  };
  reach(node);
  for (std::size_t i = 0; i < definition.nodes.size(); ++i)
    if (std::holds_alternative<Goal>(definition.nodes[i].settings)) reach(i);
  while (!open.empty()) {
    auto const at = open.back();
    open.pop_back();
    auto const& each = definition.nodes[at];
    ask(asked, each);
    // Whoever comes to such a wait stays there for this turn.
    if (at != node && always_waits(each)) continue;
    for (auto const to : ways_on(definition, each)) reach(to);
  }
  return asked;
}

std::set<std::string> wake_events(Definition const& definition, State const& state) {
  std::set<std::string> types;
  if (state.ended()) return types;
  auto const* const wait = std::get_if<Wait>(&definition.nodes[state.node].settings);
  if (wait && wait->what == Wait::For::event) types.insert(wait->event.event);
  for (std::size_t i = 0; i < definition.nodes.size(); ++i)
    if (auto const* const goal = std::get_if<Goal>(&definition.nodes[i].settings); goal && !state.goals.contains(i)) types.insert(goal->event.event);
  if (definition.rules.stay_while) watch(*definition.rules.stay_while, types);
  return types;
}

}  // namespace postrider::journeys
