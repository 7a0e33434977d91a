#include "postrider/journeys/simulation.h"

#include "journeys/lot.h"
#include "postrider/delivery/gate.h"
#include "postrider/events/event_log.h"

#include <algorithm>
#include <cmath>
#include <queue>

namespace postrider::journeys {

namespace {

using segments::Facts;

struct Going {
  State state;
  std::set<std::string> wakes;
  std::uint64_t looks = 0;  // moments that were set for it; only the newest counts
  std::optional<std::size_t> trace;
};

struct Traveller {
  std::optional<std::string> suppression;
  std::vector<Going> goings;
  std::vector<Instant> marketing;  // when messages were sent
  std::optional<Instant> last_entered;
  std::uint64_t messages = 0;
};

struct Moment {
  enum class Kind { enter, event, look, answer };
  Instant at;
  std::uint64_t order = 0;  // of those at the same time, what was set first comes first
  Kind kind = Kind::look;
  std::size_t person = 0;
  std::size_t which = 0;    // event, or going
  std::uint64_t mark = 0;   // of looks: which one; of answers: to which visit

  bool operator>(Moment const& other) const { return at != other.at ? at > other.at : order > other.order; }
};

class World {
 public:
  World(Definition const& definition, Scenario scenario)
      : definition_(definition), s_(std::move(scenario)), random_(s_.seed), around_{s_.journey, nothing_missing_, s_.time_zone, random_}, end_(s_.from + s_.length) {
    report_.days = static_cast<int>((s_.length + std::chrono::hours(24) - Duration(1)) / std::chrono::hours(24));
    report_.people = static_cast<std::int64_t>(s_.people.size());
    report_.nodes.assign(definition_.nodes.size(), std::vector<NodeDay>(static_cast<std::size_t>(std::max(report_.days, 1))));
    travellers_.resize(s_.people.size());
    for (std::size_t i = 0; i < s_.people.size(); ++i) {
      travellers_[i].suppression = s_.people[i].suppression;
      if (s_.people[i].enters) plan(*s_.people[i].enters, Moment::Kind::enter, i, 0);
    }
    events_ = std::move(s_.events);
    for (std::size_t i = 0; i < events_.size(); ++i) plan(events_[i].event.created_at, Moment::Kind::event, events_[i].person, i);
    for (std::size_t i = 0; i < definition_.nodes.size(); ++i)
      if (std::holds_alternative<Trigger>(definition_.nodes[i].settings)) triggers_.push_back(i);
  }

  SimulationReport run() {
    while (!moments_.empty() && moments_.top().at < end_) {
      auto const moment = moments_.top();
      moments_.pop();
      now_ = moment.at;
      switch (moment.kind) {
        case Moment::Kind::enter: enter(moment.person, triggers_.front(), {}, {}); break;
        case Moment::Kind::event: happen(moment.person, moment.which); break;
        case Moment::Kind::look:
          if (travellers_[moment.person].goings[moment.which].looks == moment.mark) look(moment.person, moment.which, Input());
          break;
        case Moment::Kind::answer: answer(moment.person, moment.which, static_cast<int>(moment.mark)); break;
      }
    }
    for (auto const& traveller : travellers_)
      for (auto const& going : traveller.goings) report_.in_flight += going.state.ended() ? 0 : 1;
    for (auto& days : report_.nodes) {
      std::int64_t waiting = 0;
      for (auto& day : days) {
        waiting += day.entered;
        for (auto const& [exit, count] : day.left) waiting -= count;
        day.waiting = waiting;
      }
    }
    return std::move(report_);
  }

 private:
  Facts& facts(std::size_t person) { return s_.people[person].facts; }
  NodeDay& today(std::size_t node) {
    auto const day = std::clamp<std::int64_t>((now_ - s_.from) / std::chrono::hours(24), 0, report_.days - 1);
    return report_.nodes[node][static_cast<std::size_t>(day)];
  }

  void plan(Instant at, Moment::Kind kind, std::size_t person, std::size_t which, std::uint64_t mark = 0) {
    moments_.push(Moment{std::max(at, now_), ++order_, kind, person, which, mark});
  }

  void happens_later(std::size_t person, Duration after, std::string_view type) {
    SimulatedEvent later;
    later.person = person;
    later.event.type = std::string(type);
    later.event.occurred_at = later.event.created_at = now_ + after;
    events_.push_back(std::move(later));
    plan(now_ + after, Moment::Kind::event, person, events_.size() - 1);
  }

