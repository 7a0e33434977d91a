#include "postrider/journeys/simulation_file.h"

#include "postrider/base/local_time.h"
#include "postrider/json/names.h"

#include <boost/json/array.hpp>

#include <algorithm>

namespace postrider::journeys {

namespace {

namespace bj = boost::json;
using Counts = std::map<std::string, std::int64_t>;

bj::object shown(Counts const& counts) {
  bj::object all;
  for (auto const& [name, count] : counts) all[name] = count;
  return all;
}

void add(Counts& to, Counts const& from) {
  for (auto const& [name, count] : from) to[name] += count;
}

// The end of a journey has no exit's name.
Counts named(Counts const& left) {
  Counts all;
  for (auto const& [exit, count] : left) all[exit.empty() ? "end" : exit] += count;
  return all;
}

bj::object shown(NodeDay const& day) {
  bj::object all;
  all["entered"] = day.entered;
  all["left"] = shown(named(day.left));
  all["sent"] = shown(day.sent);
  all["blocked"] = shown(day.blocked);
  all["errors"] = day.errors;
  all["waiting"] = day.waiting;
  return all;
}

bj::object shown_node(Node const& node, std::vector<NodeDay> const& days) {
  NodeDay whole;
  bj::array of_days;
  for (std::size_t i = 0; i < days.size(); ++i) {
    auto const& day = days[i];
    whole.entered += day.entered;
    whole.errors += day.errors;
    whole.waiting = day.waiting;
    add(whole.left, day.left);
    add(whole.sent, day.sent);
    add(whole.blocked, day.blocked);
    if (day.entered == 0 && day.left.empty() && day.blocked.empty()) continue;
    auto one = shown(day);
    one["day"] = i + 1;
    of_days.push_back(std::move(one));
  }
  auto all = shown(whole);
  all["node"] = node.id;
  all["kind"] = node.kind;
  all["days"] = std::move(of_days);
  return all;
}

Scenario staged(Definition const& definition, ScenarioIn const& in) {
  Scenario scenario;
  scenario.from = in.starts;
  scenario.length = in.lasts.value_or(std::chrono::hours(24 * 90));
  scenario.time_zone = *in.time_zone;
  scenario.traced = 1;
  SimulatedPerson person;
  auto& contact = person.facts.contact;
  contact.id = ContactId(uuid_from_name(in.name));
  auto const given = in.contact.value_or(ScenarioContactIn());
  contact.email = given.email.value_or("somebody@example.com");
  contact.phone = given.phone;
  contact.first_name = given.first_name;
  contact.last_name = given.last_name;
  contact.time_zone = given.time_zone;
  contact.locale = given.locale;
  contact.external_id = given.external_id;
  contact.attributes = *given.attributes;
  contact.tags = *given.tags;
  contact.created_at = contact.updated_at = in.starts;
  person.facts.segments.insert(given.segment_ids->begin(), given.segment_ids->end());
  if (*given.consent)
    for (auto const* const channel : {"email", "sms", "push"}) person.facts.consents.push_back(segments::Facts::Consent{channel, "marketing", "granted", {}});
  auto const happens = [&scenario](std::string const& type, bj::object const& properties, Instant at) {
    SimulatedEvent event;
    event.event.type = type;
    event.event.payload = properties;
    event.event.occurred_at = event.event.created_at = at;
    scenario.events.push_back(std::move(event));
  };
  auto const by_event = definition.trigger(Trigger::On::event);
  if (by_event) happens(std::get<Trigger>(definition.nodes[*by_event].settings).event.event, *in.trigger_properties, in.starts);
  else person.enters = in.starts;
  for (auto const& each : in.events.value_or(std::vector<ScenarioEventIn>())) happens(each.event, *each.properties, in.starts + each.after);
  scenario.people.push_back(std::move(person));
  return scenario;
}

std::string joined(std::vector<std::string> const& words) {
  std::string all;
  for (auto const& word : words) all += (all.empty() ? "" : ", ") + word;
  return "[" + all + "]";
}

}  // namespace

Result<Scenario> scenario_of(SimulationIn const& in, Instant now) {
  if (!is_time_zone(*in.time_zone)) return invalid_field("/time_zone", "invalid_value", "must be a zone of the IANA database like Europe/Rome");
  if (in.population && in.population->time_zones)
    for (auto const& [zone, share] : *in.population->time_zones)
      if (!is_time_zone(zone)) return invalid_field("/population/time_zones/" + zone, "invalid_value", "is no zone of the IANA database");
  Scenario scenario;
  scenario.from = in.from.value_or(now);
  scenario.length = std::chrono::hours(24) * *in.days;
  scenario.seed = static_cast<std::uint64_t>(*in.seed);
  scenario.time_zone = *in.time_zone;
  if (in.rates) scenario.rates = Rates{*in.rates->open, *in.rates->click, *in.rates->unsubscribe, *in.rates->bounce};
  if (in.frequency) {
    scenario.frequency_messages = static_cast<int>(in.frequency->messages);
    scenario.frequency_days = static_cast<int>(in.frequency->days);
  }
  return scenario;
}

Population population_of(PopulationIn const& in) {
  Population population;
  population.people = static_cast<std::size_t>(*in.people);
  population.enter_over = in.enter_over.value_or(std::chrono::hours(24));
  population.consent = *in.consent;
  if (in.attributes) population.attributes = *in.attributes;
  if (in.time_zones) population.time_zones = *in.time_zones;
  if (in.tags) population.tags = *in.tags;
  for (auto const& each : in.events.value_or(std::vector<HappeningIn>())) population.events.push_back(Population::Happening{each.event, each.per_day, *each.properties});
  population.trigger_properties = *in.trigger_properties;
  return population;
}

bj::object shown(SimulationReport const& report, Definition const& definition) {
  bj::object all;
  all["days"] = report.days;
  all["people"] = report.people;
  all["entered"] = report.entered;
  all["not_entered"] = shown(report.not_entered);
  all["in_flight"] = report.in_flight;
  all["completed"] = shown(report.completed);
  all["exited"] = shown(report.exited);
  all["sent"] = shown(report.sent);
  all["blocked"] = shown(report.blocked);
  all["reached_goal"] = report.reached_goal;
  all["goal_rate"] = report.entered == 0 ? 0.0 : static_cast<double>(report.reached_goal) / static_cast<double>(report.entered);
  all["turns"] = report.turns;
  bj::array nodes;
  for (std::size_t i = 0; i < report.nodes.size(); ++i) nodes.push_back(shown_node(definition.nodes[i], report.nodes[i]));
  all["nodes"] = std::move(nodes);
  return all;
}

std::vector<std::string> play(Definition const& definition, ScenarioIn const& in) {
  std::vector<std::string> wrong;
  auto const report = simulate(definition, staged(definition, in));
  TracedExecution const nobody;
  auto const& went = report.traces.empty() ? nobody : report.traces.front();
  auto const& expected = in.expect;
  if (report.traces.empty()) wrong.emplace_back("nobody came in");
  if (expected.path) {
    // A step may be expected by its node alone, or with the exit it left by.
    std::vector<std::string> path;
    bool same = expected.path->size() == went.steps.size();
    for (std::size_t i = 0; i < went.steps.size(); ++i) {
      auto const& id = definition.nodes[went.steps[i].node].id;
      auto const whole = went.steps[i].exit.empty() ? id : id + " " + went.steps[i].exit;
      path.push_back(whole);
      same = same && i < expected.path->size() && ((*expected.path)[i] == id || (*expected.path)[i] == whole);
    }
    if (!same) wrong.push_back("expected the path " + joined(*expected.path) + ", and it was " + joined(path));
  }
  auto const status = std::string(json::name_of(went.state.status));
  if (expected.status && *expected.status != status) wrong.push_back("expected the status " + *expected.status + ", and it was " + status);
  if (expected.reason && *expected.reason != went.state.reason) wrong.push_back("expected the reason '" + *expected.reason + "', and it was '" + went.state.reason + "'");
  auto const sent = static_cast<std::int64_t>(went.sent.size());
  if (expected.sent && *expected.sent != sent) wrong.push_back("expected " + std::to_string(*expected.sent) + " messages sent, and there were " + std::to_string(sent));
  return wrong;
}

}  // namespace postrider::journeys
