// Ten seeds of a thousand random journeys each, with random looks, events, answers and orders: what must hold of the machine whatever it is given.
#include "postrider/journeys/machine.h"
#include "support/random_conditions.h"
#include "support/random_journeys.h"

#include <boost/json/serialize.hpp>

#include <catch2/catch.hpp>

#include <functional>
#include <memory>

using namespace postrider;
using namespace postrider::journeys;
using namespace postrider::test;
using namespace std::chrono_literals;

namespace {

Instant const start = *parse_instant("2026-03-10T12:00:00Z");
constexpr int journeys_a_seed = 1000;
constexpr int longest_way = 40;  // looks

class Numbers : public Ids {
 public:
  Uuid next() override {
    Uuid uuid;
    ++last_;
    for (int i = 0; i < 4; ++i) uuid.bytes[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(last_ >> (8 * i));
    return uuid;
  }

 private:
  std::uint32_t last_ = 0;
};

// One contact on the way through one journey. What breaks a promise throws, with the journey.
class Way {
 public:
  Way(RandomJourneys& draw, RandomJourney const& journey, segments::Facts facts, std::set<Uuid> const& missing, Random& jitter)
      : draw_(draw), journey_(journey), facts_(std::move(facts)), around_{JourneyId(), missing, "Europe/Rome", jitter}, now_(start) {
    std::vector<std::size_t> triggers;
    for (std::size_t i = 0; i < definition().nodes.size(); ++i)
      if (std::holds_alternative<Trigger>(definition().nodes[i].settings)) triggers.push_back(i);
    trigger_ = triggers[draw_.below(triggers.size())];
    state_ = enter(trigger_, {}, draw_.event().second, now_);
  }

  // How many steps were made.
  std::size_t go() {
    look(Input());
    for (int i = 0; i < longest_way && !state_.ended(); ++i) look(something_happens());
    auto const at_last = state_;
    now_ += 24h;
    look(Input());
    must(!at_last.ended() || at_last == state_, "one who has ended went on");
    return steps_.size();
  }
  bool ended() const { return state_.ended(); }
  // Everything that was decided, in short.
  std::size_t trace() const {
    std::string text;
    for (auto const& step : steps_) text += std::to_string(step.node) + step.exit + to_text(step.left) + boost::json::serialize(step.trace);
    return std::hash<std::string>()(text);
  }

 private:
  Definition const& definition() const { return journey_.definition; }

  void must(bool holds, char const* promise) const {
    if (!holds) throw std::runtime_error(std::string(promise) + "; at visit " + std::to_string(state_.visit) + " of " + definition().nodes[state_.node].id + ", " + to_text(now_));
  }

  Input something_happens() {
    Input input;
    switch (draw_.below(12)) {
      case 0: break;  // the same instant again
      case 1: now_ += 1s * static_cast<int>(draw_.below(600)); break;
      case 2:
      case 3:
      case 4: {
        auto const [type, payload] = draw_.event();
        now_ += 1s * static_cast<int>(draw_.below(7200));
        segments::Facts::Event event;
        event.type = type;
        event.payload = payload;
        event.occurred_at = event.created_at = now_;
        facts_.events.push_back(std::move(event));
        break;
      }
      case 5:
        input.kind = draw_.chance(50) ? Input::Kind::answered : Input::Kind::refused;
        input.visit = state_.visit - (draw_.chance(20) ? 1 : 0);
        input.why = "busy";
        break;
      case 6:
        if (draw_.chance(80)) break;
        input.kind = draw_.chance(30) ? Input::Kind::leave : Input::Kind::move;
        input.why = "by hand";
        do input.node = draw_.below(definition().nodes.size());
        while (std::holds_alternative<Trigger>(definition().nodes[input.node].settings));
        break;
      case 7: now_ += 24h * static_cast<int>(draw_.below(4)); break;
      default: now_ = std::max(now_, state_.due.value_or(now_)); break;
    }
    return input;
  }

