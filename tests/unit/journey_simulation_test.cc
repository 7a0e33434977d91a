// Simulations: the same machine over people that do not exist, with a clock that jumps.
#include "postrider/journeys/simulation.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::journeys;
using namespace std::chrono_literals;

namespace {

Definition definition_of(std::string const& text) {
  auto read = parse_definition(boost::json::parse(text));
  if (!read) FAIL(read.error().message);
  return *read;
}

std::string const documented = R"({"nodes": [
    {"id": "start", "kind": "trigger", "settings": {"on": "event", "event": "signed_up"}, "exits": {"next": "mail"}},
    {"id": "mail", "kind": "action", "settings": {"act": "send_message", "template_id": "01890000-0000-7000-8000-000000000001", "sender_id": "01890000-0000-7000-8000-000000000002"}, "exits": {"next": "pause"}},
    {"id": "pause", "kind": "wait", "settings": {"duration": "2d"}, "exits": {"next": "read"}},
    {"id": "read", "kind": "condition", "settings": {"condition": {"type": "event", "event": "email_opened", "within": "48h"}}, "exits": {"true": "tag", "false": "again"}},
    {"id": "tag", "kind": "action", "settings": {"act": "add_tag", "tag": "reader"}, "exits": {"next": "bye"}},
    {"id": "again", "kind": "action", "settings": {"act": "send_message", "template_id": "01890000-0000-7000-8000-000000000001", "sender_id": "01890000-0000-7000-8000-000000000002"}, "exits": {"next": "bye"}},
    {"id": "bought", "kind": "goal", "settings": {"event": "purchased"}},
    {"id": "bye", "kind": "exit", "settings": {"reason": "done"}}]})";

Scenario scenario_of(Definition const& definition, Population const& population, std::uint64_t seed = 1) {
  Scenario scenario;
  scenario.from = *parse_instant("2026-03-02T00:00:00Z");
  scenario.seed = seed;
  populate(scenario, population, definition);
  return scenario;
}

std::int64_t sum_of(std::map<std::string, std::int64_t> const& counts) {
  std::int64_t all = 0;
  for (auto const& [name, count] : counts) all += count;
  return all;
}

std::string shown(SimulationReport const& r) {
  boost::json::object all;
  all["entered"] = r.entered;
  all["turns"] = r.turns;
  for (std::size_t i = 0; i < r.nodes.size(); ++i)
    for (std::size_t d = 0; d < r.nodes[i].size(); ++d) {
      auto const& day = r.nodes[i][d];
      all[std::to_string(i) + "/" + std::to_string(d)] = {day.entered, sum_of(day.left), sum_of(day.sent), sum_of(day.blocked), day.waiting};
    }
  return boost::json::serialize(all);
}

}  // namespace

TEST_CASE("a simulation adds up: who enters is somewhere, and the shares come out") {
  auto const definition = definition_of(documented);
  Population population;
  population.people = 20'000;
  population.consent = 0.9;
  auto scenario = scenario_of(definition, population);
  scenario.rates = Rates{.open = 0.4, .click = 0.1, .unsubscribe = 0.01, .bounce = 0.02};
  auto const report = simulate(definition, std::move(scenario));
  CHECK(report.days == 90);
  CHECK(report.entered == 20'000);
  CHECK(report.in_flight == 0);
  CHECK(sum_of(report.completed) == 20'000);
  CHECK(report.exited.empty());
  // One in ten has not agreed; nobody who bounced or left gets the second one.
  auto const first = sum_of(report.nodes[1][0].sent) + sum_of(report.nodes[1][1].sent);
  CHECK(std::abs(first - 18'000) < 200);
  auto const tagged = report.nodes[4];
  std::int64_t readers = 0, again = 0, refused = 0;
  for (auto const& day : tagged) readers += day.entered;
  for (auto const& day : report.nodes[5]) {
    again += sum_of(day.sent);
    refused += sum_of(day.blocked);
  }
  CHECK(std::abs(readers - 7'000) < 300);  // 18,000 × 0.98 × 0.4, nearly all within two days
  CHECK(readers + again + refused == 20'000);
  CHECK(report.sent.at("email") == first + again);
  CHECK(report.blocked.at("consent_missing") + report.blocked.at("suppressed") == sum_of(report.blocked));
  for (auto const& days : report.nodes) {
    std::int64_t entered = 0, left = 0;
    for (auto const& day : days) {
      entered += day.entered;
      left += sum_of(day.left);
      CHECK(day.waiting == entered - left);
    }
    CHECK(entered == left);
  }
}

TEST_CASE("the same seed gives the same answer, another seed another one") {
  auto const definition = definition_of(documented);
  Population population;
  population.people = 500;
  population.events.push_back(Population::Happening{"purchased", 0.1, {}});
  auto run = [&](std::uint64_t seed) {
    auto scenario = scenario_of(definition, population, seed);
    scenario.rates = Rates{.open = 0.4, .click = 0.1, .unsubscribe = 0.01, .bounce = 0.02};
    return simulate(definition, std::move(scenario));
  };
  auto const one = run(7);
  CHECK(shown(one) == shown(run(7)));
  CHECK(shown(one) != shown(run(8)));
  // About a fifth buys within the two days before the journey ends for them.
  CHECK(one.reached_goal > 60);
  CHECK(one.reached_goal < 140);
  CHECK(one.completed.at("goal") == one.reached_goal);
}

TEST_CASE("a simulated scenario goes the way the machine goes, with caps and quiet hours") {
  auto const definition = definition_of(R"({"nodes": [
    {"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "mail"}},
    {"id": "mail", "kind": "action", "settings": {"act": "send_message", "template_id": "01890000-0000-7000-8000-000000000001", "sender_id": "01890000-0000-7000-8000-000000000002"}, "exits": {"next": "call"}},
    {"id": "call", "kind": "action", "settings": {"act": "webhook", "url": "https://example.com/"}, "exits": {"next": "more"}},
    {"id": "more", "kind": "action", "settings": {"act": "send_message", "template_id": "01890000-0000-7000-8000-000000000001", "sender_id": "01890000-0000-7000-8000-000000000002"}, "exits": {"next": "bye"}},
    {"id": "bye", "kind": "exit"}], "rules": {"quiet_hours": {"from": "21:00", "to": "08:00"}}})");
  Scenario scenario;
  scenario.from = *parse_instant("2026-03-02T00:00:00Z");
  scenario.length = 24h * 3;
  scenario.frequency_messages = 1;
  scenario.frequency_days = 1;
  scenario.traced = 1;
  SimulatedPerson person;
  person.facts.contact.id = ContactId(uuid_from_name("one"));
  person.facts.contact.email = "one@example.com";
  person.facts.consents.push_back(segments::Facts::Consent{"email", "marketing", "granted", {}});
  person.enters = scenario.from + 3h;
  scenario.people.push_back(person);
  auto const report = simulate(definition, std::move(scenario));
  REQUIRE(report.traces.size() == 1);
  auto const& trace = report.traces[0];
  CHECK(trace.steps.size() == 5);
  REQUIRE(trace.sent.size() == 1);
  CHECK(trace.sent[0] == *parse_instant("2026-03-02T08:00:00Z"));
  CHECK(sum_of(report.blocked) == 1);
  CHECK(report.blocked.begin()->first.starts_with("frequency"));
  CHECK(report.completed.at("exit") == 1);
  CHECK(replay(definition, 0, trace.steps).ended);
}
