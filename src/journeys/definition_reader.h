// Collects what is wrong with a definition while its parts are read: pointers are put together here, and messages say which node.
#pragma once

#include "postrider/json/codec.h"
#include "postrider/journeys/definition.h"

#include <boost/describe/class.hpp>

namespace postrider::journeys {

struct Mistakes {
  std::vector<FieldError> found;
  std::string node;  // being read; empty outside of nodes

  void add(std::string pointer, std::string_view code, std::string const& message) {
    found.push_back(FieldError{std::move(pointer), std::string(code), node.empty() ? message : "node '" + node + "': " + message});
  }
  void add(Error const& error, std::string const& base) {
    if (error.fields.empty()) add(base, "invalid_value", error.message);
    for (auto const& field : error.fields) add(base + field.pointer, field.code, field.message);
  }
};

// A described struct at `at`. Nothing when something is wrong with it.
template <class T>
std::optional<T> read_as(boost::json::value const& json, std::string const& at, Mistakes& mistakes) {
  auto read = json::decode<T>(json);
  if (read) return std::move(*read);
  mistakes.add(read.error(), at);
  return std::nullopt;
}

// A condition at `at`, whose own pointers are whole already.
std::optional<segments::Condition> read_condition(boost::json::value const& json, std::string const& at, Mistakes& mistakes);
// "08:30"
std::optional<std::chrono::minutes> read_time_of_day(std::string const& text, std::string const& at, Mistakes& mistakes);
// How long something lasts: longer than nothing, at most two years.
void check_length(Duration length, std::string const& at, Mistakes& mistakes);
// A contact's field: an own column, or attributes.KEY; or of the execution, variables.KEY or event.KEY.
bool check_field(std::string const& field, std::string const& at, Mistakes& mistakes);

// As it stands in an action or in the journey's rules.
struct OnErrorIn {
  std::string then;
  json::Defaulted<std::int64_t> retries = std::int64_t{3};
  std::optional<std::string> node;
  static constexpr json::Rule json_rules[] = {json::range("retries", 0, 10)};
};
BOOST_DESCRIBE_STRUCT(OnErrorIn, (), (then, retries, node))
// `fallback` becomes the id of the node, to be found when all are known.
OnError read_on_error(OnErrorIn const& in, std::string const& at, Mistakes& mistakes, std::string& fallback);

// The settings of one node, and the names its exits must have (those in `optional` may be missing).
struct ReadNode {
  Settings settings;
  std::vector<std::string> exits;
  std::vector<std::string> optional_exits;
  std::string fallback;  // id of the node that an action falls back to
};
std::optional<ReadNode> read_settings(std::string const& kind, boost::json::object const& settings, std::string const& at, Mistakes& mistakes);

// Where one can be next, without the goals, which are reached from anywhere.
std::vector<std::size_t> ways_on(Definition const& definition, Node const& node);
// A wait for an instant or for a contact's date lasts no time at all once that has passed, so a round must not count on it.
bool always_waits(Node const& node);

// What is wrong with the graph as a whole: no trigger, nodes that nobody reaches, rounds without a wait.
void check_graph(Definition const& definition, std::string const& base, Mistakes& mistakes);

}  // namespace postrider::journeys
