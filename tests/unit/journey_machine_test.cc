// Turns of the machine by table: where somebody stands, what is known, what happens then.
#include "postrider/journeys/machine.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <catch2/catch.hpp>

#include <map>

using namespace postrider;
using namespace postrider::journeys;
using namespace std::chrono_literals;

namespace {

Instant const noon = *parse_instant("2026-03-10T12:00:00Z");

Definition definition_of(std::string const& text) {
  auto read = parse_definition(boost::json::parse(text));
  if (!read) FAIL(read.error().message);
  return *read;
}

// Nodes between a trigger `start`, which leads to the first of them, and an exit `bye`.
Definition between(std::string const& first, std::string const& nodes, std::string const& rest = "") {
  return definition_of(R"({"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": ")" + first + "\"}}," + nodes +
                       R"(, {"id": "bye", "kind": "exit", "settings": {"reason": "done"}}])" + rest + "}");
}

// Somebody on the way, with a clock that the test moves.
struct Traveller {
  Definition definition;
  segments::Facts facts = {};
  State state = enter(0, {}, {}, noon);
  Instant now = noon;
  std::set<Uuid> missing = {};
  std::vector<Step> steps = {};
  std::vector<Effect> effects = {};
  SeededRandom random{7};

  explicit Traveller(Definition d) : definition(std::move(d)) { facts.contact.id = *ContactId::parse("01890000-0000-7000-8000-00000000000a"); }

  Traveller& look(Input const& input = Input()) {
    Surroundings const around{JourneyId(), missing, "Europe/Rome", random};
    auto turn = take_turn(definition, state, facts, input, around, now);
    state = std::move(turn.state);
    for (auto& step : turn.steps) steps.push_back(std::move(step));
    for (auto& effect : turn.effects) effects.push_back(std::move(effect));
    CHECK(replay(definition, 0, steps) == Place{state.node, state.ended() ? steps.back().visit : state.visit, state.ended()});
    return *this;
  }
  Traveller& later(Duration by) {
    now += by;
    return look();
  }
  void happens(std::string const& type, char const* payload = "{}") {
    segments::Facts::Event event;
    event.type = type;
    event.payload = boost::json::parse(payload).as_object();
    event.occurred_at = event.created_at = now;
    facts.events.push_back(std::move(event));
  }
  std::string at() const { return definition.nodes[state.node].id; }
  // "start>pause>bye"
  std::string path() const {
    std::string text;
    for (auto const& step : steps) text += definition.nodes[step.node].id + (step.exit.empty() ? "" : " " + step.exit + ", ");
    return text;
  }
};

std::string const mailing = R"({"id": "mail", "kind": "action", "settings": {"act": "send_message", "template_id": "01890000-0000-7000-8000-000000000001", "sender_id": "01890000-0000-7000-8000-000000000002"}, "exits": {"next": "bye"}})";

}  // namespace

TEST_CASE("the documented flow: two days, was it opened, tag or not") {
  auto const definition = definition_of(R"({"nodes": [
    {"id": "start", "kind": "trigger", "settings": {"on": "event", "event": "signed_up"}, "exits": {"next": "pause"}},
    {"id": "pause", "kind": "wait", "settings": {"duration": "2d"}, "exits": {"next": "read"}},
    {"id": "read", "kind": "condition", "settings": {"condition": {"type": "event", "event": "email_opened", "within": "24h"}}, "exits": {"true": "tag", "false": "bye"}},
    {"id": "tag", "kind": "action", "settings": {"act": "add_tag", "tag": "reader"}, "exits": {"next": "bye"}},
    {"id": "bye", "kind": "exit"}]})");
  Traveller reader(definition);
  reader.look();
  CHECK(reader.state.status == ExecutionStatus::waiting);
  CHECK(reader.state.due == noon + 48h);
  reader.later(30h);
  CHECK(reader.at() == "pause");
  reader.happens("email_opened");
  reader.later(18h);
  CHECK(reader.path() == "start next, pause next, read true, tag next, bye");
  CHECK(reader.state.status == ExecutionStatus::completed);
  CHECK_FALSE(reader.state.due);
  REQUIRE(reader.effects.size() == 1);
  CHECK(reader.effects[0].node == *definition.find("tag"));
  auto const because = boost::json::serialize(reader.steps[2].trace);
  CHECK(because.find("\"holds\":true") != std::string::npos);
  Traveller silent(definition);
  silent.look().later(48h);
  CHECK(silent.path() == "start next, pause next, read false, bye");
  CHECK(silent.effects.empty());
  // Looked at once more, nothing happens.
  silent.later(1h);
  CHECK(silent.steps.size() == 4);
}

