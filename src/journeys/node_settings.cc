// Settings of each kind of node. Described structs do the reading; what depends on more than one member is checked here.
#include "journeys/definition_reader.h"
#include "postrider/base/local_time.h"
#include "postrider/events/event_log.h"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace postrider::journeys {

namespace {

namespace bj = boost::json;

constexpr auto longest_offset = std::chrono::hours(24 * 366);

struct TriggerIn {
  std::string on;
  std::optional<std::string> event;
  std::optional<bj::array> where;
  std::optional<SegmentId> segment_id;
  std::optional<std::string> field;
  std::optional<Duration> before, after;
  std::optional<JourneyId> journey_id;
};
BOOST_DESCRIBE_STRUCT(TriggerIn, (), (on, event, where, segment_id, field, before, after, journey_id))

struct WaitIn {
  std::optional<Duration> duration, before, after, at_most;
  std::optional<Instant> until;
  std::optional<std::string> field, time, time_zone, event;
  std::optional<std::vector<std::string>> weekdays;
  std::optional<bj::array> where;
};
BOOST_DESCRIBE_STRUCT(WaitIn, (), (duration, before, after, at_most, until, field, time, time_zone, event, weekdays, where))

struct ConditionIn {
  std::optional<bj::object> condition;
  std::optional<std::string> field;
  std::optional<std::vector<std::string>> values;
};
BOOST_DESCRIBE_STRUCT(ConditionIn, (), (condition, field, values))

struct SplitIn {
  std::map<std::string, std::int64_t> shares;
  static constexpr json::Rule json_rules[] = {json::items("shares", 2, 10)};
};
BOOST_DESCRIBE_STRUCT(SplitIn, (), (shares))

struct ActionIn {
  std::string act;
  std::optional<std::string> channel, purpose, tag, field, url, event, variable, from;
  std::optional<TemplateId> template_id;
  std::optional<SenderId> sender_id;
  std::optional<SegmentId> segment_id;
  std::optional<JourneyId> journey_id;
  std::optional<bj::object> properties, body;
  json::Field<bj::value> value;
  std::optional<OnErrorIn> on_error;
  static constexpr json::Rule json_rules[] = {json::length("tag", 1, 100), json::length("event", 1, 100), json::length("url", 1, 2000), json::length("variable", 1, 64)};
};
BOOST_DESCRIBE_STRUCT(ActionIn, (), (act, channel, purpose, tag, field, url, event, template_id, sender_id, segment_id, journey_id, properties, body, value, variable, from, on_error))

struct GoalIn {
  std::string event;
  std::optional<bj::array> where;
  std::optional<Duration> within;
  static constexpr json::Rule json_rules[] = {json::length("event", 1, 100)};
};
BOOST_DESCRIBE_STRUCT(GoalIn, (), (event, where, within))

struct ExitIn {
  json::Defaulted<std::string> reason = std::string("exit");
  static constexpr json::Rule json_rules[] = {json::length("reason", 1, 100)};
};
BOOST_DESCRIBE_STRUCT(ExitIn, (), (reason))

EventMatch event_of(std::optional<std::string> const& event, std::optional<bj::array> const& where, std::string const& at, Mistakes& mistakes) {
  EventMatch match;
  match.event = event.value_or("");
  if (match.event.empty()) mistakes.add(at + "/event", "required", "say which event");
  if (!where) return match;
  for (std::size_t i = 0; i < where->size(); ++i) {
    auto const place = at + "/where/" + std::to_string(i);
    auto condition = read_condition((*where)[i], place, mistakes);
    if (!condition) continue;
    if (condition->kind != segments::Condition::Kind::attribute) mistakes.add(place + "/type", "not_allowed", "of an event only its properties can be asked: use type attribute");
    else match.where.push_back(std::move(*condition));
  }
  return match;
}

// Settings that exist but mean nothing here were meant for something: better said than ignored.
void only(bj::object const& settings, std::string const& what, std::vector<std::string_view> const& allowed, std::string const& at, Mistakes& mistakes) {
  for (auto const& member : settings)
    if (std::ranges::find(allowed, std::string_view(member.key())) == allowed.end() && !member.value().is_null())
      mistakes.add(at + "/" + std::string(member.key()), "not_allowed", "does not go with " + what);
}

template <class T>
T needed(std::optional<T> const& value, std::string const& pointer, std::string const& message, Mistakes& mistakes) {
  if (!value) mistakes.add(pointer, "required", message);
  return value.value_or(T());
}

// Of dates: a year each way; longer ones are mistakes of the pen.
Duration offset_of(std::optional<Duration> const& before, std::optional<Duration> const& after, std::string const& at, Mistakes& mistakes) {
  if (before && after) mistakes.add(at + "/after", "not_allowed", "before and after exclude each other");
  if (before.value_or(Duration()) > longest_offset) mistakes.add(at + "/before", "out_of_range", "must be at most 366d");
  if (after.value_or(Duration()) > longest_offset) mistakes.add(at + "/after", "out_of_range", "must be at most 366d");
  return before ? -*before : after.value_or(Duration());
}

std::vector<std::string_view> members_of(Trigger::On on) {
  switch (on) {
    case Trigger::On::event: return {"on", "event", "where"};
    case Trigger::On::segment_joined:
    case Trigger::On::segment_left: return {"on", "segment_id"};
    case Trigger::On::date: return {"on", "field", "before", "after"};
    case Trigger::On::journey: return {"on", "journey_id"};
    case Trigger::On::call: break;
  }
  return {"on"};
}

Trigger trigger_of(TriggerIn const& in, bj::object const& given, std::string const& at, Mistakes& mistakes) {
  static std::map<std::string, Trigger::On> const known{{"event", Trigger::On::event}, {"segment_joined", Trigger::On::segment_joined}, {"segment_left", Trigger::On::segment_left},
                                                        {"date", Trigger::On::date},   {"call", Trigger::On::call},                     {"journey", Trigger::On::journey}};
  Trigger t;
  auto const on = known.find(in.on);
  if (on == known.end()) {
    mistakes.add(at + "/on", "not_allowed", "must be event, segment_joined, segment_left, date, call or journey");
    return t;
  }
  t.on = on->second;
  only(given, "on: " + in.on, members_of(t.on), at, mistakes);
  if (t.on == Trigger::On::event) t.event = event_of(in.event, in.where, at, mistakes);
  if (t.on == Trigger::On::segment_joined || t.on == Trigger::On::segment_left) {
    t.segment = in.segment_id;
    needed(in.segment_id, at + "/segment_id", "say which segment", mistakes);
  }
  if (t.on == Trigger::On::journey) {
    t.journey = in.journey_id;
    needed(in.journey_id, at + "/journey_id", "say which journey", mistakes);
  }
  if (t.on == Trigger::On::date) {
    t.field = needed(in.field, at + "/field", "say which field holds the date", mistakes);
    if (in.field) check_field(t.field, at + "/field", mistakes);
    t.offset = offset_of(in.before, in.after, at, mistakes);
  }
  return t;
}

std::vector<int> weekdays_of(std::vector<std::string> const& names, std::string const& at, Mistakes& mistakes) {
  static std::vector<std::string> const known{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  std::set<int> days;
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto const day = std::ranges::find(known, names[i]);
    if (day == known.end()) mistakes.add(at + "/" + std::to_string(i), "not_allowed", "must be mon, tue, wed, thu, fri, sat or sun");
    else days.insert(static_cast<int>(day - known.begin()) + 1);
  }
  return {days.begin(), days.end()};
}

// Which of its ways to wait it means is told by the member that is there.
Wait wait_of(WaitIn const& in, bj::object const& given, std::string const& at, Mistakes& mistakes) {
  Wait w;
  int const ways = static_cast<int>(in.duration.has_value()) + static_cast<int>(in.until.has_value()) + static_cast<int>(in.field.has_value()) +
                   static_cast<int>(in.time.has_value()) + static_cast<int>(in.event.has_value());
  if (ways != 1) {
    mistakes.add(at, ways == 0 ? "required" : "not_allowed", "needs exactly one of duration, until, field, time and event");
    return w;
  }
  if (in.duration) {
    w.what = Wait::For::duration;
    only(given, "duration", {"duration"}, at, mistakes);
    w.duration = *in.duration;
    check_length(w.duration, at + "/duration", mistakes);
  } else if (in.until) {
    w.what = Wait::For::instant;
    only(given, "until", {"until"}, at, mistakes);
    w.until = in.until;
  } else if (in.field) {
    w.what = Wait::For::date;
    only(given, "field", {"field", "before", "after"}, at, mistakes);
    w.field = *in.field;
    check_field(w.field, at + "/field", mistakes);
    w.duration = offset_of(in.before, in.after, at, mistakes);
  } else if (in.time) {
    w.what = Wait::For::time_of_day;
    only(given, "time", {"time", "weekdays", "time_zone"}, at, mistakes);
    w.time_of_day = read_time_of_day(*in.time, at + "/time", mistakes).value_or(std::chrono::minutes());
    w.weekdays = weekdays_of(in.weekdays.value_or(std::vector<std::string>()), at + "/weekdays", mistakes);
    w.time_zone = in.time_zone.value_or("contact");
    if (w.time_zone != "contact" && !is_time_zone(w.time_zone)) mistakes.add(at + "/time_zone", "invalid_value", "must be contact, or a zone of the IANA database like Europe/Rome");
  } else {
    w.what = Wait::For::event;
    only(given, "event", {"event", "where", "at_most"}, at, mistakes);
    w.event = event_of(in.event, in.where, at, mistakes);
    w.at_most = needed(in.at_most, at + "/at_most", "say how long it waits for the event, like 24h", mistakes);
    if (in.at_most) check_length(w.at_most, at + "/at_most", mistakes);
  }
  return w;
}

Split split_of(SplitIn const& in, std::string const& at, Mistakes& mistakes) {
  Split s;
  std::int64_t sum = 0;
  for (auto const& [name, share] : in.shares) {
    if (name.empty()) mistakes.add(at + "/shares", "invalid_value", "each share needs a name");
    if (share < 1 || share > 99) mistakes.add(at + "/shares/" + name, "out_of_range", "must be from 1 to 99");
    sum += share;
    s.shares.emplace_back(name, static_cast<int>(std::clamp<std::int64_t>(share, 0, 100)));
  }
  if (sum != 100) mistakes.add(at + "/shares", "invalid_value", "the shares must be 100 together, not " + std::to_string(sum));
  return s;
}

constexpr std::pair<std::string_view, Action::Do> acts[] = {
    {"send_message", Action::Do::send_message},
    {"add_tag", Action::Do::add_tag},
    {"remove_tag", Action::Do::remove_tag},
    {"set_attribute", Action::Do::set_attribute},
    {"add_to_segment", Action::Do::add_to_segment},
    {"remove_from_segment", Action::Do::remove_from_segment},
    {"webhook", Action::Do::webhook},
    {"start_journey", Action::Do::start_journey},
    {"end_journey", Action::Do::end_journey},
    {"record_event", Action::Do::record_event},
    {"set_variable", Action::Do::set_variable},
};

std::vector<std::string_view> members_of(Action::Do what) {
  switch (what) {
    case Action::Do::send_message: return {"act", "on_error", "channel", "purpose", "template_id", "sender_id"};
    case Action::Do::add_tag:
    case Action::Do::remove_tag: return {"act", "on_error", "tag"};
    case Action::Do::set_attribute: return {"act", "on_error", "field", "value"};
    case Action::Do::add_to_segment:
    case Action::Do::remove_from_segment: return {"act", "on_error", "segment_id"};
    case Action::Do::webhook: return {"act", "on_error", "url", "body"};
    case Action::Do::start_journey:
    case Action::Do::end_journey: return {"act", "on_error", "journey_id"};
    case Action::Do::record_event: return {"act", "on_error", "event", "properties"};
    case Action::Do::set_variable: break;
  }
  return {"act", "on_error", "variable", "value", "from"};
}

Action action_of(ActionIn const& in, bj::object const& given, std::string const& at, Mistakes& mistakes, std::string& fallback) {
  Action a;
  if (in.on_error) a.on_error = read_on_error(*in.on_error, at + "/on_error", mistakes, fallback);
  auto const act = std::ranges::find(acts, in.act, &std::pair<std::string_view, Action::Do>::first);
  if (act == std::end(acts)) {
    std::string names;
    for (auto const& [name, what] : acts) names += (names.empty() ? "" : ", ") + std::string(name);
    mistakes.add(at + "/act", "not_allowed", "must be one of " + names);
    return a;
  }
  a.what = act->second;
  only(given, "act: " + in.act, members_of(a.what), at, mistakes);
  a.template_id = in.template_id;
  a.sender = in.sender_id;
  a.segment = in.segment_id;
  a.journey = in.journey_id;
  switch (a.what) {
    case Action::Do::send_message:
      a.channel = in.channel.value_or("email");
      a.purpose = in.purpose.value_or("marketing");
      if (a.channel != "email" && a.channel != "sms" && a.channel != "push") mistakes.add(at + "/channel", "not_allowed", "must be email, sms or push");
      if (a.purpose != "marketing" && a.purpose != "transactional") mistakes.add(at + "/purpose", "not_allowed", "must be marketing or transactional");
      needed(in.template_id, at + "/template_id", "say which template", mistakes);
      needed(in.sender_id, at + "/sender_id", "say which sender", mistakes);
      break;
    case Action::Do::add_tag:
    case Action::Do::remove_tag: a.name = needed(in.tag, at + "/tag", "say which tag", mistakes); break;
    case Action::Do::set_attribute:
      a.name = needed(in.field, at + "/field", "say which attribute, like attributes.stage", mistakes);
      if (in.field && !a.name.starts_with("attributes.")) mistakes.add(at + "/field", "invalid_value", "only attributes can be set, like attributes.stage");
      if (!in.value.has_value() && !in.value.is_null()) mistakes.add(at + "/value", "required", "say what to set it to; null takes it away");
      if (in.value.has_value()) a.value = *in.value;
      break;
    case Action::Do::add_to_segment:
    case Action::Do::remove_from_segment: needed(in.segment_id, at + "/segment_id", "say which static segment", mistakes); break;
    case Action::Do::webhook:
      a.url = needed(in.url, at + "/url", "say which address to call", mistakes);
      if (in.url && !a.url.starts_with("https://") && !a.url.starts_with("http://")) mistakes.add(at + "/url", "invalid_value", "must begin with https:// or http://");
      if (in.body) a.value = *in.body;
      break;
    case Action::Do::start_journey:
    case Action::Do::end_journey: needed(in.journey_id, at + "/journey_id", "say which journey", mistakes); break;
    case Action::Do::record_event:
      a.name = needed(in.event, at + "/event", "say which event", mistakes);
      if (in.event && !events::is_custom(a.name)) mistakes.add(at + "/event", "invalid_value", "must be a kind of your own, like order.placed: what postrider tells itself cannot be recorded");
      if (in.properties) a.value = *in.properties;
      break;
    case Action::Do::set_variable:
      a.name = needed(in.variable, at + "/variable", "say which variable", mistakes);
      if (in.from.has_value() == (in.value.has_value() || in.value.is_null())) mistakes.add(at + "/value", "required", "needs either value, or from: the field it is read from");
      if (in.value.has_value()) a.value = *in.value;
      if (in.from && check_field(*in.from, at + "/from", mistakes)) a.from = *in.from;
      break;
  }
  return a;
}

}  // namespace

