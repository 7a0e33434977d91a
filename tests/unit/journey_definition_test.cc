#include "postrider/journeys/definition.h"

#include <boost/json/parse.hpp>

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::journeys;

namespace {

// A small whole journey; tests change one thing of it.
constexpr char const* welcome = R"({
  "nodes": [
    {"id": "start", "kind": "trigger", "settings": {"on": "event", "event": "signed_up", "where": [{"type": "attribute", "field": "plan", "operator": "equals", "value": "pro"}]}, "exits": {"next": "hello"}},
    {"id": "hello", "kind": "action", "settings": {"act": "send_message", "template_id": "01890000-0000-7000-8000-000000000001", "sender_id": "01890000-0000-7000-8000-000000000002"}, "exits": {"next": "pause"}},
    {"id": "pause", "kind": "wait", "settings": {"duration": "2d"}, "exits": {"next": "read"}},
    {"id": "read", "kind": "condition", "settings": {"condition": {"type": "event", "event": "email_opened", "within": "24h"}}, "exits": {"true": "tag", "false": "bye"}},
    {"id": "tag", "kind": "action", "settings": {"act": "add_tag", "tag": "reader"}, "exits": {"next": "bye"}},
    {"id": "bye", "kind": "exit", "settings": {"reason": "done"}}
  ],
  "entry": {"again": "after", "every": "30d"},
  "rules": {"overdue": "2h", "quiet_hours": {"from": "21:00", "to": "08:00"}, "when_blocked": "skip", "on_error": {"then": "fallback", "node": "bye", "retries": 5}}
})";

std::vector<std::string> mistakes_in(std::string const& text) {
  auto const read = parse_definition(boost::json::parse(text));
  std::vector<std::string> all;
  if (!read)
    for (auto const& field : read.error().fields) all.push_back(field.pointer + " " + field.code);
  return all;
}

std::string changed(std::string const& from, std::string const& to) {
  std::string text = welcome;
  auto const at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a journey is read into nodes that know where they lead") {
  auto const read = parse_definition(boost::json::parse(welcome));
  REQUIRE(read.has_value());
  REQUIRE(read->nodes.size() == 6);
  auto const& start = std::get<Trigger>(read->nodes[0].settings);
  CHECK(start.on == Trigger::On::event);
  CHECK(start.event.event == "signed_up");
  CHECK(start.event.where.size() == 1);
  CHECK(read->nodes[0].exit("next") == read->find("hello"));
  CHECK_FALSE(read->nodes[0].exit("true"));
  auto const& hello = std::get<Action>(read->nodes[1].settings);
  CHECK(hello.what == Action::Do::send_message);
  CHECK(hello.channel == "email");
  CHECK(hello.purpose == "marketing");
  CHECK(std::get<Wait>(read->nodes[2].settings).duration == std::chrono::hours(48));
  CHECK(read->nodes[3].exit("true") == read->find("tag"));
  CHECK(read->nodes[3].exit("false") == read->find("bye"));
  CHECK(std::get<Exit>(read->nodes[5].settings).reason == "done");
  CHECK(read->entry.again == Entry::Again::after);
  CHECK(read->entry.every == std::chrono::hours(24 * 30));
  CHECK(read->rules.overdue == std::chrono::hours(2));
  CHECK_FALSE(read->rules.hold_when_blocked);
  CHECK(read->rules.quiet_hours == std::pair(std::chrono::minutes(21 * 60), std::chrono::minutes(8 * 60)));
  CHECK(read->rules.on_error.then == OnError::Then::fallback);
  CHECK(read->rules.on_error.fallback == read->find("bye"));
  CHECK(read->rules.on_error.retries == 5);
}