TEST_CASE("a wait for an event leaves by the event or by the time-out, and counts only what came after it began") {
  auto const definition = between("hope", R"({"id": "hope", "kind": "wait", "settings": {"event": "paid", "where": [{"type": "attribute", "field": "total", "operator": "greater_than", "value": 10}], "at_most": "24h"}, "exits": {"next": "thank", "timeout": "bye"}},
    {"id": "thank", "kind": "condition", "settings": {"field": "event.plan", "values": ["pro"]}, "exits": {"pro": "bye", "other": "bye"}})");
  Traveller t(definition);
  t.now -= 1h;
  t.happens("paid", R"({"total": 50})");
  t.now += 1h;
  t.look();
  CHECK(t.state.due == noon + 24h);
  CHECK(wake_events(definition, t.state) == std::set<std::string>{"paid"});
  t.now += 2h;
  t.happens("paid", R"({"total": 5})");
  t.look();
  CHECK(t.at() == "hope");
  CHECK(t.state.due == noon + 24h);
  t.now += 1h;
  t.happens("paid", R"({"total": 20, "plan": "pro"})");
  t.look();
  CHECK(t.path() == "start next, hope next, thank pro, bye");
  Traveller late(definition);
  late.look().later(24h);
  CHECK(late.path() == "start next, hope timeout, bye");
  // The event came in time but was seen only when the time was over: it counts.
  Traveller unseen(definition);
  unseen.look();
  unseen.now += 1h;
  unseen.happens("paid", R"({"total": 20})");
  unseen.later(30h);
  CHECK(unseen.path() == "start next, hope next, thank other, bye");
}

TEST_CASE("waits follow the contact's own clock") {
  auto const morning = between("wait", R"({"id": "wait", "kind": "wait", "settings": {"time": "09:00", "weekdays": ["sat"]}, "exits": {"next": "bye"}})");
  Traveller t(morning);
  t.facts.contact.time_zone = "America/New_York";
  t.look();
  CHECK(t.state.due == *parse_instant("2026-03-14T13:00:00Z"));  // daylight saving since the 8th
  Traveller rome(morning);
  rome.look();
  CHECK(rome.state.due == *parse_instant("2026-03-14T08:00:00Z"));
  auto const renewal = between("wait", R"({"id": "wait", "kind": "wait", "settings": {"field": "attributes.renews_on", "before": "3d"}, "exits": {"next": "bye"}})");
  Traveller none(renewal);
  none.look();
  CHECK(none.state.status == ExecutionStatus::completed);
  CHECK(none.steps[1].outcome == Outcome::skip);
  Traveller dated(renewal);
  dated.facts.contact.attributes["renews_on"] = "2026-04-10";
  dated.look();
  CHECK(dated.state.due == *parse_instant("2026-04-06T22:00:00Z"));  // midnight in Rome, three days of 24 hours before
  // The date moves while somebody waits for it.
  dated.facts.contact.attributes["renews_on"] = "2026-04-20";
  dated.later(24h * 28);
  CHECK(dated.at() == "wait");
  CHECK(dated.state.due == *parse_instant("2026-04-16T22:00:00Z"));
  auto const past = between("wait", R"({"id": "wait", "kind": "wait", "settings": {"until": "2026-01-01T00:00:00Z"}, "exits": {"next": "bye"}})");
  CHECK(Traveller(past).look().state.status == ExecutionStatus::completed);
}

TEST_CASE("quiet hours hold a marketing message back until they end, or skip it") {
  std::string const rules = R"(, "rules": {"quiet_hours": {"from": "21:00", "to": "08:00"}, "when_blocked": "WORD"})";
  auto with = [&](std::string const& word) {
    auto text = rules;
    return between("mail", mailing, text.replace(text.find("WORD"), 4, word));
  };
  Traveller held(with("hold"));
  held.now = *parse_instant("2026-03-10T22:30:00Z");  // 23:30 in Rome
  held.look();
  CHECK(held.effects.empty());
  CHECK(held.state.due == *parse_instant("2026-03-11T07:00:00Z"));
  held.later(9h);
  CHECK(held.effects.size() == 1);
  CHECK(held.effects[0].visit == 2);
  Traveller skipped(with("skip"));
  skipped.now = *parse_instant("2026-03-10T03:00:00Z");
  skipped.look();
  CHECK(skipped.effects.empty());
  CHECK(skipped.steps[1].outcome == Outcome::skip);
  CHECK(skipped.state.status == ExecutionStatus::completed);
  Traveller day(with("skip"));
  day.look();
  CHECK(day.effects.size() == 1);
}

