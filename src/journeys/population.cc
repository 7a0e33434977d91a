// People that do not exist, drawn from shares.
#include "journeys/lot.h"
#include "postrider/journeys/simulation.h"

#include <cmath>

namespace postrider::journeys {

namespace {

// Matters of luck that no message has: messages count from one.
constexpr std::uint64_t who = std::uint64_t{1} << 40U;
constexpr std::uint64_t happenings = std::uint64_t{1} << 41U;

std::string drawn(std::map<std::string, double> const& shares, double luck) {
  double all = 0;
  for (auto const& [value, share] : shares) all += share;
  luck *= std::max(all, 1.0);
  for (auto const& [value, share] : shares) {
    if (luck < share) return value;
    luck -= share;
  }
  return "";
}

Duration fraction_of(Duration whole, double part) { return Duration(static_cast<Duration::rep>(static_cast<double>(whole.count()) * part)); }

}  // namespace

void populate(Scenario& scenario, Population const& population, Definition const& definition) {
  auto const by_event = definition.trigger(Trigger::On::event);
  for (std::size_t i = 0; i < population.people; ++i) {
    auto const at = scenario.people.size();
    Lot lot(scenario.seed, at, who);
    SimulatedPerson person;
    auto& contact = person.facts.contact;
    contact.id = ContactId(uuid_from_name("made-up person " + std::to_string(at)));
    contact.email = "person" + std::to_string(at) + "@example.com";
    contact.phone = "+3906" + std::to_string(10'000'000 + at);
    contact.created_at = contact.updated_at = scenario.from;
    auto const comes_after = fraction_of(population.enter_over, lot.fraction());
    auto const agrees = lot.fraction();
    if (auto zone = drawn(population.time_zones, lot.fraction()); !zone.empty()) contact.time_zone = std::move(zone);
    for (auto const& [key, shares] : population.attributes)
      if (auto value = drawn(shares, lot.fraction()); !value.empty()) contact.attributes[key] = std::move(value);
    for (auto const& [tag, share] : population.tags)
      if (lot.fraction() < share) contact.tags.push_back(tag);
    if (agrees < population.consent)
      for (auto const* const channel : {"email", "sms", "push"}) person.facts.consents.push_back(segments::Facts::Consent{channel, "marketing", "granted", {}});
    auto const happens = [&](std::string const& type, boost::json::object const& properties, Instant when) {
      SimulatedEvent event;
      event.person = at;
      event.event.type = type;
      event.event.payload = properties;
      event.event.occurred_at = event.event.created_at = when;
      scenario.events.push_back(std::move(event));
    };
    if (by_event) happens(std::get<Trigger>(definition.nodes[*by_event].settings).event.event, population.trigger_properties, scenario.from + comes_after);
    else person.enters = scenario.from + comes_after;
    for (std::size_t k = 0; k < population.events.size(); ++k) {
      auto const& happening = population.events[k];
      if (happening.per_day <= 0) continue;
      // As decay does: the time to the next one is exponential.
      Lot when(scenario.seed, at, happenings + k);
      auto const mean = 24 * 3600e6 / happening.per_day;
      for (auto next = scenario.from;;) {
        next += Duration(static_cast<Duration::rep>(-std::log(1 - when.fraction()) * mean) + 1);
        if (next >= scenario.from + scenario.length) break;
        happens(happening.event, happening.properties, next);
      }
    }
    scenario.people.push_back(std::move(person));
  }
}

}  // namespace postrider::journeys