  void happen(std::size_t person, std::size_t which) {
    auto const event = events_[which].event;
    auto& traveller = travellers_[person];
    if (event.type == events::kind::email_bounced) traveller.suppression = "hard_bounce";
    if (event.type == events::kind::email_unsubscribed) traveller.suppression = "unsubscribed";
    facts(person).events.push_back(event);
    for (std::size_t i = 0; i < traveller.goings.size(); ++i)
      if (traveller.goings[i].wakes.contains(event.type)) look(person, i, Input());
    for (auto const at : triggers_) {
      auto const& trigger = std::get<Trigger>(definition_.nodes[at].settings);
      if (trigger.on == Trigger::On::event && fits(trigger.event, event, now_)) enter(person, at, {}, event.payload);
    }
  }

  void enter(std::size_t person, std::size_t trigger, boost::json::object variables, boost::json::object event) {
    auto& traveller = travellers_[person];
    auto const& entry = definition_.entry;
    if (entry.where) {
      auto known = facts(person);
      known.contact.attributes["event"] = event;
      if (!segments::fits(*entry.where, known, now_)) {
        ++report_.not_entered["entry_condition"];
        return;
      }
    }
    bool const before = traveller.last_entered && (entry.again == Entry::Again::never || (entry.again == Entry::Again::after && *traveller.last_entered > now_ - entry.every));
    if (before) {
      ++report_.not_entered["entered_before"];
      return;
    }
    traveller.last_entered = now_;
    ++report_.entered;
    ++today(trigger).entered;
    Going going;
    going.state = journeys::enter(trigger, std::move(variables), std::move(event), now_);
    if (person < s_.traced) {
      going.trace = report_.traces.size();
      report_.traces.push_back(TracedExecution{person, {}, {}, {}});
    }
    traveller.goings.push_back(std::move(going));
    look(person, traveller.goings.size() - 1, Input());
  }

  void look(std::size_t person, std::size_t which, Input const& input) {
    auto& going = travellers_[person].goings[which];
    if (going.state.ended()) return;
    ++report_.turns;
    auto const goals_before = going.state.goals.size();
    auto turn = take_turn(definition_, std::move(going.state), facts(person), input, around_, now_);
    going.state = std::move(turn.state);
    if (goals_before == 0 && !going.state.goals.empty()) ++report_.reached_goal;
    for (std::size_t i = 0; i < turn.steps.size(); ++i) {
      if (i > 0) ++today(turn.steps[i].node).entered;
      count(turn.steps[i]);
    }
    if (!turn.steps.empty() && !going.state.ended()) ++today(going.state.node).entered;
    for (auto const& effect : turn.effects) carry_out(person, which, effect);
    if (going.trace) {
      auto& trace = report_.traces[*going.trace];
      trace.state = going.state;
      for (auto& step : turn.steps) trace.steps.push_back(std::move(step));
    }
    ++going.looks;
    if (going.state.ended()) {
      ++(going.state.status == ExecutionStatus::completed ? report_.completed : report_.exited)[going.state.reason];
      going.wakes.clear();
      return;
    }
    going.wakes = wake_events(definition_, going.state);
    if (going.state.due) plan(*going.state.due, Moment::Kind::look, person, which, going.looks);
  }

  void count(Step const& step) {
    auto& day = today(step.node);
    ++day.left[step.exit];
    if (step.outcome == Outcome::error) ++day.errors;
    if (auto const* const skipped = step.trace.if_contains("skipped"); skipped && skipped->is_string()) block(day, std::string(skipped->as_string()));
  }

  void block(NodeDay& day, std::string const& reason) {
    ++day.blocked[reason];
    ++report_.blocked[reason];
  }

  void carry_out(std::size_t person, std::size_t which, Effect const& effect) {
    auto const& action = std::get<Action>(definition_.nodes[effect.node].settings);
    auto& known = facts(person);
    switch (action.what) {
      case Action::Do::send_message: send(person, which, effect.node, action); break;
      case Action::Do::add_tag:
        if (std::ranges::find(known.contact.tags, action.name) == known.contact.tags.end()) known.contact.tags.push_back(action.name);
        break;
      case Action::Do::remove_tag: std::erase(known.contact.tags, action.name); break;
      case Action::Do::set_attribute:
        if (action.value.is_null()) known.contact.attributes.erase(action.name.substr(11));
        else known.contact.attributes[action.name.substr(11)] = action.value;
        break;
      case Action::Do::add_to_segment: known.segments.insert(*action.segment); break;
      case Action::Do::remove_from_segment: known.segments.erase(*action.segment); break;
      case Action::Do::record_event: happens_later(person, Duration(), action.name); break;
      case Action::Do::webhook: plan(now_, Moment::Kind::answer, person, which, static_cast<std::uint64_t>(effect.visit)); break;
      // Other journeys are not part of this one's simulation.
      case Action::Do::start_journey:
      case Action::Do::end_journey:
      case Action::Do::set_variable: break;
    }
  }