TEST_CASE("an action that fails is tried again with growing pauses, and then the journey's rule decides") {
  auto with = [](std::string const& rule) { return between("mail", mailing, R"(, "rules": {"on_error": )" + rule + "}"); };
  auto const exhausted = [](Traveller& t) {
    t.missing.insert(*Uuid::parse("01890000-0000-7000-8000-000000000001"));
    t.look();
    CHECK(t.state.status == ExecutionStatus::waiting);
    CHECK(t.state.due > t.now + 20s);
    CHECK(t.state.due < t.now + 40s);
    t.later(1s);
    CHECK(t.state.failures == 1);  // too early
    for (int i = 0; i < 2; ++i) t.later(10min);
    CHECK(t.effects.empty());
  };
  Traveller leaves(with(R"({"then": "exit", "retries": 2})"));
  exhausted(leaves);
  CHECK(leaves.state.status == ExecutionStatus::exited);
  CHECK(leaves.state.reason == "error");
  CHECK(leaves.steps.back().outcome == Outcome::error);
  Traveller proceeds(with(R"({"then": "proceed", "retries": 2})"));
  exhausted(proceeds);
  CHECK(proceeds.path() == "start next, mail next, bye");
  Traveller falls(with(R"({"then": "fallback", "node": "bye", "retries": 2})"));
  exhausted(falls);
  CHECK(falls.path() == "start next, mail fallback, bye");
  // What is mended in time goes on as if nothing had been.
  Traveller mended(with(R"({"then": "exit", "retries": 2})"));
  mended.missing.insert(*Uuid::parse("01890000-0000-7000-8000-000000000001"));
  mended.look();
  mended.missing.clear();
  mended.later(1min);
  CHECK(mended.effects.size() == 1);
  CHECK(mended.effects[0].attempt == 2);
  CHECK(mended.state.status == ExecutionStatus::completed);
}

TEST_CASE("a webhook is waited for; what answers late or twice changes nothing") {
  auto const definition = between("call", R"({"id": "call", "kind": "action", "settings": {"act": "webhook", "url": "https://example.com/", "on_error": {"then": "proceed", "retries": 1}}, "exits": {"next": "pause"}},
    {"id": "pause", "kind": "wait", "settings": {"duration": "1h"}, "exits": {"next": "bye"}})");
  auto const answer = [](Input::Kind kind, int visit) { return Input{.kind = kind, .why = "500", .visit = visit}; };
  Traveller t(definition);
  t.look();
  CHECK(t.state.calling);
  CHECK(t.effects.size() == 1);
  t.look().look(answer(Input::Kind::answered, 1));
  CHECK(t.effects.size() == 1);
  CHECK(t.at() == "call");
  t.look(answer(Input::Kind::answered, 2));
  CHECK(t.at() == "pause");
  t.look(answer(Input::Kind::answered, 2)).look(answer(Input::Kind::refused, 2));
  CHECK(t.at() == "pause");
  Traveller refused(definition);
  refused.look().look(answer(Input::Kind::refused, 2));
  CHECK_FALSE(refused.state.calling);
  refused.later(1min);
  CHECK(refused.effects.size() == 2);
  refused.look(answer(Input::Kind::refused, 2));
  CHECK(refused.at() == "pause");
  Traveller forgotten(definition);
  forgotten.look().later(61min);
  CHECK(forgotten.state.error == "the webhook did not answer");
}