TEST_CASE("every mistake of a journey is named by node and field, all at once") {
  CHECK(mistakes_in(changed("\"kind\": \"wait\"", "\"kind\": \"nap\"")) == Words{"/definition/nodes/2/kind not_allowed"});
  CHECK(mistakes_in(changed("\"exits\": {\"next\": \"hello\"}", "\"exits\": {\"next\": \"hallo\"}")) == Words{"/definition/nodes/0/exits/next invalid_value"});
  CHECK(mistakes_in(changed("{\"true\": \"tag\", \"false\": \"bye\"}", "{\"true\": \"tag\", \"maybe\": \"bye\"}")) ==
        Words{"/definition/nodes/3/exits/false required", "/definition/nodes/3/exits/maybe unknown_field"});
  CHECK(mistakes_in(changed("\"id\": \"tag\"", "\"id\": \"read\"")) ==
        Words{"/definition/nodes/4/id duplicate", "/definition/nodes/3/exits/true invalid_value"});
  CHECK(mistakes_in(changed("\"duration\": \"2d\"", "\"duration\": \"2d\", \"until\": \"2026-07-01T09:00:00Z\"")) == Words{"/definition/nodes/2/settings not_allowed"});
  CHECK(mistakes_in(changed("\"duration\": \"2d\"", "\"length\": \"2d\"")) == Words{"/definition/nodes/2/settings/length unknown_field"});
  // What exists but means nothing here was meant for something.
  CHECK(mistakes_in(changed("\"tag\": \"reader\"", "\"tag\": \"reader\", \"url\": \"https://example.com\"")) == Words{"/definition/nodes/4/settings/url not_allowed"});
  CHECK(mistakes_in(changed("\"duration\": \"2d\"", "\"duration\": \"2d\", \"weekdays\": [\"mon\"]")) == Words{"/definition/nodes/2/settings/weekdays not_allowed"});
  CHECK(mistakes_in(changed("\"tag\": \"reader\"", "\"tagg\": \"reader\"")) == Words{"/definition/nodes/4/settings/tagg unknown_field"});
  CHECK(mistakes_in(changed(", \"sender_id\": \"01890000-0000-7000-8000-000000000002\"", "")) == Words{"/definition/nodes/1/settings/sender_id required"});
  CHECK(mistakes_in(changed("\"event\": \"email_opened\", \"within\"", "\"event\": \"email_opened\", \"withinn\"")).at(0).starts_with("/definition/nodes/3/settings/condition/"));
  CHECK(mistakes_in(changed("\"again\": \"after\", \"every\": \"30d\"", "\"again\": \"after\"")) == Words{"/definition/entry/every required"});
  CHECK(mistakes_in(changed("\"from\": \"21:00\"", "\"from\": \"9pm\"")) == Words{"/definition/rules/quiet_hours/from invalid_value"});
  CHECK(mistakes_in(changed("\"node\": \"bye\"", "\"node\": \"nowhere\"")) == Words{"/definition/rules/on_error/node invalid_value"});
  CHECK(mistakes_in("{}") == Words{"/definition/nodes required"});
  CHECK(mistakes_in("{\"nodes\": []}") == Words{"/definition/nodes too_short"});
  auto const read = parse_definition(boost::json::parse(changed("\"kind\": \"wait\"", "\"kind\": \"nap\"")));
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().message.starts_with("node 'pause': "));
}

