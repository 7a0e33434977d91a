#include "postrider/journeys/machine.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <stdexcept>

namespace postrider::journeys {

namespace {

namespace bj = boost::json;
using segments::Facts;
using segments::Finding;

constexpr auto first_pause = std::chrono::seconds(30);
constexpr auto longest_pause = std::chrono::hours(6);
constexpr auto patience_with_webhooks = std::chrono::hours(1);
constexpr std::size_t longest_read = 300;  // bytes of what a trace tells of a value

bj::value shortened(bj::value const& value) {
  auto text = bj::serialize(value);
  if (text.size() <= longest_read) return value;
  text.resize(longest_read);
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
  if (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0) text.pop_back();
  return bj::value(text + "…");
}

void tell_leaves(Finding const& finding, bj::array& told) {
  for (auto const& part : finding.parts) tell_leaves(part, told);
  if (!finding.parts.empty()) return;
  bj::object leaf;
  leaf["asked"] = finding.question;
  leaf["holds"] = finding.holds;
  leaf["read"] = shortened(finding.read);
  told.push_back(std::move(leaf));
}

bj::object told(Finding const& finding) {
  bj::object trace;
  bj::array leaves;
  tell_leaves(finding, leaves);
  trace["holds"] = finding.holds;
  trace["because"] = std::move(leaves);
  return trace;
}

template <class T>
bj::object one(char const* key, T const& value) {
  bj::object trace;
  trace[key] = value;
  return trace;
}

bj::object of_event(Facts::Event const& event) {
  bj::object trace;
  trace["event"] = event.type;
  trace["occurred_at"] = to_rfc3339(event.occurred_at);
  return trace;
}

// The same for a contact whenever it comes here: 0 to 9999.
int lot(JourneyId journey, std::string const& node, ContactId contact) {
  auto const hash = uuid_from_name("split:" + journey.str() + ":" + node + ":" + contact.str());
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 6; ++i) number = number << 8U | hash.bytes[i];
  return static_cast<int>(number % 10'000);
}

class Traveller {
 public:
  Traveller(Definition const& definition, State state, Facts facts, Surroundings const& around, Instant now)
      : definition_(definition), facts_(std::move(facts)), around_(around), now_(now), turn_{std::move(state)}, state_(turn_.state) {}

  Turn take(Input const& input) {
    if (state_.ended()) return std::move(turn_);
    know_variables();
    obey(input);
    // What was done on the way may break the rules, and a second goal may have been reached with the first: hence until nothing changes any more.
    for (auto steps = turn_.steps.size() + 1; !state_.ended() && turn_.steps.size() != steps;) {
      steps = turn_.steps.size();
      keep_rules();
      if (!state_.ended()) reach_goals();
      for (int visits = 0; !state_.ended() && go_on(); ++visits)
        if (visits > static_cast<int>(most_nodes) * 2) throw std::logic_error("a journey goes round without waiting at node " + node().id);
    }
    return std::move(turn_);
  }

 private:
  Node const& node() const { return definition_.nodes[state_.node]; }

  // Conditions ask for variables and the event like for nested attributes: variables.total, event.plan.
  void know_variables() {
    facts_.contact.attributes["variables"] = state_.variables;
    facts_.contact.attributes["event"] = state_.event;
  }

  void obey(Input const& input) {
    bool const answers_this = state_.calling && input.visit == state_.visit;
    switch (input.kind) {
      case Input::Kind::look: break;
      case Input::Kind::leave:
        end_visit("", Outcome::skip, one("left", input.why));
        end(ExecutionStatus::exited, input.why);
        break;
      case Input::Kind::move:
        end_visit("", Outcome::skip, one("moved_to", definition_.nodes[input.node].id));
        arrive(input.node);
        break;
      case Input::Kind::answered:
        if (answers_this) depart("next", Outcome::success, one("webhook", "answered"));
        break;
      case Input::Kind::refused:
        if (answers_this) fail(input.why);
        break;
    }
  }

  void keep_rules() {
    if (!definition_.rules.stay_while) return;
    auto const finding = segments::evaluate(*definition_.rules.stay_while, facts_, now_);
    if (finding.holds) return;
    auto trace = told(finding);
    trace["rule"] = "stay_while";
    end_visit("", Outcome::skip, std::move(trace));
    end(ExecutionStatus::exited, "no_longer_fits");
  }

  void reach_goals() {
    for (std::size_t i = 0; i < definition_.nodes.size(); ++i) {
      auto const* const goal = std::get_if<Goal>(&definition_.nodes[i].settings);
      if (!goal || state_.goals.contains(i) || state_.node == i) continue;
      auto const* const event = find_event(goal->event, facts_, state_.entered, now_);
      if (!event || (goal->within && event->created_at > state_.entered + *goal->within)) continue;
      auto trace = of_event(*event);
      trace["goal"] = definition_.nodes[i].id;
      end_visit("goal", Outcome::skip, std::move(trace));
      state_.event = event->payload;
      know_variables();
      arrive(i);
      return;
    }
  }