TEST_CASE("a goal is reached from anywhere, within its window; rules end the journey") {
  std::string const pause = R"({"id": "pause", "kind": "wait", "settings": {"duration": "10d"}, "exits": {"next": "bye"}})";
  auto const definition = between("pause", pause + R"(, {"id": "won", "kind": "goal", "settings": {"event": "purchased", "within": "5d"}})",
                                  R"(, "rules": {"stay_while": {"type": "tag", "tag": "lead"}})");
  Traveller t(definition);
  t.facts.contact.tags = {"lead"};
  t.look();
  CHECK(wake_events(definition, t.state) == std::set<std::string>{"purchased"});
  t.now += 24h;
  t.happens("purchased");
  t.look();
  CHECK(t.path() == "start next, pause goal, won");
  CHECK(t.state.status == ExecutionStatus::completed);
  CHECK(t.state.reason == "goal");
  Traveller late(definition);
  late.facts.contact.tags = {"lead"};
  late.look();
  late.now += 24h * 6;
  late.happens("purchased");
  late.look();
  CHECK(late.at() == "pause");
  late.facts.contact.tags.clear();
  late.later(1h);
  CHECK(late.state.status == ExecutionStatus::exited);
  CHECK(late.state.reason == "no_longer_fits");
  // A goal with a way on is reached once.
  auto const on = between("pause", pause + R"(, {"id": "won", "kind": "goal", "settings": {"event": "purchased"}, "exits": {"next": "pause"}})");
  Traveller again(on);
  again.look();
  again.now += 1h;
  again.happens("purchased");
  again.look().look();
  CHECK(again.path() == "start next, pause goal, won next, ");
  CHECK(again.at() == "pause");
  CHECK(again.state.due == noon + 1h + 240h);
}

TEST_CASE("a split is drawn once for all, in the shares that were given") {
  auto const definition = between("lot", R"({"id": "lot", "kind": "split", "settings": {"shares": {"a": 70, "b": 20, "hold_out": 10}}, "exits": {"a": "bye", "b": "bye", "hold_out": "bye"}})");
  std::map<std::string, int> drawn;
  for (int i = 0; i < 10'000; ++i) {
    Traveller t(definition);
    t.facts.contact.id = ContactId(uuid_from_name("contact " + std::to_string(i)));
    t.look();
    ++drawn[t.steps[1].exit];
    if (i % 100 != 0) continue;
    Traveller again(definition);
    again.facts.contact.id = t.facts.contact.id;
    again.look();
    CHECK(again.steps[1].exit == t.steps[1].exit);
  }
  CHECK(std::abs(drawn["a"] - 7000) < 200);
  CHECK(std::abs(drawn["b"] - 2000) < 200);
  CHECK(std::abs(drawn["hold_out"] - 1000) < 150);
}

TEST_CASE("variables are carried along, and what an action changes is known at once") {
  auto const definition = between("keep", R"({"id": "keep", "kind": "action", "settings": {"act": "set_variable", "variable": "total", "from": "event.total"}, "exits": {"next": "tag"}},
    {"id": "tag", "kind": "action", "settings": {"act": "add_tag", "tag": "vip"}, "exits": {"next": "ask"}},
    {"id": "ask", "kind": "condition", "settings": {"condition": {"and": [{"type": "tag", "tag": "vip"}, {"type": "attribute", "field": "variables.total", "operator": "greater_than", "value": 100}]}}, "exits": {"true": "mail", "false": "bye"}}, )" + mailing);
  Traveller t(definition);
  t.state = enter(0, {{"color", "red"}}, {{"total", 120}}, noon);
  t.look();
  CHECK(t.path() == "start next, keep next, tag next, ask true, mail next, bye");
  REQUIRE(t.effects.size() == 2);
  CHECK(boost::json::serialize(t.effects[1].variables) == R"({"color":"red","total":"120"})");
}

TEST_CASE("orders of people are obeyed at once") {
  auto const definition = between("pause", R"({"id": "pause", "kind": "wait", "settings": {"duration": "10d"}, "exits": {"next": "bye"}})");
  Traveller t(definition);
  t.look().look(Input{.kind = Input::Kind::leave, .why = "by hand"});
  CHECK(t.state.status == ExecutionStatus::exited);
  CHECK(t.state.reason == "by hand");
  Traveller moved(definition);
  moved.look().look(Input{.kind = Input::Kind::move, .node = *definition.find("bye")});
  CHECK(moved.state.status == ExecutionStatus::completed);
  CHECK(moved.path() == "start next, pausebye");
}

