#include "postrider/journeys/definition.h"

#include "journeys/definition_reader.h"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <map>

namespace postrider::journeys {

namespace {

namespace bj = boost::json;

struct NodeIn {
  std::string id, kind;
  json::Defaulted<bj::object> settings = bj::object();
  json::Defaulted<std::map<std::string, std::string>> exits = std::map<std::string, std::string>();
  std::optional<bj::object> layout;  // where an editor draws it; means nothing here
  static constexpr json::Rule json_rules[] = {json::length("id", 1, 60)};
};
BOOST_DESCRIBE_STRUCT(NodeIn, (), (id, kind, settings, exits, layout))

struct EntryIn {
  json::Defaulted<std::string> again = std::string("never");
  std::optional<Duration> every;
  std::optional<bj::object> where;
};
BOOST_DESCRIBE_STRUCT(EntryIn, (), (again, every, where))

struct QuietIn {
  std::string from, to;
};
BOOST_DESCRIBE_STRUCT(QuietIn, (), (from, to))

struct RulesIn {
  std::optional<bj::object> stay_while;
  std::optional<QuietIn> quiet_hours;
  json::Defaulted<std::string> when_blocked = std::string("hold");
  std::optional<OnErrorIn> on_error;
  std::optional<Duration> overdue;
};
BOOST_DESCRIBE_STRUCT(RulesIn, (), (stay_while, quiet_hours, when_blocked, on_error, overdue))

struct DefinitionIn {
  bj::array nodes;
  json::Defaulted<bj::object> entry = bj::object();
  json::Defaulted<bj::object> rules = bj::object();
  static constexpr json::Rule json_rules[] = {json::items("nodes", 1, most_nodes)};
};
BOOST_DESCRIBE_STRUCT(DefinitionIn, (), (nodes, entry, rules))

constexpr std::string_view kinds[] = {"trigger", "wait", "condition", "split", "action", "goal", "exit"};

// What can only be connected once all nodes are known.
struct Loose {
  std::string at;
  std::map<std::string, std::string> exits;
  std::string fallback;
};

Node read_node(NodeIn const& in, std::string const& at, Mistakes& mistakes, Loose& loose) {
  Node node;
  node.id = in.id;
  node.kind = in.kind;
  loose.at = at;
  loose.exits = *in.exits;
  if (std::ranges::find(kinds, in.kind) == std::end(kinds)) {
    mistakes.add(at + "/kind", "not_allowed", "must be trigger, wait, condition, split, action, goal or exit");
    return node;
  }
  auto read = read_settings(in.kind, *in.settings, at + "/settings", mistakes);
  if (!read) return node;
  node.settings = std::move(read->settings);
  loose.fallback = read->fallback;
  for (auto const& name : read->exits)
    if (!in.exits->contains(name)) mistakes.add(at + "/exits/" + name, "required", "say where '" + name + "' leads to");
  for (auto const& [name, to] : *in.exits) {
    bool const known = std::ranges::find(read->exits, name) != read->exits.end() || std::ranges::find(read->optional_exits, name) != read->optional_exits.end();
    if (!known) mistakes.add(at + "/exits/" + name, "unknown_field", in.kind == "exit" ? "an exit leads nowhere" : "there is no exit of this name here");
  }
  return node;
}

void connect(Definition& definition, std::vector<Loose> const& loose, Mistakes& mistakes) {
  for (std::size_t i = 0; i < definition.nodes.size(); ++i) {
    auto& node = definition.nodes[i];
    mistakes.node = node.id;
    for (auto const& [name, to] : loose[i].exits) {
      auto const found = definition.find(to);
      if (found) node.exits.emplace_back(name, *found);
      else mistakes.add(loose[i].at + "/exits/" + name, "invalid_value", "there is no node '" + to + "'");
    }
    if (loose[i].fallback.empty()) continue;
    auto const fallback = definition.find(loose[i].fallback);
    auto* const action = std::get_if<Action>(&node.settings);
    if (!fallback) mistakes.add(loose[i].at + "/settings/on_error/node", "invalid_value", "there is no node '" + loose[i].fallback + "'");
    else if (action && action->on_error) action->on_error->fallback = *fallback;
  }
  mistakes.node.clear();
}

Entry read_entry(bj::object const& json, std::string const& at, Mistakes& mistakes) {
  Entry entry;
  auto const in = read_as<EntryIn>(json, at, mistakes);
  if (!in) return entry;
  if (*in->again == "after") entry.again = Entry::Again::after;
  else if (*in->again == "always") entry.again = Entry::Again::always;
  else if (*in->again != "never") mistakes.add(at + "/again", "not_allowed", "must be never, after or always");
  bool const after = entry.again == Entry::Again::after;
  if (after && !in->every) mistakes.add(at + "/every", "required", "say after how long, like 30d");
  if (!after && in->every) mistakes.add(at + "/every", "not_allowed", "goes with again: after only");
  entry.every = in->every.value_or(Duration());
  if (after && in->every) check_length(entry.every, at + "/every", mistakes);
  if (in->where) entry.where = read_condition(*in->where, at + "/where", mistakes);
  return entry;
}

Rules read_rules(bj::object const& json, std::string const& at, Definition const& definition, Mistakes& mistakes) {
  Rules rules;
  auto const in = read_as<RulesIn>(json, at, mistakes);
  if (!in) return rules;
  if (in->stay_while) rules.stay_while = read_condition(*in->stay_while, at + "/stay_while", mistakes);
  if (in->quiet_hours) {
    auto const from = read_time_of_day(in->quiet_hours->from, at + "/quiet_hours/from", mistakes);
    auto const to = read_time_of_day(in->quiet_hours->to, at + "/quiet_hours/to", mistakes);
    if (from && to && *from == *to) mistakes.add(at + "/quiet_hours/to", "invalid_value", "must not be the time at which they begin");
    if (from && to) rules.quiet_hours = std::pair(*from, *to);
  }
  rules.hold_when_blocked = *in->when_blocked == "hold";
  if (!rules.hold_when_blocked && *in->when_blocked != "skip") mistakes.add(at + "/when_blocked", "not_allowed", "must be hold or skip");
  if (in->overdue) {
    rules.overdue = *in->overdue;
    if (rules.overdue < std::chrono::minutes(1)) mistakes.add(at + "/overdue", "out_of_range", "must be at least 1m");
  }
  if (!in->on_error) return rules;
  std::string fallback;
  rules.on_error = read_on_error(*in->on_error, at + "/on_error", mistakes, fallback);
  if (fallback.empty()) return rules;
  if (auto const node = definition.find(fallback)) rules.on_error.fallback = *node;
  else mistakes.add(at + "/on_error/node", "invalid_value", "there is no node '" + fallback + "'");
  return rules;
}

}  // namespace

std::optional<std::size_t> Node::exit(std::string_view name) const {
  auto const found = std::ranges::find_if(exits, [name](auto const& each) { return each.first == name; });
  if (found == exits.end()) return std::nullopt;
  return found->second;
}

std::optional<std::size_t> Definition::find(std::string_view id) const {
  auto const found = std::ranges::find_if(nodes, [id](Node const& node) { return node.id == id; });
  if (found == nodes.end()) return std::nullopt;
  return static_cast<std::size_t>(found - nodes.begin());
}

std::optional<std::size_t> Definition::trigger(Trigger::On on) const {
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (auto const* const trigger = std::get_if<Trigger>(&nodes[i].settings); trigger && trigger->on == on) return i;
  return std::nullopt;
}

std::optional<segments::Condition> read_condition(bj::value const& json, std::string const& at, Mistakes& mistakes) {
  auto condition = segments::parse_condition(json, at);
  if (condition) return std::move(*condition);
  mistakes.add(condition.error(), condition.error().fields.empty() ? at : "");
  return std::nullopt;
}

std::optional<std::chrono::minutes> read_time_of_day(std::string const& text, std::string const& at, Mistakes& mistakes) {
  auto const digit = [&text](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() == 5 && text[2] == ':' && digit(0) && digit(1) && digit(3) && digit(4)) {
    int const hours = (text[0] - '0') * 10 + text[1] - '0';
    int const minutes = (text[3] - '0') * 10 + text[4] - '0';
    if (hours < 24 && minutes < 60) return std::chrono::minutes(hours * 60 + minutes);
  }
  mistakes.add(at, "invalid_value", "must be a time of day like 08:30");
  return std::nullopt;
}

void check_length(Duration length, std::string const& at, Mistakes& mistakes) {
  if (length <= Duration() || length > std::chrono::hours(24 * 730)) mistakes.add(at, "out_of_range", "must be longer than nothing and at most 730d");
}

bool check_field(std::string const& field, std::string const& at, Mistakes& mistakes) {
  auto const below = [&field](std::string_view root) { return field.starts_with(root) && field.size() > root.size(); };
  bool const known = segments::own_field(field).has_value() || below("attributes.") || below("variables.") || below("event.");
  if (!known) mistakes.add(at, "invalid_value", "there is no field '" + field + "': use one of a contact's own, attributes.KEY, variables.KEY or event.KEY");
  return known;
}

Result<Definition> parse_definition(bj::value const& json, std::string const& base) {
  Mistakes mistakes;
  Definition definition;
  std::vector<Loose> loose;
  auto const in = read_as<DefinitionIn>(json, base, mistakes);
  if (in) {
    for (std::size_t i = 0; i < in->nodes.size(); ++i) {
      auto const at = base + "/nodes/" + std::to_string(i);
      mistakes.node.clear();
      auto const node = read_as<NodeIn>(in->nodes[i], at, mistakes);
      if (!node) continue;
      mistakes.node = node->id;
      if (definition.find(node->id)) mistakes.add(at + "/id", "duplicate", "another node has this id");
      loose.emplace_back();
      auto read = read_node(*node, at, mistakes, loose.back());
      definition.nodes.push_back(std::move(read));
    }
    connect(definition, loose, mistakes);
    definition.entry = read_entry(*in->entry, base + "/entry", mistakes);
    definition.rules = read_rules(*in->rules, base + "/rules", definition, mistakes);
    // A graph with holes would be blamed for what is only missing.
    if (mistakes.found.empty()) check_graph(definition, base, mistakes);
  }
  if (mistakes.found.empty()) return definition;
  auto message = mistakes.found.front().message;
  return invalid(std::move(message), std::move(mistakes.found));
}

}  // namespace postrider::journeys
