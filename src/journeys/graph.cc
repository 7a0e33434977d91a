// The graph as a whole: where one comes in, what can be reached, and whether a round always passes a node that waits.
#include "journeys/definition_reader.h"

#include <algorithm>

namespace postrider::journeys {

std::vector<std::size_t> ways_on(Definition const& definition, Node const& node) {
  std::vector<std::size_t> ways;
  for (auto const& [name, to] : node.exits) ways.push_back(to);
  if (auto const* const action = std::get_if<Action>(&node.settings)) {
    auto const& rule = action->on_error ? *action->on_error : definition.rules.on_error;
    if (rule.then == OnError::Then::fallback) ways.push_back(rule.fallback);
  }
  return ways;
}

bool always_waits(Node const& node) {
  auto const* const wait = std::get_if<Wait>(&node.settings);
  return wait && (wait->what == Wait::For::duration || wait->what == Wait::For::time_of_day);
}

namespace {

std::vector<bool> reached(Definition const& definition) {
  std::vector<bool> seen(definition.nodes.size());
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < definition.nodes.size(); ++i) {
    auto const& settings = definition.nodes[i].settings;
    if (!std::holds_alternative<Trigger>(settings) && !std::holds_alternative<Goal>(settings)) continue;
    seen[i] = true;
    open.push_back(i);
  }
  while (!open.empty()) {
    auto const at = open.back();
    open.pop_back();
    for (auto const to : ways_on(definition, definition.nodes[at])) {
      if (seen[to]) continue;
      seen[to] = true;
      open.push_back(to);
    }
  }
  return seen;
}

// Depth first over what does not wait: a way back to a node that is still open closes such a round.
class Rounds {
 public:
  explicit Rounds(Definition const& definition) : definition_(definition), state_(definition.nodes.size(), State::fresh) {}

  // A node on a round without a wait.
  std::optional<std::size_t> find() {
    for (std::size_t i = 0; i < definition_.nodes.size(); ++i)
      if (state_[i] == State::fresh)
        if (auto const found = walk(i)) return found;
    return std::nullopt;
  }

 private:
  enum class State { fresh, open, done };

  // Not by recursion: a journey may be two hundred nodes deep, which is little, but the stack is a coroutine's.
  std::optional<std::size_t> walk(std::size_t from) {
    struct Step {
      std::size_t node;
      std::vector<std::size_t> ways;
    };
    std::vector<Step> path;
    auto enter = [&](std::size_t node) {
      state_[node] = State::open;
      path.push_back(Step{node, always_waits(definition_.nodes[node]) ? std::vector<std::size_t>() : ways_on(definition_, definition_.nodes[node])});
    };
    enter(from);
    while (!path.empty()) {
      auto& step = path.back();
      if (step.ways.empty()) {
        state_[step.node] = State::done;
        path.pop_back();
        continue;
      }
      auto const to = step.ways.back();
      step.ways.pop_back();
      if (state_[to] == State::open) return to;
      if (state_[to] == State::fresh) enter(to);
    }
    return std::nullopt;
  }

  Definition const& definition_;
  std::vector<State> state_;
};

}  // namespace

void check_graph(Definition const& definition, std::string const& base, Mistakes& mistakes) {
  auto const& nodes = definition.nodes;
  auto const is_trigger = [](Node const& node) { return std::holds_alternative<Trigger>(node.settings); };
  if (std::ranges::none_of(nodes, is_trigger)) mistakes.add(base + "/nodes", "required", "a journey needs a trigger: nobody would ever come in");
  auto const seen = reached(definition);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    mistakes.node = nodes[i].id;
    auto const at = base + "/nodes/" + std::to_string(i);
    for (auto const& [name, to] : nodes[i].exits)
      if (is_trigger(nodes[to])) mistakes.add(at + "/exits/" + name, "invalid_value", "leads to the trigger '" + nodes[to].id + "', which is only ever the beginning");
    if (auto const* const action = std::get_if<Action>(&nodes[i].settings); action && action->on_error && action->on_error->then == OnError::Then::fallback &&
                                                                            is_trigger(nodes[action->on_error->fallback]))
      mistakes.add(at + "/settings/on_error/node", "invalid_value", "is a trigger, which is only ever the beginning");
    if (!seen[i]) mistakes.add(at, "invalid_value", "nothing leads here");
  }
  mistakes.node.clear();
  if (auto const& rule = definition.rules.on_error; rule.then == OnError::Then::fallback && is_trigger(nodes[rule.fallback]))
    mistakes.add(base + "/rules/on_error/node", "invalid_value", "is a trigger, which is only ever the beginning");
  if (auto const round = Rounds(definition).find()) {
    mistakes.node = nodes[*round].id;
    mistakes.add(base + "/nodes/" + std::to_string(*round) + "/exits", "invalid_value", "lies on a round in which nobody waits: put a wait for a duration or a time of day into it");
  }
  mistakes.node.clear();
}

}  // namespace postrider::journeys