  // One visit; false when somebody has to stay.
  bool go_on() {
    return std::visit([this](auto const& settings) { return visit(settings); }, node().settings);
  }

  bool visit(Trigger const&) { return depart("next", Outcome::success, {}); }

  bool visit(Wait const& wait) {
    if (wait.what == Wait::For::event) {
      if (auto const* const event = find_event(wait.event, facts_, state_.arrived, now_)) {
        auto trace = of_event(*event);
        state_.event = event->payload;
        know_variables();
        return depart("next", Outcome::success, std::move(trace));
      }
    }
    auto const end = wait_end(wait, facts_, around_.time_zone, state_.arrived);
    if (!end) return depart("next", Outcome::skip, one("missing", wait.field));
    if (*end > now_) return stay_until(*end);
    return depart(wait.what == Wait::For::event ? "timeout" : "next", Outcome::success, one("until", to_rfc3339(*end)));
  }

  bool visit(Branch const& branch) {
    auto const finding = segments::evaluate(branch.condition, facts_, now_);
    return depart(finding.holds ? "true" : "false", Outcome::success, told(finding));
  }

  bool visit(Choice const& choice) {
    auto const value = field_text(facts_, choice.field, now_);
    bool const known = std::ranges::find(choice.values, value) != choice.values.end();
    return depart(known ? value : "other", Outcome::success, one("read", shortened(bj::value(value))));
  }

  bool visit(Split const& split) {
    int const drawn = lot(around_.journey, node().id, facts_.contact.id);
    int sum = 0;
    for (auto const& [name, share] : split.shares)
      if (drawn < (sum += share * 100)) return depart(name, Outcome::success, one("drawn", drawn));
    return depart(split.shares.back().first, Outcome::success, one("drawn", drawn));
  }

  bool visit(Goal const&) {
    state_.goals.insert(state_.node);
    if (node().exit("next")) return depart("next", Outcome::success, {});
    end_visit("", Outcome::success, {});
    return end(ExecutionStatus::completed, "goal");
  }

  bool visit(Exit const& exit) {
    end_visit("", Outcome::success, {});
    return end(ExecutionStatus::completed, exit.reason);
  }

  bool visit(Action const& action) {
    if (state_.not_before && *state_.not_before > now_) return stay_until(*state_.not_before);
    if (state_.calling) return fail("the webhook did not answer");
    if (action.what == Action::Do::send_message && action.purpose == "marketing") {
      if (auto const until = quiet_until(definition_.rules, zone_of(facts_, around_.time_zone), now_)) {
        if (definition_.rules.hold_when_blocked) return stay_until(*until);
        auto trace = one("skipped", "quiet_hours");
        trace["until"] = to_rfc3339(*until);
        return depart("next", Outcome::skip, std::move(trace));
      }
    }
    if (auto const gone = what_is_gone(action); !gone.empty()) return fail(gone);
    if (action.what == Action::Do::set_variable) return set_variable(action);
    turn_.effects.push_back(Effect{state_.node, state_.visit, state_.failures + 1, state_.variables, state_.event});
    if (action.what == Action::Do::webhook) {
      state_.calling = true;
      state_.not_before = now_ + patience_with_webhooks;
      return stay_until(*state_.not_before);
    }
    foresee(action);
    return depart("next", Outcome::success, done(action));
  }

  bool set_variable(Action const& action) {
    auto value = action.value;
    if (!action.from.empty()) {
      auto const text = field_text(facts_, action.from, now_);
      value = text.empty() ? bj::value() : bj::value(text);
    }
    auto trace = one("variable", action.name);
    trace["value"] = shortened(value);
    state_.variables[action.name] = std::move(value);
    know_variables();
    return depart("next", Outcome::success, std::move(trace));
  }

  static bj::object done(Action const& action) {
    auto trace = one("did", to_word(action.what));
    if (!action.name.empty()) trace["name"] = action.name;
    return trace;
  }

  std::string what_is_gone(Action const& action) const {
    auto const gone = [this](auto const& id) { return id && around_.missing.contains(id->uuid()); };
    if (gone(action.template_id)) return "the template is gone or archived";
    if (gone(action.sender)) return "the sender is gone or not verified";
    if (gone(action.segment)) return "the segment is gone or not kept by hand";
    if (gone(action.journey)) return "the journey is gone or not active";
    return "";
  }

  // What the action will have changed is known to the rest of this turn already.
  void foresee(Action const& action) {
    auto& contact = facts_.contact;
    switch (action.what) {
      case Action::Do::add_tag:
        if (std::ranges::find(contact.tags, action.name) == contact.tags.end()) contact.tags.push_back(action.name);
        break;
      case Action::Do::remove_tag: std::erase(contact.tags, action.name); break;
      case Action::Do::set_attribute:
        if (action.value.is_null()) contact.attributes.erase(action.name.substr(11));
        else contact.attributes[action.name.substr(11)] = action.value;
        break;
      case Action::Do::add_to_segment: facts_.segments.insert(*action.segment); break;
      case Action::Do::remove_from_segment: facts_.segments.erase(*action.segment); break;
      case Action::Do::record_event: {
        Facts::Event event;
        event.type = action.name;
        if (action.value.is_object()) event.payload = action.value.as_object();
        event.occurred_at = event.created_at = now_;
        facts_.events.push_back(std::move(event));
        break;
      }
      default: break;
    }
  }

