// What must hold in the database after a play, however often the process died in it.
#include "support/journey_play.h"

#include <boost/json/serialize.hpp>

#include <stdexcept>

namespace postrider::test {

using namespace postrider::journeys;

namespace {

using Visit = std::pair<std::string, int>;  // of an execution

struct Found {
  JourneyId journey;
  std::string contact, status, node, reason, key;
  int visit = 0;
  std::optional<Instant> due, held;
  Instant entered;
  boost::json::array goals;
  std::vector<Step> steps = {};
  int told_entry = 0, told_end = 0;
  std::set<std::string> waits = {};
  std::string path = {};

  bool ended() const { return status == "completed" || status == "exited"; }
};

void must(bool holds, std::string const& promise) {
  if (!holds) throw std::runtime_error("broken: " + promise);
}

std::string text_of(boost::json::value const& value) { return std::string(value.as_string()); }

}  // namespace

Task<std::vector<std::string>> JourneyPlay::check(Cast const& cast) {
  std::map<std::string, Found> all;
  auto const in_cast = " where journey_id in (" + cast.list + ")";
  for (auto const row : co_await rows("select id, journey_id, contact_id, status, node_id, visit, due_at, held_at, entered_at, reason, goals, entry_key from journey_executions" + in_cast)) {
    Found found{row.id<JourneyId>(1), row.text(2), row.text(3), row.text(4), row.maybe_text(9).value_or(""), row.text(11)};
    found.visit = static_cast<int>(row.integer(5));
    found.due = row.maybe_instant(6);
    found.held = row.maybe_instant(7);
    found.entered = row.instant(8);
    found.goals = row.json(10).as_array();
    all.emplace(row.text(0), std::move(found));
  }
  std::set<Visit> steps, mails, starts;
  std::map<std::string, int> recorded;
  for (auto const row : co_await rows("select execution_id, visit, node_id, exit, outcome, left_at, trace from journey_steps" + in_cast + " order by execution_id, visit")) {
    auto const at = all.find(row.text(0));
    must(at != all.end(), "a step belongs to an execution");
    auto& found = at->second;
    auto const& definition = cast.journeys.at(found.journey).definition;
    Step step;
    step.visit = static_cast<int>(row.integer(1));
    step.node = definition.find(row.view(2)).value();
    step.exit = row.maybe_text(3).value_or("");
    step.outcome = row.view(4) == "success" ? Outcome::success : row.view(4) == "skip" ? Outcome::skip : Outcome::error;
    step.trace = row.json(6).as_object();
    Visit const visit(at->first, step.visit);
    must(steps.insert(visit).second, "a visit is one step");
    auto const* const action = std::get_if<Action>(&definition.nodes[step.node].settings);
    if (action && step.outcome == Outcome::success) {
      if (action->what == Action::Do::send_message) mails.insert(visit);
      if (action->what == Action::Do::start_journey) starts.insert(visit);
      if (action->what == Action::Do::record_event) ++recorded[found.journey.str() + found.contact + action->name];
    }
    found.path += " " + row.text(2) + (step.exit.empty() ? "" : ">" + step.exit) + "@" + to_text(row.instant(5)).substr(5, 11);
    found.steps.push_back(std::move(step));
  }

  std::set<Visit> told_steps;
  std::map<std::string, int> written;
  for (auto const row : co_await rows("select event_type, contact_id, journey_id, payload from marketing_events" + in_cast)) {
    auto const payload = row.json(3).as_object();
    auto const type = row.text(0);
    if (!type.starts_with("journey_")) {
      ++written[row.text(2) + row.text(1) + type];
      continue;
    }
    auto const execution = text_of(payload.at("execution_id"));
    auto& found = all.at(execution);
    if (type == "journey_entered") ++found.told_entry;
    if (type == "journey_exited") ++found.told_end;
    if (type == "journey_step_completed") must(told_steps.emplace(execution, payload.at("visit").to_number<int>()).second, "a step is told of once");
  }
  must(told_steps == steps, "each step is told of, and nothing else");
  must(written == recorded, "each recorded event is there once for each step that records it");

  std::set<Visit> messages;
  for (auto const row : co_await rows("select source_id, visit from messages where kind = 'message'"))
    if (all.contains(row.text(0))) must(messages.emplace(row.text(0), static_cast<int>(row.integer(1))).second, "a step sends one message");
  must(messages == mails, "each step that sends has its message, and no message is without its step");
  for (auto const row : co_await rows("select execution_id, event_type from journey_event_waits"))
    if (auto const at = all.find(row.text(0)); at != all.end()) at->second.waits.insert(row.text(1));

  std::vector<std::string> told;
  std::map<std::string, int> ways;
  for (auto& [id, found] : all) {
    auto const& definition = cast.journeys.at(found.journey).definition;
    auto const who = "execution " + id + " of " + cast.journeys.at(found.journey).text + "\n" + found.status + " at " + found.node + ": ";
    auto const node = definition.find(found.node).value();
    auto const place = replay(definition, found.steps.empty() ? node : found.steps.front().node, found.steps);
    must(place == Place{node, found.visit, found.ended()}, who + "its history leads to where it stands");
    must(found.told_entry == 1 && found.told_end == (found.ended() ? 1 : 0), who + "its beginning and end are told of once");
    State state;
    state.node = node;
    state.status = found.status == "completed" ? ExecutionStatus::completed : found.status == "exited" ? ExecutionStatus::exited : ExecutionStatus::waiting;
    for (auto const& goal : found.goals) state.goals.insert(definition.find(text_of(goal)).value());
    must(found.waits == wake_events(definition, state), who + "it waits for the events that it has to");
    if (found.ended()) must(!found.due && !found.held, who + "nothing is due of what has ended");
    else must(found.held ? !found.due : found.status == "waiting" && found.due && *found.due > t_.clock.now(), who + "it waits for a time to come, or is held");
    if (definition.entry.again == Entry::Again::never) must(++ways[found.journey.str() + found.contact] == 1, who + "nobody comes in again where they may not");
    if (auto const colon = found.key.find(':'); colon == 36) must(starts.contains(Visit(found.key.substr(0, 36), std::stoi(found.key.substr(37)))), who + "who was sent here was sent by a step");
    told.push_back(found.journey.str() + " " + found.contact + " " + to_text(found.entered) + " " + found.status + " " + found.reason + " at " + found.node + (found.held ? ", held:" : ":") + found.path);
    executions_ += 1;
    ended_ += found.ended() ? 1 : 0;
    held_ += found.held ? 1 : 0;
  }
  steps_ += steps.size();
  messages_ += messages.size();
  for (auto const& [what, times] : recorded) recorded_ += static_cast<std::size_t>(times);
  std::ranges::sort(told);
  co_return told;
}

}  // namespace postrider::test