TEST_CASE("only what the next turn may read is asked for") {
  auto const definition = between("pause", R"({"id": "pause", "kind": "wait", "settings": {"duration": "1d"}, "exits": {"next": "ask"}},
    {"id": "ask", "kind": "condition", "settings": {"condition": {"or": [{"type": "event", "event": "email_opened"}, {"type": "consent", "channel": "email", "consent_type": "marketing", "status": "granted"}]}}, "exits": {"true": "bye", "false": "rest"}},
    {"id": "rest", "kind": "wait", "settings": {"duration": "1d"}, "exits": {"next": "ask2"}},
    {"id": "ask2", "kind": "condition", "settings": {"condition": {"type": "segment", "segment_id": "01890000-0000-7000-8000-000000000005"}}, "exits": {"true": "bye", "false": "bye"}})");
  auto const start = questions(definition, 0);
  CHECK(start.events.empty());
  CHECK_FALSE(start.segments);
  auto const pause = questions(definition, *definition.find("pause"));
  CHECK(pause.events == std::set<std::string>{"email_opened"});
  CHECK(pause.consents);
  CHECK_FALSE(pause.segments);
  CHECK(questions(definition, *definition.find("rest")).segments);
}

TEST_CASE("a fallback to a trigger and lengths that mean nothing are refused") {
  auto const mistakes = [](std::string const& text) {
    auto const read = parse_definition(boost::json::parse(text));
    std::string all;
    if (!read)
      for (auto const& field : read.error().fields) all += field.pointer + " " + field.code + "\n";
    return all;
  };
  std::string const head = R"({"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "do"}}, )";
  std::string const tail = R"(, {"id": "bye", "kind": "exit"}])";
  std::string const tag = R"({"id": "do", "kind": "action", "settings": {"act": "add_tag", "tag": "x"ERR}, "exits": {"next": "bye"}})";
  auto own = tag;
  own.replace(own.find("ERR"), 3, R"(, "on_error": {"then": "fallback", "node": "start"})");
  CHECK(mistakes(head + own + tail + "}").starts_with("/definition/nodes/1/settings/on_error/node invalid_value\n"));
  auto plain = tag;
  plain.replace(plain.find("ERR"), 3, "");
  CHECK(mistakes(head + plain + tail + R"(, "rules": {"on_error": {"then": "fallback", "node": "start"}}})").starts_with("/definition/rules/on_error/node invalid_value\n"));
  CHECK(mistakes(head + R"({"id": "do", "kind": "wait", "settings": {"event": "x", "at_most": "0s"}, "exits": {"next": "bye", "timeout": "bye"}})" + tail + "}") ==
        "/definition/nodes/1/settings/at_most out_of_range\n");
  CHECK(mistakes(head + plain + tail + R"(, "entry": {"again": "after", "every": "0s"}})") == "/definition/entry/every out_of_range\n");
  CHECK(mistakes(head + R"({"id": "do", "kind": "wait", "settings": {"field": "attributes.day", "before": "400d"}, "exits": {"next": "bye"}})" + tail + "}") ==
        "/definition/nodes/1/settings/before out_of_range\n");
}

TEST_CASE("two goals that were reached before one look are both counted") {
  auto const definition = between("pause", R"({"id": "pause", "kind": "wait", "settings": {"duration": "30d"}, "exits": {"next": "bye"}},
    {"id": "seen", "kind": "goal", "settings": {"event": "came_by"}, "exits": {"next": "rest"}}, {"id": "rest", "kind": "wait", "settings": {"duration": "9d"}, "exits": {"next": "bye"}},
    {"id": "bought", "kind": "goal", "settings": {"event": "paid"}})");
  Traveller t(definition);
  t.look();
  t.now += 1h;
  t.happens("came_by");
  t.happens("paid");
  t.look();
  CHECK(t.path() == "start next, pause goal, seen next, rest goal, bought");
  CHECK(t.state.status == ExecutionStatus::completed);
}

TEST_CASE("who breaks the journey's rule by what the journey itself does leaves at once, not at the next look") {
  auto const definition = between("untag", R"({"id": "untag", "kind": "action", "settings": {"act": "remove_tag", "tag": "vip"}, "exits": {"next": "pause"}},
    {"id": "pause", "kind": "wait", "settings": {"duration": "30d"}, "exits": {"next": "bye"}})", R"(, "rules": {"stay_while": {"type": "tag", "tag": "vip"}})");
  Traveller t(definition);
  t.facts.contact.tags = {"vip"};
  t.look();
  CHECK(t.path() == "start next, untag next, pause");
  CHECK(t.state.reason == "no_longer_fits");
}
