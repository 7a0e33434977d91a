// What was published, and what is otherwise between two definitions.
#include "journeys/record.h"
#include "sql/journeys.h"

#include <boost/json/array.hpp>

#include <algorithm>
#include <map>

namespace postrider::journeys {

namespace {

namespace bj = boost::json;

// A key as a step of a JSON pointer.
std::string step(std::string_view key) {
  std::string text = "/";
  for (char const c : key) {
    if (c == '~') text += "~0";
    else if (c == '/') text += "~1";
    else text += c;
  }
  return text;
}

// Objects are compared member by member, all else as a whole. No deeper than what the API reads.
void compare(bj::value const& before, bj::value const& after, std::string const& at, std::vector<Difference>& found) {
  if (before == after) return;
  auto const* const old_members = before.if_object();
  auto const* const new_members = after.if_object();
  if (!old_members || !new_members) {
    found.push_back(Difference{at, before, after});
    return;
  }
  std::map<std::string_view, std::pair<bj::value const*, bj::value const*>> members;
  for (auto const& [key, value] : *old_members) members[key].first = &value;
  for (auto const& [key, value] : *new_members) members[key].second = &value;
  bj::value const nothing;
  for (auto const& [key, both] : members) compare(both.first ? *both.first : nothing, both.second ? *both.second : nothing, at + step(key), found);
}

bj::value member(bj::object const& object, std::string_view key) {
  auto const* const found = object.if_contains(key);
  return found ? *found : bj::value(bj::object());
}

std::string text_of(bj::object const& node, std::string_view key) {
  auto const* const found = node.if_contains(key);
  return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

// The nodes that have an id, in their order; of two with the same, the first.
std::vector<std::pair<std::string, bj::object>> nodes_of(bj::object const& definition) {
  std::vector<std::pair<std::string, bj::object>> all;
  auto const* const nodes = definition.if_contains("nodes");
  if (!nodes || !nodes->is_array()) return all;
  std::map<std::string, bool> seen;
  for (auto const& each : nodes->as_array()) {
    auto const* const node = each.if_object();
    if (!node) continue;
    auto id = text_of(*node, "id");
    if (id.empty() || !seen.emplace(id, true).second) continue;
    auto shown = *node;
    shown.erase("id");
    shown.erase("layout");
    all.emplace_back(std::move(id), std::move(shown));
  }
  return all;
}

// Where a member stands among its siblings: those a reader looks for first, then all others by name.
std::size_t place_of(std::string_view key) {
  constexpr std::string_view first[] = {"name", "description", "definition", "nodes", "entry", "rules", "id", "kind", "act", "on", "settings", "exits", "layout"};
  return static_cast<std::size_t>(std::ranges::find(first, key) - std::begin(first));
}

bj::value ordered(bj::value const& value) {
  if (auto const* const list = value.if_array()) {
    bj::array out;
    for (auto const& each : *list) out.push_back(ordered(each));
    return out;
  }
  auto const* const object = value.if_object();
  if (!object) return value;
  std::vector<std::string_view> keys;
  for (auto const& [key, inner] : *object) keys.emplace_back(key);
  std::ranges::sort(keys, {}, [](std::string_view key) { return std::pair(place_of(key), key); });
  bj::object out;
  for (auto const key : keys) out[key] = ordered(object->at(key));
  return out;
}

}  // namespace

Task<std::vector<Version>> Journeys::versions(TenantId tenant, JourneyId id, std::optional<int> before, int limit) {
  std::vector<Version> all;
  auto const rows = co_await store_.all(sql::journeys::versions, tenant, id, before.value_or(1'000'000'000), limit);
  for (auto const row : rows) all.push_back(read_version(row));
  co_return all;
}

Task<Result<Version>> Journeys::version(TenantId tenant, JourneyId id, int number) {
  auto const row = co_await store_.maybe(sql::journeys::version, tenant, id, number);
  if (!row) co_return not_found("journey version", std::to_string(number));
  co_return read_version(*row);
}

Differences differences(bj::object const& before, bj::object const& after) {
  Differences all;
  auto const old_nodes = nodes_of(before);
  auto const new_nodes = nodes_of(after);
  std::map<std::string_view, bj::object const*> old_by_id, new_by_id;
  for (auto const& [id, node] : old_nodes) old_by_id[id] = &node;
  for (auto const& [id, node] : new_nodes) new_by_id[id] = &node;
  for (auto const& [id, node] : new_nodes) {
    auto const old = old_by_id.find(id);
    NodeDifference one{id, "added", text_of(node, "kind"), {}};
    if (old != old_by_id.end()) {
      one.change = "changed";
      compare(*old->second, node, "", one.fields);
      if (one.fields.empty()) continue;
    }
    all.nodes.push_back(std::move(one));
  }
  for (auto const& [id, node] : old_nodes)
    if (!new_by_id.contains(id)) all.nodes.push_back(NodeDifference{id, "removed", text_of(node, "kind"), {}});
  compare(member(before, "entry"), member(after, "entry"), "", all.entry);
  compare(member(before, "rules"), member(after, "rules"), "", all.rules);
  return all;
}

bj::object in_order(bj::object const& definition) { return ordered(definition).as_object(); }

}  // namespace postrider::journeys
