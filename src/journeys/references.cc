// What a definition speaks of and only the store knows: templates, senders, segments, other journeys. One statement for each of the four.
#include "journeys/record.h"
#include "sql/journeys.h"

#include <map>
#include <set>

namespace postrider::journeys {

namespace {

template <class T>
struct Reference {
  T id;
  std::string pointer;
  std::string node;     // empty outside of nodes
  std::string wanted;   // the channel of a template; "static" of a segment
};

struct References {
  std::vector<Reference<TemplateId>> templates;
  std::vector<Reference<SenderId>> senders;
  std::vector<Reference<SegmentId>> segments;
  std::vector<Reference<JourneyId>> journeys;

  void conditions(segments::Condition const& condition, std::string const& base, std::string const& node) {
    for (auto const& [segment, pointer] : segments::references_of(condition)) segments.push_back({segment, base + pointer, node, ""});
  }
};

void collect(Action const& action, std::string const& at, std::string const& node, References& all) {
  if (action.template_id) all.templates.push_back({*action.template_id, at + "/template_id", node, action.channel});
  if (action.sender) all.senders.push_back({*action.sender, at + "/sender_id", node, ""});
  if (action.segment) all.segments.push_back({*action.segment, at + "/segment_id", node, "static"});
  if (action.journey) all.journeys.push_back({*action.journey, at + "/journey_id", node, ""});
}

References references_of(Definition const& definition) {
  References all;
  for (std::size_t i = 0; i < definition.nodes.size(); ++i) {
    auto const& node = definition.nodes[i];
    auto const at = "/definition/nodes/" + std::to_string(i) + "/settings";
    if (auto const* const action = std::get_if<Action>(&node.settings)) collect(*action, at, node.id, all);
    if (auto const* const branch = std::get_if<Branch>(&node.settings)) all.conditions(branch->condition, at + "/condition", node.id);
    auto const* const trigger = std::get_if<Trigger>(&node.settings);
    if (trigger && trigger->segment) all.segments.push_back({*trigger->segment, at + "/segment_id", node.id, ""});
    if (trigger && trigger->journey) all.journeys.push_back({*trigger->journey, at + "/journey_id", node.id, ""});
  }
  if (definition.entry.where) all.conditions(*definition.entry.where, "/definition/entry/where", "");
  if (definition.rules.stay_while) all.conditions(*definition.rules.stay_while, "/definition/rules/stay_while", "");
  return all;
}

template <class T>
db::TextArray ids_of(std::vector<Reference<T>> const& references) {
  std::set<T> ids;
  for (auto const& each : references) ids.insert(each.id);
  return db::text_array(ids);
}

class Finder {
 public:
  template <class T>
  void add(Reference<T> const& at, std::string_view code, std::string const& message) {
    found.push_back(FieldError{at.pointer, std::string(code), at.node.empty() ? message : "node '" + at.node + "': " + message});
  }
  Problems found;
};

}  // namespace

Task<Problems> Journeys::missing(TenantId tenant, Definition definition) {
  auto const all = references_of(definition);
  Finder finder;
  // Better said than a journey into which nobody ever comes.
  for (std::size_t i = 0; i < definition.nodes.size(); ++i)
    if (auto const* const trigger = std::get_if<Trigger>(&definition.nodes[i].settings); trigger && trigger->on == Trigger::On::date)
      finder.found.push_back(FieldError{"/definition/nodes/" + std::to_string(i) + "/settings/on", "not_available",
                                        "node '" + definition.nodes[i].id + "': dates bring nobody in yet; use an event, a segment or a call, and a wait for the date"});
  if (!all.templates.empty()) {
    std::map<TemplateId, std::pair<std::string, bool>> known;
    auto const rows = co_await store_.all(sql::journeys::templates, tenant, ids_of(all.templates));
    for (auto const row : rows) known[row.id<TemplateId>(0)] = std::pair(row.text(1), row.boolean(2));
    for (auto const& each : all.templates) {
      auto const found = known.find(each.id);
      if (found == known.end()) finder.add(each, "not_found", "there is no template with this id");
      else if (found->second.second) finder.add(each, "archived", "the template is archived: restore it, or choose another");
      else if (found->second.first != each.wanted) finder.add(each, "wrong_channel", "the template is for " + found->second.first + ", not for " + each.wanted);
    }
  }
  if (!all.senders.empty()) {
    std::map<SenderId, bool> known;
    auto const rows = co_await store_.all(sql::journeys::senders, tenant, ids_of(all.senders));
    for (auto const row : rows) known[row.id<SenderId>(0)] = row.boolean(1);
    for (auto const& each : all.senders) {
      auto const found = known.find(each.id);
      if (found == known.end()) finder.add(each, "not_found", "there is no sender with this id");
      else if (!found->second) finder.add(each, "unverified", "the sender's address is not verified yet");
    }
  }
  if (!all.segments.empty()) {
    std::map<SegmentId, bool> known;
    auto const rows = co_await store_.all(sql::journeys::segments, tenant, ids_of(all.segments));
    for (auto const row : rows) known[row.id<SegmentId>(0)] = row.boolean(1);
    for (auto const& each : all.segments) {
      auto const found = known.find(each.id);
      if (found == known.end()) finder.add(each, "not_found", "there is no segment with this id");
      else if (found->second && each.wanted == "static") finder.add(each, "not_static", "who is in this segment is calculated: only of a static one can the members be chosen");
    }
  }
  if (!all.journeys.empty()) {
    std::map<JourneyId, std::string> known;
    auto const rows = co_await store_.all(sql::journeys::others, tenant, ids_of(all.journeys));
    for (auto const row : rows) known[row.id<JourneyId>(0)] = row.text(1);
    for (auto const& each : all.journeys) {
      auto const found = known.find(each.id);
      if (found == known.end()) finder.add(each, "not_found", "there is no journey with this id");
      else if (found->second == "archived") finder.add(each, "archived", "the journey is archived: restore it, or choose another");
    }
  }
  co_return std::move(finder.found);
}

Task<Problems> Journeys::problems(TenantId tenant, boost::json::value definition) {
  auto read = parse_definition(definition);
  if (!read) co_return read.error().fields;
  co_return co_await missing(tenant, std::move(*read));
}

}  // namespace postrider::journeys