TEST_CASE("nobody can get lost in a journey or go round in it for ever") {
  // Without a trigger nothing is reached either.
  auto const none = mistakes_in(R"({"nodes": [{"id": "bye", "kind": "exit"}]})");
  CHECK(none == Words{"/definition/nodes required", "/definition/nodes/0 invalid_value"});
  CHECK(mistakes_in(R"({"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "bye"}}, {"id": "bye", "kind": "exit"}, {"id": "island", "kind": "exit"}]})") ==
        Words{"/definition/nodes/2 invalid_value"});
  std::string const round = R"({"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "ask"}},
    {"id": "ask", "kind": "condition", "settings": {"condition": {"type": "tag", "tag": "vip"}}, "exits": {"true": "bye", "false": "pause"}},
    {"id": "pause", "kind": "wait", "settings": WAIT, "exits": {"next": "ask"}}, {"id": "bye", "kind": "exit"}]})";
  auto with = [&round](std::string const& wait) {
    auto text = round;
    return text.replace(text.find("WAIT"), 4, wait);
  };
  CHECK(mistakes_in(with(R"({"duration": "1d"})")).empty());
  CHECK(mistakes_in(with(R"({"time": "09:00", "weekdays": ["mon", "fri"]})")).empty());
  // These last no time at all once they have passed.
  CHECK(mistakes_in(with(R"({"until": "2026-07-01T09:00:00Z"})")) == Words{"/definition/nodes/1/exits invalid_value"});
  CHECK(mistakes_in(with(R"({"field": "attributes.renews_on", "before": "3d"})")) == Words{"/definition/nodes/1/exits invalid_value"});
  // A trigger is no place to come back to.
  CHECK(mistakes_in(changed("\"settings\": {\"act\": \"add_tag\", \"tag\": \"reader\"}, \"exits\": {\"next\": \"bye\"}", "\"settings\": {\"act\": \"add_tag\", \"tag\": \"reader\"}, \"exits\": {\"next\": \"start\"}")) ==
        Words{"/definition/nodes/4/exits/next invalid_value"});
}

TEST_CASE("goals, splits and choices know their exits") {
  auto const read = parse_definition(boost::json::parse(R"({"nodes": [
    {"id": "start", "kind": "trigger", "settings": {"on": "date", "field": "attributes.renews_on", "before": "14d"}, "exits": {"next": "lot"}},
    {"id": "lot", "kind": "split", "settings": {"shares": {"mail": 60, "text": 30, "hold_out": 10}}, "exits": {"mail": "plan", "text": "plan", "hold_out": "bye"}},
    {"id": "plan", "kind": "condition", "settings": {"field": "attributes.plan", "values": ["pro", "free"]}, "exits": {"pro": "bye", "free": "bye", "other": "bye"}},
    {"id": "renewed", "kind": "goal", "settings": {"event": "renewed", "within": "60d"}},
    {"id": "bye", "kind": "exit"}]})"));
  REQUIRE(read.has_value());
  CHECK(std::get<Trigger>(read->nodes[0].settings).offset == -std::chrono::hours(24 * 14));
  CHECK(std::get<Split>(read->nodes[1].settings).shares.size() == 3);
  CHECK(read->nodes[2].exits.size() == 3);
  CHECK(std::get<Goal>(read->nodes[3].settings).within == std::chrono::hours(24 * 60));
  CHECK(std::get<Exit>(read->nodes[4].settings).reason == "exit");
  CHECK(mistakes_in(R"({"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "lot"}},
    {"id": "lot", "kind": "split", "settings": {"shares": {"a": 60, "b": 30}}, "exits": {"a": "bye", "b": "bye"}}, {"id": "bye", "kind": "exit"}]})") ==
        Words{"/definition/nodes/1/settings/shares invalid_value"});
}

TEST_CASE("an exit has a name, and what postrider tells itself is not recorded by a journey") {
  std::string const tagging = R"("settings": {"act": "add_tag", "tag": "reader"})";
  CHECK(mistakes_in(changed(tagging, R"("settings": {"act": "record_event", "event": "order.placed"})")).empty());
  CHECK(mistakes_in(changed(tagging, R"("settings": {"act": "record_event", "event": "consent_granted"})")) == Words{"/definition/nodes/4/settings/event invalid_value"});
  std::string const read = R"("settings": {"condition": {"type": "event", "event": "email_opened", "within": "24h"}}, "exits": {"true": "tag", "false": "bye"})";
  CHECK(mistakes_in(changed(read, R"("settings": {"field": "attributes.plan", "values": [""]}, "exits": {"": "tag", "other": "bye"})")) == Words{"/definition/nodes/3/settings/values invalid_value"});
  std::string const split = R"("kind": "condition", )" + read;
  CHECK(mistakes_in(changed(split, R"("kind": "split", "settings": {"shares": {"": 50, "b": 50}}, "exits": {"": "tag", "b": "bye"})")) == Words{"/definition/nodes/3/settings/shares invalid_value"});
}
