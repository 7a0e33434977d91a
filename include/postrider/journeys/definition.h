// What a journey does with a contact: a graph of nodes, read from the JSON of the API and of files. docs/journeys.md shows every kind of node.
//
//   {"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "event", "event": "signed_up"}, "exits": {"next": "pause"}},
//              {"id": "pause", "kind": "wait", "settings": {"duration": "2d"}, "exits": {"next": "bye"}},
//              {"id": "bye", "kind": "exit"}],
//    "entry": {"again": "never"}, "rules": {"overdue": "6h"}}
//
// What stands here is well-formed: every setting has its type and range, every exit leads to a node, every node can be reached, and nobody
// goes round without waiting. Whether its templates, senders and segments exist is a question for the store.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/error.h"
#include "postrider/base/id.h"
#include "postrider/segments/condition.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace postrider {
using JourneyId = Id<struct JourneyTag>;
using ExecutionId = Id<struct ExecutionTag>;  // one contact's way through a journey
}

namespace postrider::journeys {

inline constexpr std::size_t most_nodes = 200;

// An event of a contact; all of `where` must hold of its properties.
struct EventMatch {
  std::string event;
  std::vector<segments::Condition> where;
};

// How somebody comes in.
struct Trigger {
  enum class On { event, segment_joined, segment_left, date, call, journey };
  On on = On::call;
  EventMatch event = {};
  std::optional<SegmentId> segment = {};
  std::string field = {};    // a date of the contact, "attributes.renews_on"
  Duration offset = {};      // from that date; negative: before it
  std::optional<JourneyId> journey = {};  // the one that was completed
};

// How long it stays here.
struct Wait {
  enum class For { duration, instant, date, time_of_day, event };
  For what = For::duration;
  Duration duration = {};                 // also the offset from a date
  std::optional<Instant> until = {};
  std::string field = {};
  std::chrono::minutes time_of_day = {};  // since midnight
  std::vector<int> weekdays = {};         // 1 Monday … 7 Sunday; empty: any
  std::string time_zone = {};             // "contact": the contact's own, or the tenant's
  EventMatch event = {};
  Duration at_most = {};                  // for the event; then it leaves by `timeout`
};

// Two ways: `true` and `false`.
struct Branch {
  segments::Condition condition;
};

// Many ways: by what a field holds; the exits are named like the values, and `other`.
struct Choice {
  std::string field;
  std::vector<std::string> values;
};

// By lot, and for good: the same contact takes the same way whenever it comes here. Exits are named like the shares.
struct Split {
  std::vector<std::pair<std::string, int>> shares;  // percent, 100 in all
};

// What to do when an action fails, after `retries` with growing pauses.
struct OnError {
  enum class Then { proceed, exit, fallback };
  Then then = Then::exit;
  int retries = 3;
  std::size_t fallback = 0;  // a node; only with Then::fallback
};

struct Action {
  enum class Do { send_message, add_tag, remove_tag, set_attribute, add_to_segment, remove_from_segment, webhook, start_journey, end_journey, record_event, set_variable };
  Do what = Do::add_tag;
  std::string channel = {}, purpose = {};  // send_message
  std::optional<TemplateId> template_id = {};
  std::optional<SenderId> sender = {};
  std::string name = {};                   // the tag, the attribute's field, the event's type, the variable
  boost::json::value value = {};           // of the attribute or variable; properties of the event; body of the webhook
  std::string from = {};                   // set_variable: the field it is read from, instead of a value
  std::string url = {};
  std::optional<SegmentId> segment = {};
  std::optional<JourneyId> journey = {};
  std::optional<OnError> on_error = {};    // without: the journey's rule
};

// The word that stands in the definition.
std::string_view to_word(Action::Do what);

// Reached from anywhere, as soon as the event happens.
struct Goal {
  EventMatch event;
  std::optional<Duration> within = {};  // since the contact came in
};

struct Exit {
  std::string reason;
};

using Settings = std::variant<Trigger, Wait, Branch, Choice, Split, Action, Goal, Exit>;

struct Node {
  std::string id;
  std::string kind;
  Settings settings;
  std::vector<std::pair<std::string, std::size_t>> exits;  // name, index of the node it leads to

  // Nothing when there is no such exit.
  std::optional<std::size_t> exit(std::string_view name) const;
};

struct Entry {
  enum class Again { never, after, always };  // may somebody who was here before come again
  Again again = Again::never;
  Duration every = {};                        // only with `after`: so long after the last time
  std::optional<segments::Condition> where = {};
};

struct Rules {
  std::optional<segments::Condition> stay_while = {};  // who no longer matches leaves
  std::optional<std::pair<std::chrono::minutes, std::chrono::minutes>> quiet_hours = {};  // from, to; in the contact's zone
  bool hold_when_blocked = true;                       // quiet or capped: hold the message back, or skip it
  OnError on_error = {};
  Duration overdue = std::chrono::hours(6);            // what is later than this, after an outage, is held for somebody to look at
};

struct Definition {
  std::vector<Node> nodes;
  Entry entry;
  Rules rules;

  std::optional<std::size_t> find(std::string_view id) const;
  // The first trigger of a kind.
  std::optional<std::size_t> trigger(Trigger::On on) const;
};

// Fails with invalid: all mistakes at once, each with a pointer below `base` and the node's id in its message.
Result<Definition> parse_definition(boost::json::value const& json, std::string const& base = "/definition");

}  // namespace postrider::journeys
