// Simulations as JSON: what the API and `postrider journey simulate` are asked, what they answer, and scenario files that run as tests
// (`postrider journey test`). docs/journeys.md shows all three.
#pragma once

#include "postrider/json/codec.h"
#include "postrider/journeys/simulation.h"

#include <boost/describe/class.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postrider::journeys {

struct RatesIn {
  json::Defaulted<double> open = 0.0, click = 0.0, unsubscribe = 0.0, bounce = 0.0;
  static constexpr json::Rule json_rules[] = {json::range("open", 0, 1), json::range("click", 0, 1), json::range("unsubscribe", 0, 1), json::range("bounce", 0, 1)};
  static constexpr std::string_view json_name = "SimulationRates";
};
BOOST_DESCRIBE_STRUCT(RatesIn, (), (open, click, unsubscribe, bounce))

struct HappeningIn {
  std::string event;
  double per_day = 0;  // of each person, on average
  json::Defaulted<boost::json::object> properties = boost::json::object();
  static constexpr json::Rule json_rules[] = {json::length("event", 1, 100), json::range("per_day", 0, 100)};
  static constexpr std::string_view json_name = "SimulationHappening";
};
BOOST_DESCRIBE_STRUCT(HappeningIn, (), (event, per_day, properties))

struct PopulationIn {
  json::Defaulted<std::int64_t> people = std::int64_t{10'000};
  std::optional<Duration> enter_over;
  json::Defaulted<double> consent = 1.0;
  std::optional<std::map<std::string, std::map<std::string, double>>> attributes;
  std::optional<std::map<std::string, double>> time_zones, tags;
  std::optional<std::vector<HappeningIn>> events;
  json::Defaulted<boost::json::object> trigger_properties = boost::json::object();
  static constexpr json::Rule json_rules[] = {json::range("people", 1, 200'000), json::range("consent", 0, 1)};
  static constexpr std::string_view json_name = "SimulationPopulation";
};
BOOST_DESCRIBE_STRUCT(PopulationIn, (), (people, enter_over, consent, attributes, time_zones, tags, events, trigger_properties))

struct FrequencyIn {
  std::int64_t messages = 1, days = 1;
  static constexpr json::Rule json_rules[] = {json::range("messages", 1, 1000), json::range("days", 1, 365)};
  static constexpr std::string_view json_name = "SimulationFrequency";
};
BOOST_DESCRIBE_STRUCT(FrequencyIn, (), (messages, days))

struct SimulationIn {
  std::optional<Instant> from;  // without: now
  json::Defaulted<std::int64_t> days = std::int64_t{90};
  json::Defaulted<std::int64_t> seed = std::int64_t{1};
  json::Defaulted<std::string> time_zone = std::string("UTC");
  std::optional<RatesIn> rates;
  std::optional<FrequencyIn> frequency;
  std::optional<PopulationIn> population;
  static constexpr json::Rule json_rules[] = {json::range("days", 1, 366)};
  static constexpr std::string_view json_name = "SimulationInput";
};
BOOST_DESCRIBE_STRUCT(SimulationIn, (), (from, days, seed, time_zone, rates, frequency, population))

// Everything but the people. Fails with invalid.
Result<Scenario> scenario_of(SimulationIn const& in, Instant now);
Population population_of(PopulationIn const& in);

// Counts of the whole and of each node, and of each node's days on which something happened.
boost::json::object shown(SimulationReport const& report, Definition const& definition);

// {"journey": "welcome.json", "scenarios": [{"name", "starts", "contact", "events": [{"after", "event", "properties"}], "lasts",
//   "expect": {"path": ["start", "pause", "read true", "bye"], "status", "reason", "sent"}}]}
struct ScenarioEventIn {
  Duration after = {};  // since the start
  std::string event;
  json::Defaulted<boost::json::object> properties = boost::json::object();
};
BOOST_DESCRIBE_STRUCT(ScenarioEventIn, (), (after, event, properties))

struct ScenarioContactIn {
  std::optional<std::string> email, phone, first_name, last_name, time_zone, locale, external_id;
  json::Defaulted<boost::json::object> attributes = boost::json::object();
  json::Defaulted<std::vector<std::string>> tags = std::vector<std::string>();
  json::Defaulted<std::vector<SegmentId>> segment_ids = std::vector<SegmentId>();
  json::Defaulted<bool> consent = true;  // to marketing on all channels
};
BOOST_DESCRIBE_STRUCT(ScenarioContactIn, (), (email, phone, first_name, last_name, time_zone, locale, external_id, attributes, tags, segment_ids, consent))

struct ExpectedIn {
  std::optional<std::vector<std::string>> path;  // "node" or "node exit"
  std::optional<std::string> status, reason;
  std::optional<std::int64_t> sent;
};
BOOST_DESCRIBE_STRUCT(ExpectedIn, (), (path, status, reason, sent))

struct ScenarioIn {
  std::string name;
  Instant starts;
  json::Defaulted<std::string> time_zone = std::string("UTC");
  std::optional<ScenarioContactIn> contact;
  json::Defaulted<boost::json::object> trigger_properties = boost::json::object();
  std::optional<std::vector<ScenarioEventIn>> events;
  std::optional<Duration> lasts;  // without: 90 days
  ExpectedIn expect;
};
BOOST_DESCRIBE_STRUCT(ScenarioIn, (), (name, starts, time_zone, contact, trigger_properties, events, lasts, expect))

struct ScenarioFile {
  std::string journey;  // the journey's file, beside this one
  std::vector<ScenarioIn> scenarios;
  static constexpr json::Rule json_rules[] = {json::items("scenarios", 1, 1000)};
};
BOOST_DESCRIBE_STRUCT(ScenarioFile, (), (journey, scenarios))

// What was expected and did not come, in words; nothing when all is as expected.
std::vector<std::string> play(Definition const& definition, ScenarioIn const& scenario);

}  // namespace postrider::journeys
