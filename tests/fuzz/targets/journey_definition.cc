// Definitions of journeys: what is taken is a graph whose every exit leads somewhere.
#include "fuzz/target.h"
#include "postrider/journeys/definition.h"
#include "postrider/json/codec.h"

namespace postrider::fuzz {

void feed(std::string_view bytes) {
  auto const json = json::parse(bytes);
  if (!json) return;
  auto const definition = journeys::parse_definition(*json);
  if (!definition) {
    require(!definition.error().fields.empty(), "a refused definition says where it is wrong");
    return;
  }
  require(definition->nodes.size() <= journeys::most_nodes, "a journey has no more nodes than allowed");
  for (auto const& node : definition->nodes) {
    require(definition->find(node.id).has_value(), "every node is found by its id");
    for (auto const& [name, to] : node.exits) require(to < definition->nodes.size(), "every exit leads to a node");
  }
}

std::vector<Pattern> patterns() {
  std::string const node = R"({"id":"a","kind":"wait","settings":{"duration":"2d"},"exits":{"next":"a"}})";
  return {{R"({"nodes":[)", node + ",", node + "]}"}, {"", R"({"nodes":)", ""}, {R"({"nodes":[{"id":"a","kind":"split","settings":{"shares":{)", R"("x":1,)", "}}}]}"}};
}

}  // namespace postrider::fuzz