  // Webhooks answer at once, and well: what they would say is not known here.
  void answer(std::size_t person, std::size_t which, int visit) {
    Input input;
    input.kind = Input::Kind::answered;
    input.visit = visit;
    look(person, which, input);
  }

  void send(std::size_t person, std::size_t which, std::size_t node, Action const& action) {
    auto& traveller = travellers_[person];
    auto const& known = facts(person);
    delivery::GateFacts asked;
    asked.purpose = action.purpose;
    asked.channel = action.channel;
    asked.contact_exists = true;
    asked.address = action.channel == "sms" ? known.contact.phone : known.contact.email;
    asked.suppression = traveller.suppression;
    for (auto const& consent : known.consents) {
      if (consent.channel != action.channel || consent.consent_type != action.purpose) continue;
      asked.consent = consent.status;
      asked.consent_expires_at = consent.expires_at;
    }
    asked.sender_exists = asked.sender_verified = asked.provider_exists = true;
    asked.frequency_limit = s_.frequency_messages;
    asked.frequency_days = s_.frequency_days;
    auto const window = now_ - std::chrono::hours(24) * s_.frequency_days;
    asked.recent_messages = static_cast<int>(std::ranges::count_if(traveller.marketing, [&](Instant at) { return at > window; }));
    auto const verdict = delivery::decide(asked, now_);
    if (verdict.decision == delivery::Decision::skip) {
      block(today(node), verdict.reason);
      return;
    }
    ++today(node).sent[action.channel];
    ++report_.sent[action.channel];
    if (action.purpose == "marketing") traveller.marketing.push_back(now_);
    if (auto const trace = traveller.goings[which].trace) report_.traces[*trace].sent.push_back(now_);
    react(person, action.channel);
  }

  // Most open within hours, some after days; whoever clicks does so minutes later.
  void react(std::size_t person, std::string const& channel) {
    Lot lot(s_.seed, person, ++travellers_[person].messages);
    bool const email = channel == "email";
    happens_later(person, Duration(), email ? events::kind::email_sent : channel == "sms" ? events::kind::sms_sent : events::kind::push_sent);
    auto const luck = lot.fraction(), after = lot.fraction(), further = lot.fraction();
    if (email && lot.fraction() < s_.rates.bounce) {
      happens_later(person, std::chrono::seconds(30), events::kind::email_bounced);
      return;
    }
    if (luck >= std::max(s_.rates.open, s_.rates.click)) return;
    auto const opened = Duration(static_cast<Duration::rep>(-std::log(1 - after * 0.999) * 6 * 3600e6));
    if (channel != "sms") happens_later(person, opened, email ? events::kind::email_opened : events::kind::push_opened);
    auto const clicked = opened + Duration(static_cast<Duration::rep>(further * 600e6));
    if (luck < s_.rates.click && channel != "push") happens_later(person, clicked, email ? events::kind::email_clicked : events::kind::sms_clicked);
    if (email && lot.fraction() * std::max(s_.rates.open, 1e-9) < s_.rates.unsubscribe) happens_later(person, clicked + std::chrono::minutes(1), events::kind::email_unsubscribed);
  }

  Definition const& definition_;
  Scenario s_;
  std::set<Uuid> nothing_missing_;
  SeededRandom random_;
  Surroundings around_;
  Instant end_;
  Instant now_ = s_.from;
  SimulationReport report_;
  std::vector<Traveller> travellers_;
  std::vector<SimulatedEvent> events_;
  std::vector<std::size_t> triggers_;
  std::priority_queue<Moment, std::vector<Moment>, std::greater<>> moments_;
  std::uint64_t order_ = 0;
};

}  // namespace

SimulationReport simulate(Definition const& definition, Scenario scenario) { return World(definition, std::move(scenario)).run(); }

}  // namespace postrider::journeys