std::string_view to_word(Action::Do what) {
  return std::ranges::find(acts, what, &std::pair<std::string_view, Action::Do>::second)->first;
}

OnError read_on_error(OnErrorIn const& in, std::string const& at, Mistakes& mistakes, std::string& fallback) {
  OnError rule;
  rule.retries = static_cast<int>(*in.retries);
  if (in.then == "proceed") rule.then = OnError::Then::proceed;
  else if (in.then == "fallback") rule.then = OnError::Then::fallback;
  else if (in.then != "exit") mistakes.add(at + "/then", "not_allowed", "must be proceed, exit or fallback");
  if (rule.then == OnError::Then::fallback) fallback = needed(in.node, at + "/node", "say which node to fall back to", mistakes);
  return rule;
}

std::optional<ReadNode> read_settings(std::string const& kind, bj::object const& settings, std::string const& at, Mistakes& mistakes) {
  ReadNode node;
  if (kind == "trigger") {
    auto const in = read_as<TriggerIn>(settings, at, mistakes);
    if (!in) return std::nullopt;
    node.settings = trigger_of(*in, settings, at, mistakes);
    node.exits = {"next"};
  } else if (kind == "wait") {
    auto const in = read_as<WaitIn>(settings, at, mistakes);
    if (!in) return std::nullopt;
    auto wait = wait_of(*in, settings, at, mistakes);
    node.exits = wait.what == Wait::For::event ? std::vector<std::string>{"next", "timeout"} : std::vector<std::string>{"next"};
    node.settings = std::move(wait);
  } else if (kind == "condition") {
    auto const in = read_as<ConditionIn>(settings, at, mistakes);
    if (!in) return std::nullopt;
    if (in->condition.has_value() == in->field.has_value()) {
      mistakes.add(at, "required", "needs either condition, or field and values");
      return std::nullopt;
    }
    if (in->condition) {
      auto condition = read_condition(*in->condition, at + "/condition", mistakes);
      if (!condition) return std::nullopt;
      node.settings = Branch{std::move(*condition)};
      node.exits = {"true", "false"};
    } else {
      check_field(*in->field, at + "/field", mistakes);
      auto const values = needed(in->values, at + "/values", "say which values have an exit of their own", mistakes);
      if (std::ranges::find(values, "") != values.end()) mistakes.add(at + "/values", "invalid_value", "must not be empty: what is empty leaves by 'other'");
      if (in->values && (values.empty() || values.size() > 20 || std::set<std::string>(values.begin(), values.end()).size() != values.size()))
        mistakes.add(at + "/values", "invalid_value", "must be 1 to 20 values, each once");
      node.settings = Choice{*in->field, values};
      node.exits = values;
      node.exits.emplace_back("other");
    }
  } else if (kind == "split") {
    auto const in = read_as<SplitIn>(settings, at, mistakes);
    if (!in) return std::nullopt;
    auto split = split_of(*in, at, mistakes);
    for (auto const& [name, share] : split.shares) node.exits.push_back(name);
    node.settings = std::move(split);
  } else if (kind == "action") {
    auto const in = read_as<ActionIn>(settings, at, mistakes);
    if (!in) return std::nullopt;
    node.settings = action_of(*in, settings, at, mistakes, node.fallback);
    node.exits = {"next"};
  } else if (kind == "goal") {
    auto const in = read_as<GoalIn>(settings, at, mistakes);
    if (!in) return std::nullopt;
    node.settings = Goal{event_of(in->event, in->where, at, mistakes), in->within};
    if (in->within) check_length(*in->within, at + "/within", mistakes);
    node.optional_exits = {"next"};
  } else {
    auto const in = read_as<ExitIn>(settings, at, mistakes);
    if (!in) return std::nullopt;
    node.settings = Exit{*in->reason};
  }
  return node;
}

}  // namespace postrider::journeys
