#include "support/random_journeys.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <stdexcept>

namespace postrider::test {

namespace {

namespace json = boost::json;

char const* const event_types[] = {"signed_up", "paid", "came_by", "email_opened", "cart.left", "milestone"};
char const* const tags[] = {"vip", "reader", "it's"};
char const* const fields[] = {"attributes.plan", "attributes.score", "variables.seen", "variables.mark", "event.total", "event.plan", "first_name", "time_zone", "attributes.missing"};
char const* const plans[] = {"pro", "free", "7", "true", "ü", "goal", "fallback"};
char const* const dates[] = {"attributes.renews_on", "attributes.seen", "created_at", "attributes.plan"};
char const* const lengths[] = {"90s", "5m", "1h", "7h", "24h", "2d", "9d"};
char const* const times[] = {"00:00", "02:30", "09:00", "17:45", "23:59"};
char const* const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
char const* const zones[] = {"contact", "Europe/Rome", "America/New_York", "Pacific/Apia", "UTC"};

struct Open {
  std::size_t node;
  std::string exit;
};

}  // namespace

// The graph while it is drawn: nodes that stand, and their ways out that lead nowhere yet.
struct RandomJourneys::Draft {
  std::vector<json::object> nodes;
  std::vector<Open> open;

  static std::string name(std::size_t node) { return "n" + std::to_string(node); }
  static bool lasts(json::object const& node) {
    if (node.at("kind") != "wait") return false;
    auto const& settings = node.at("settings").as_object();
    return settings.contains("duration") || settings.contains("time");
  }
  void connect(Open const& from, std::size_t to) { nodes[from.node]["exits"].as_object()[from.exit] = name(to); }
  void add(std::string_view kind, json::object settings, std::vector<std::string> const& exits) {
    for (auto const& exit : exits) open.push_back(Open{nodes.size(), exit});
    nodes.push_back(json::object{{"id", name(nodes.size())}, {"kind", kind}, {"settings", std::move(settings)}, {"exits", json::object()}});
  }
};

std::string RandomJourneys::duration() { return lengths[below(std::size(lengths))]; }

json::value RandomJourneys::plain() {
  switch (below(4)) {
    case 0: return json::value(static_cast<std::int64_t>(below(20)));
    case 1: return json::value(chance(50));
    case 2: return json::value("2026-03-" + std::to_string(10 + below(15)));
    default: return json::value(plans[below(std::size(plans))]);
  }
}

json::array RandomJourneys::where() {
  json::array all;
  if (!chance(40)) return all;
  json::object leaf{{"type", "attribute"}, {"field", chance(50) ? "total" : "plan"}};
  if (chance(50)) {
    leaf["operator"] = "greater_than";
    leaf["value"] = static_cast<std::int64_t>(below(20));
  } else {
    leaf["operator"] = "exists";
  }
  all.push_back(std::move(leaf));
  return all;
}

json::value RandomJourneys::condition(int depth) {
  if (names_.people && chance(30)) return random_condition(random_, *names_.people, now_, depth);
  if (depth > 0 && chance(30)) {
    if (chance(30)) return json::object{{"not", condition(depth - 1)}};
    json::array parts;
    for (std::size_t n = 1 + below(3); n > 0; --n) parts.push_back(condition(depth - 1));
    return json::object{{chance(50) ? "and" : "or", std::move(parts)}};
  }
  switch (below(6)) {
    case 0: return json::object{{"type", "tag"}, {"tag", tags[below(std::size(tags))]}};
    case 1: return json::object{{"type", "event"}, {"event", event_types[below(std::size(event_types))]}, {"within", duration()}};
    case 2: return json::object{{"type", "consent"}, {"channel", "email"}, {"consent_type", "marketing"}, {"status", "granted"}};
    case 3:
      if (!names_.segments.empty()) return json::object{{"type", "segment"}, {"segment_id", names_.segments[below(names_.segments.size())].str()}};
      [[fallthrough]];
    default: break;
  }
  json::object leaf{{"type", "attribute"}, {"field", fields[below(4)]}, {"operator", "exists"}};
  if (chance(60)) {
    leaf["operator"] = chance(50) ? "equals" : "not_equals";
    leaf["value"] = plain();
  }
  return leaf;
}

json::object RandomJourneys::trigger() {
  switch (below(8)) {
    case 0: return json::object{{"on", "call"}};
    case 1: return json::object{{"on", "date"}, {"field", dates[below(2)]}, {chance(50) ? "before" : "after", duration()}};
    case 2:
    case 3:
      if (!names_.segments.empty()) return json::object{{"on", chance(50) ? "segment_joined" : "segment_left"}, {"segment_id", names_.segments[below(names_.segments.size())].str()}};
      [[fallthrough]];
    case 4:
      if (!names_.journeys.empty()) return json::object{{"on", "journey"}, {"journey_id", names_.journeys[below(names_.journeys.size())].str()}};
      [[fallthrough]];
    default: return json::object{{"on", "event"}, {"event", event_types[below(chance(95) ? 4 : 6)]}, {"where", where()}};
  }
}

json::object RandomJourneys::wait() {
  switch (below(6)) {
    case 0: return json::object{{"until", to_text(now_ + std::chrono::hours(24) * static_cast<int>(below(20)) - std::chrono::hours(100))}};
    case 1: return json::object{{"field", dates[below(std::size(dates))]}, {chance(50) ? "before" : "after", duration()}};
    case 2: {
      json::object settings{{"time", times[below(std::size(times))]}, {"time_zone", zones[below(std::size(zones))]}};
      json::array weekdays;
      for (auto const* const day : days)
        if (chance(30)) weekdays.emplace_back(day);
      settings["weekdays"] = std::move(weekdays);
      return settings;
    }
    case 3: return json::object{{"duration", duration()}};
    default: return json::object{{"event", event_types[below(std::size(event_types))]}, {"where", where()}, {"at_most", duration()}};
  }
}

// Only ever to a node that is no trigger; to earlier ones where the round has a wait in it, else parse_definition refuses it.
json::object RandomJourneys::on_error(Draft const& draft) {
  json::object rule{{"retries", static_cast<std::int64_t>(below(4))}};
  auto const kind = below(3);
  rule["then"] = kind == 0 ? "proceed" : kind == 1 ? "exit" : "fallback";
  if (kind == 2) rule["node"] = Draft::name(draft.nodes.size() + 1 + below(3));
  return rule;
}

json::object RandomJourneys::action(Draft const& draft) {
  json::object settings;
  switch (below(12)) {
    case 0:
    case 1:
    case 2:
      if (!names_.templates.empty() && !names_.senders.empty()) {
        settings["act"] = "send_message";
        settings["template_id"] = names_.templates[below(names_.templates.size())].str();
        settings["sender_id"] = names_.senders[below(names_.senders.size())].str();
        settings["purpose"] = chance(70) ? "marketing" : "transactional";
        break;
      }
      [[fallthrough]];
    case 3: settings = {{"act", chance(50) ? "add_tag" : "remove_tag"}, {"tag", tags[below(std::size(tags))]}}; break;
    case 4: settings = {{"act", "set_attribute"}, {"field", chance(50) ? "attributes.plan" : "attributes.score"}, {"value", chance(20) ? json::value(nullptr) : plain()}}; break;
    case 5:
      if (!names_.segments.empty()) {
        settings = {{"act", chance(60) ? "add_to_segment" : "remove_from_segment"}, {"segment_id", names_.segments[below(names_.segments.size())].str()}};
        break;
      }
      [[fallthrough]];
    case 6:
      if (!names_.journeys.empty()) {
        settings = {{"act", chance(70) ? "start_journey" : "end_journey"}, {"journey_id", names_.journeys[below(names_.journeys.size())].str()}};
        break;
      }
      [[fallthrough]];
    case 7: settings = {{"act", "webhook"}, {"url", names_.webhook}, {"body", json::object{{"n", plain()}}}}; break;
    case 8:
    case 9: settings = {{"act", "record_event"}, {"event", event_types[4 + below(2)]}, {"properties", json::object{{"total", static_cast<std::int64_t>(below(20))}}}}; break;
    case 10: settings = {{"act", "set_variable"}, {"variable", chance(50) ? "seen" : "mark"}, {"value", plain()}}; break;
    default: settings = {{"act", "set_variable"}, {"variable", chance(50) ? "seen" : "mark"}, {"from", fields[below(std::size(fields))]}}; break;
  }
  if (chance(40)) settings["on_error"] = on_error(draft);
  return settings;
}

json::object RandomJourneys::draft() {
  Draft draft;
  auto const size = 3 + below(23);
  for (std::size_t n = 1 + below(2); n > 0; --n) draft.add("trigger", trigger(), {"next"});
  // Each node hangs on an open way of an earlier one, so everything can be reached.
  auto hang = [&] {
    auto const slot = below(draft.open.size());
    draft.connect(draft.open[slot], draft.nodes.size());
    draft.open.erase(draft.open.begin() + static_cast<std::ptrdiff_t>(slot));
  };
  while (draft.nodes.size() + 1 < size) {
    auto const kind = below(100);
    if (kind < 6) {
      draft.add("goal", json::object{{"event", event_types[below(std::size(event_types))]}, {"where", where()}}, chance(50) ? std::vector<std::string>{"next"} : std::vector<std::string>{});
      if (chance(40)) draft.nodes.back()["settings"].as_object()["within"] = duration();
      continue;
    }
    hang();
    if (kind < 30) {
      auto settings = wait();
      bool const event = settings.contains("event");
      draft.add("wait", std::move(settings), event ? std::vector<std::string>{"next", "timeout"} : std::vector<std::string>{"next"});
    } else if (kind < 42) {
      draft.add("condition", json::object{{"condition", condition(2)}}, {"true", "false"});
    } else if (kind < 52) {
      std::vector<std::string> exits;
      json::array values;
      for (auto const* const plan : plans)
        if (exits.empty() || chance(30)) exits.emplace_back(plan);
      for (auto const& value : exits) values.emplace_back(value);
      exits.emplace_back("other");
      draft.add("condition", json::object{{"field", fields[below(std::size(fields))]}, {"values", std::move(values)}}, exits);
    } else if (kind < 60) {
      auto const first = static_cast<std::int64_t>(1 + below(98));
      draft.add("split", json::object{{"shares", json::object{{"mail", first}, {"goal", 100 - first}}}}, {"mail", "goal"});
    } else {
      draft.add("action", action(draft), {"next"});
    }
  }
  for (std::size_t n = 1 + below(2); n > 0 && !draft.open.empty(); --n) {
    hang();
    draft.add("exit", json::object{{"reason", "way " + std::to_string(n)}}, {});
  }
  for (auto const& open : draft.open) {
    auto const& from = draft.nodes[open.node];
    bool const back = Draft::lasts(from) ? chance(60) : chance(1);
    auto const later = open.node + 1 + below(draft.nodes.size() - open.node - 1);
    draft.connect(open, back ? 2 + below(draft.nodes.size() - 2) : later);
  }
  json::object whole;
  json::array nodes;
  for (auto& node : draft.nodes) nodes.push_back(std::move(node));
  // A fall-back beyond the last node falls onto it.
  for (auto& node : nodes) {
    auto* const rule = node.at("settings").as_object().if_contains("on_error");
    if (!rule || !rule->as_object().contains("node")) continue;
    auto& target = rule->as_object()["node"];
    if (std::stoul(std::string(target.as_string()).substr(1)) >= nodes.size()) target = Draft::name(nodes.size() - 1);
  }
  whole["nodes"] = std::move(nodes);
  json::object entry;
  auto const again = below(3);
  entry["again"] = again == 0 ? "never" : again == 1 ? "after" : "always";
  if (again == 1) entry["every"] = duration();
  if (chance(20)) entry["where"] = condition(1);
  whole["entry"] = std::move(entry);
  json::object rules;
  if (chance(20)) rules["stay_while"] = condition(1);
  if (chance(30)) rules["quiet_hours"] = json::object{{"from", times[below(3)]}, {"to", times[3 + below(2)]}};
  if (chance(30)) rules["quiet_hours"] = json::object{{"from", "21:00"}, {"to", "08:00"}};
  rules["when_blocked"] = chance(60) ? "hold" : "skip";
  rules["on_error"] = json::object{{"then", chance(50) ? "exit" : "proceed"}, {"retries", static_cast<std::int64_t>(below(4))}};
  rules["overdue"] = chance(70) ? "6h" : duration();
  whole["rules"] = std::move(rules);
  return whole;
}

RandomJourney RandomJourneys::next() {
  for (int tries = 0; tries < 100; ++tries) {
    json::value whole = draft();
    auto read = journeys::parse_definition(whole);
    if (!read) {
      ++refused_;
      continue;
    }
    ++made_;
    return RandomJourney{json::serialize(whole), std::move(*read)};
  }
  throw std::runtime_error("a hundred random journeys in a row were refused");
}

std::pair<std::string, json::object> RandomJourneys::event() {
  json::object properties;
  if (chance(70)) properties["total"] = static_cast<std::int64_t>(below(20));
  if (chance(50)) properties["plan"] = plans[below(std::size(plans))];
  return {event_types[below(std::size(event_types))], std::move(properties)};
}

}  // namespace postrider::test