  void look(Input const& input) {
    auto const before = state_;
    auto turn = take_turn(definition(), state_, facts_, input, around_, now_);
    state_ = std::move(turn.state);
    for (auto const& step : turn.steps) {
      must(step.visit == static_cast<int>(steps_.size()) + 1, "visits have a gap, or come twice");
      must(step.arrived <= step.left && step.left == now_, "a step ends before it begins, or not now");
      steps_.push_back(step);
    }
    for (auto const& effect : turn.effects) {
      auto const& action = std::get<Action>(definition().nodes[effect.node].settings);
      bool const left = std::ranges::any_of(turn.steps, [&](Step const& step) { return step.visit == effect.visit && step.node == effect.node && step.outcome == Outcome::success; });
      must(left || action.what == Action::Do::webhook, "something is done without a step that tells of it");
      do_it(action);
    }
    Place const place{state_.node, state_.ended() ? steps_.back().visit : state_.visit, state_.ended()};
    must(replay(definition(), trigger_, steps_) == place, "the history does not lead to where the state is");
    if (before.ended()) must(turn.steps.empty() && turn.effects.empty() && before == state_, "one who has ended went on");
    must(state_.ended() ? !state_.due : state_.status == ExecutionStatus::waiting && state_.due > now_, "neither waiting for a time to come, nor ended");
    auto const asked = wake_events(definition(), state_);
    must(!state_.ended() || asked.empty(), "one who has ended waits for events");
    auto again = take_turn(definition(), state_, facts_, Input(), around_, now_);
    must(again.steps.empty() && again.effects.empty(), "a second look at the same time saw something else");
    must(again.state == state_, "a second look at the same time left another state");
  }

  // What the engine would write, and the next look would read.
  void do_it(Action const& action) {
    auto& contact = facts_.contact;
    if (action.what == Action::Do::add_tag && std::ranges::find(contact.tags, action.name) == contact.tags.end()) contact.tags.push_back(action.name);
    if (action.what == Action::Do::remove_tag) std::erase(contact.tags, action.name);
    if (action.what == Action::Do::set_attribute && action.value.is_null()) contact.attributes.erase(action.name.substr(11));
    if (action.what == Action::Do::set_attribute && !action.value.is_null()) contact.attributes[action.name.substr(11)] = action.value;
    if (action.what == Action::Do::add_to_segment) facts_.segments.insert(*action.segment);
    if (action.what == Action::Do::remove_from_segment) facts_.segments.erase(*action.segment);
    if (action.what != Action::Do::record_event) return;
    segments::Facts::Event event;
    event.type = action.name;
    if (action.value.is_object()) event.payload = action.value.as_object();
    event.occurred_at = event.created_at = now_;
    facts_.events.push_back(std::move(event));
  }

  RandomJourneys& draw_;
  RandomJourney const& journey_;
  segments::Facts facts_;
  Surroundings const around_;
  Instant now_;
  std::size_t trigger_ = 0;
  State state_;
  std::vector<Step> steps_;
};

struct Walked {
  std::size_t traces = 0, steps = 0, ended = 0, refused = 0;
};

Walked walk(std::uint64_t seed, int count) {
  SeededRandom random(seed);
  Numbers ids;
  auto const people = random_people(random, ids, start, 20);
  JourneyNames names;
  for (int i = 0; i < 3; ++i) names.templates.push_back(ids.make<TemplateId>());
  names.senders.push_back(ids.make<SenderId>());
  names.segments = people.segments;
  for (int i = 0; i < 3; ++i) names.journeys.push_back(ids.make<JourneyId>());
  names.people = &people;
  std::set<Uuid> const missing{names.templates[0].uuid(), names.segments[0].uuid(), names.journeys[0].uuid()};
  RandomJourneys draw(random, names, start);
  Walked walked;
  for (int i = 0; i < count; ++i) {
    auto const journey = draw.next();
    try {
      Way way(draw, journey, people.facts[draw.below(people.facts.size())], missing, random);
      walked.steps += way.go();
      walked.traces = walked.traces * 31 + way.trace();
      walked.ended += way.ended() ? 1 : 0;
    } catch (std::exception const& broken) {
      FAIL("seed " << seed << ", journey " << i << ": " << broken.what() << "\n" << journey.text);
    }
  }
  walked.refused = draw.refused();
  return walked;
}

}  // namespace

TEST_CASE("random journeys: histories replay, visits have no gaps, a second look changes nothing, and nobody is left without a time or an end") {
  Walked all;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    auto const walked = walk(seed, journeys_a_seed);
    all.steps += walked.steps;
    all.ended += walked.ended;
    all.refused += walked.refused;
  }
  // The generator is worth something: most are well-formed at once, many come to an end, and on the way much happens.
  INFO("steps " << all.steps << ", ended " << all.ended << ", refused " << all.refused);
  CHECK(all.refused < 1000);
  CHECK(all.ended > 3000);
  CHECK(all.steps > 50'000);
}

TEST_CASE("random journeys: the same seed gives the same decisions") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) CHECK(walk(seed, 50).traces == walk(seed, 50).traces);
}
