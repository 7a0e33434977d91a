#include "postrider/http/router.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

namespace postrider::http {

namespace {

constexpr std::string_view methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  for (;;) {
    auto const slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

[[noreturn]] void refuse(Route const& route, std::string_view why) {
  throw std::logic_error("route " + route.method + " " + route.pattern + ": " + std::string(why));
}

bool well_named(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

}  // namespace

// One step of a path. A parameter may stand between fixed text: "{token}.gif".
struct Router::Node {
  struct Branch {
    std::string before, name, after;
    std::unique_ptr<Node> node;
  };
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::vector<Branch> branches;  // those with the most fixed text first
  std::string rest_name;
  std::unique_ptr<Node> rest;
  std::map<std::string, std::size_t, std::less<>> routes;  // by method

  Node* below(std::string_view segment, Route const& route);
  Node const* find(std::vector<std::string> const& decoded, std::size_t at, std::vector<std::pair<std::string, std::string>>& found) const;
};

Router::Node* Router::Node::below(std::string_view segment, Route const& route) {
  auto const open = segment.find('{');
  if (open == std::string_view::npos) {
    if (segment.find('}') != std::string_view::npos) refuse(route, "a '}' without '{'");
    auto& node = literals[std::string(segment)];
    if (!node) node = std::make_unique<Node>();
    return node.get();
  }
  auto const close = segment.find('}', open);
  if (close == std::string_view::npos || segment.find('{', open + 1) != std::string_view::npos)
    refuse(route, "braces must be closed, one pair a segment");
  auto name = segment.substr(open + 1, close - open - 1);
  if (name.ends_with("...")) {
    name.remove_suffix(3);
    if (!well_named(name) || segment.size() != name.size() + 5) refuse(route, "a parameter '{name...}' stands alone");
    if (rest && rest_name != name) refuse(route, "another route calls this part '" + rest_name + "'");
    if (!rest) rest = std::make_unique<Node>();
    rest_name = name;
    return rest.get();
  }
  if (!well_named(name)) refuse(route, "parameters are named by small letters, digits and _");
  auto const before = segment.substr(0, open);
  auto const after = segment.substr(close + 1);
  for (auto& branch : branches)
    if (branch.before == before && branch.after == after) {
      if (branch.name != name) refuse(route, "another route calls this part '" + branch.name + "'");
      return branch.node.get();
    }
  auto const fixed = [](Branch const& branch) { return branch.before.size() + branch.after.size(); };
  auto const place = std::ranges::upper_bound(branches, before.size() + after.size(), std::greater<>(), fixed);
  return branches.insert(place, Branch{std::string(before), std::string(name), std::string(after), std::make_unique<Node>()})->node.get();
}

// The most specific node with routes that fits; parameters are left in `found`.
Router::Node const* Router::Node::find(std::vector<std::string> const& decoded, std::size_t at,
                                       std::vector<std::pair<std::string, std::string>>& found) const {
  if (at == decoded.size()) return routes.empty() ? nullptr : this;
  auto const& segment = decoded[at];
  if (auto const literal = literals.find(segment); literal != literals.end())
    if (auto const* node = literal->second->find(decoded, at + 1, found)) return node;
  for (auto const& branch : branches) {
    if (segment.size() <= branch.before.size() + branch.after.size() || !segment.starts_with(branch.before) ||
        !segment.ends_with(branch.after))
      continue;
    found.emplace_back(branch.name, segment.substr(branch.before.size(), segment.size() - branch.before.size() - branch.after.size()));
    if (auto const* node = branch.node->find(decoded, at + 1, found)) return node;
    found.pop_back();
  }
  if (!rest) return nullptr;
  std::string tail;
  for (auto i = at; i < decoded.size(); ++i) tail += (i > at ? "/" : "") + decoded[i];
  found.emplace_back(rest_name, std::move(tail));
  return rest.get();
}

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)), root_(std::make_unique<Node>()) {
  std::set<std::string> operations;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    auto const& route = routes_[i];
    if (std::ranges::find(methods, route.method) == std::end(methods)) refuse(route, "the method must be GET, POST, PUT, PATCH or DELETE");
    if (!route.pattern.starts_with('/')) refuse(route, "the pattern must begin with '/'");
    if (route.right.name().empty()) refuse(route, "needs a right");
    if (!route.handler) refuse(route, "needs a handler");
    if (route.method == "GET" && route.body != BodyKind::none) refuse(route, "GET takes no body");
    if (!route.doc.hidden && route.doc.operation_id.empty()) refuse(route, "needs an operation_id, or doc.hidden");
    if (!route.doc.operation_id.empty() && !operations.insert(route.doc.operation_id).second)
      refuse(route, "the operation_id '" + route.doc.operation_id + "' is taken");
    auto* node = root_.get();
    bool ended = false;
    for (auto const segment : segments_of(route.pattern)) {
      if (ended) refuse(route, "nothing may follow '{name...}'");
      node = node->below(segment, route);
      ended = segment.find("...}") != std::string_view::npos;
    }
    if (!node->routes.try_emplace(route.method, i).second) refuse(route, "is there twice");
  }
}

Router::~Router() = default;
Router::Router(Router&&) noexcept = default;

Router::Match Router::match(std::string_view method, std::string_view path) const {
  Match match;
  std::vector<std::string> decoded;
  if (!path.starts_with('/')) {
    match.malformed = true;
    return match;
  }
  for (auto const segment : segments_of(path)) {
    auto text = percent_decoded(segment);
    // Dot segments never reach a handler; clients resolve them before they send.
    if (!text || *text == "." || *text == ".." ||
        std::ranges::any_of(*text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
      match.malformed = true;
      return match;
    }
    decoded.push_back(std::move(*text));
  }
  auto const* node = root_->find(decoded, 0, match.parameters);
  if (!node) return match;
  auto route = node->routes.find(method);
  if (route == node->routes.end() && method == "HEAD") route = node->routes.find("GET");
  if (route != node->routes.end()) {
    match.index = route->second;
    match.route = &routes_[route->second];
    return match;
  }
  for (auto const& [name, index] : node->routes) {
    match.allowed += (match.allowed.empty() ? "" : ", ") + name;
    if (name == "GET") match.allowed += ", HEAD";
  }
  return match;
}

}  // namespace postrider::http