  bool fail(std::string const& why) {
    auto const& action = std::get<Action>(node().settings);
    auto const& rule = action.on_error ? *action.on_error : definition_.rules.on_error;
    state_.error = why;
    state_.calling = false;
    ++state_.failures;
    if (state_.failures <= rule.retries) {
      Duration pause = first_pause;
      for (int i = 1; i < state_.failures && pause < longest_pause; ++i) pause *= 2;
      pause = std::min<Duration>(pause, longest_pause);
      pause += Duration(static_cast<Duration::rep>(static_cast<double>(pause.count()) * (around_.random.fraction() * 0.4 - 0.2)));
      state_.not_before = now_ + pause;
      return stay_until(*state_.not_before);
    }
    auto trace = one("error", why);
    trace["attempts"] = state_.failures;
    switch (rule.then) {
      case OnError::Then::proceed: return depart("next", Outcome::error, std::move(trace));
      case OnError::Then::fallback:
        end_visit("fallback", Outcome::error, std::move(trace));
        arrive(rule.fallback);
        return true;
      case OnError::Then::exit: break;
    }
    end_visit("", Outcome::error, std::move(trace));
    return end(ExecutionStatus::exited, "error");
  }

  bool stay_until(Instant until) {
    state_.status = ExecutionStatus::waiting;
    state_.due = until;
    return false;
  }

  bool end(ExecutionStatus status, std::string reason) {
    state_.status = status;
    state_.reason = std::move(reason);
    state_.due.reset();
    state_.not_before.reset();
    state_.calling = false;
    return false;
  }

  bool depart(std::string exit, Outcome outcome, bj::object trace) {
    auto const to = node().exit(exit);
    end_visit(std::move(exit), outcome, std::move(trace));
    arrive(*to);
    return true;
  }

  void end_visit(std::string exit, Outcome outcome, bj::object trace) {
    turn_.steps.push_back(Step{state_.visit, state_.node, std::move(exit), outcome, state_.arrived, now_, std::move(trace)});
  }

  void arrive(std::size_t at) {
    state_.node = at;
    ++state_.visit;
    state_.arrived = now_;
    state_.status = ExecutionStatus::active;
    state_.due = now_;
    state_.failures = 0;
    state_.not_before.reset();
    state_.calling = false;
  }

  Definition const& definition_;
  Facts facts_;
  Surroundings const& around_;
  Instant now_;
  Turn turn_;
  State& state_;
};

}  // namespace

State enter(std::size_t trigger, bj::object variables, bj::object event, Instant now) {
  State state;
  state.node = trigger;
  state.arrived = state.entered = now;
  state.due = now;
  state.variables = std::move(variables);
  state.event = std::move(event);
  return state;
}

Turn take_turn(Definition const& definition, State state, Facts facts, Input const& input, Surroundings const& around, Instant now) {
  return Traveller(definition, std::move(state), std::move(facts), around, now).take(input);
}

bool fits(EventMatch const& match, Facts::Event const& event, Instant now) {
  if (event.type != match.event) return false;
  if (match.where.empty()) return true;
  Facts properties;
  properties.contact.attributes = event.payload;
  return std::ranges::all_of(match.where, [&](auto const& condition) { return segments::fits(condition, properties, now); });
}

Facts::Event const* find_event(EventMatch const& match, Facts const& facts, Instant since, Instant now) {
  Facts::Event const* first = nullptr;
  for (auto const& event : facts.events)
    if (event.created_at >= since && (!first || event.created_at < first->created_at) && fits(match, event, now)) first = &event;
  return first;
}

Place replay(Definition const& definition, std::size_t trigger, std::vector<Step> const& steps) {
  Place place{trigger};
  for (auto const& step : steps) {
    if (place.ended || step.visit != place.visit || step.node != place.node) throw std::logic_error("a history that does not hang together at visit " + std::to_string(step.visit));
    auto const& node = definition.nodes[step.node];
    std::optional<std::size_t> to = node.exit(step.exit);
    if (auto const* const action = std::get_if<Action>(&node.settings); action && step.exit == "fallback")
      to = (action->on_error ? *action->on_error : definition.rules.on_error).fallback;
    if (step.exit == "goal" && step.trace.contains("goal")) to = definition.find(step.trace.at("goal").as_string());
    if (auto const* const moved = step.trace.if_contains("moved_to")) to = definition.find(moved->as_string());
    place.ended = !to;
    if (!to) continue;
    place.node = *to;
    ++place.visit;
  }
  return place;
}

}  // namespace postrider::journeys
