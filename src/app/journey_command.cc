#include "app/journey_command.h"

#include "postrider/json/codec.h"
#include "postrider/journeys/definition.h"

#include <boost/json/object.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

namespace postrider::app {

namespace {

constexpr std::size_t largest_file = 2 * 1024 * 1024;

int count_of(journeys::Definition const& definition, std::string_view kind) {
  int count = 0;
  for (auto const& node : definition.nodes) count += node.kind == kind ? 1 : 0;
  return count;
}

}  // namespace

int validate_journey(Command const& command) {
  std::ifstream file(command.file, std::ios::binary);
  std::string const text((std::istreambuf_iterator<char>(file)), {});
  if (!file.is_open()) throw std::runtime_error("cannot read " + command.file + ": " + std::strerror(errno));
  if (text.size() > largest_file) throw std::runtime_error(command.file + " is larger than 2 MB: no journey is");
  auto const json = json::parse(text);
  if (!json) throw std::runtime_error(command.file + ": " + json.error().message);
  // The journey as the API shows it, or its definition alone.
  auto const* const whole = json->if_object();
  auto const* const inner = whole ? whole->if_contains("definition") : nullptr;
  auto const read = journeys::parse_definition(inner ? *inner : *json, inner ? "/definition" : "");
  if (!read) {
    for (auto const& mistake : read.error().fields) std::cout << command.file << ": " << (mistake.pointer.empty() ? "/" : mistake.pointer) << ": " << mistake.message << "\n";
    auto const count = read.error().fields.size();
    std::cerr << "postrider: " << command.file << " has " << count << (count == 1 ? " mistake" : " mistakes") << ": nothing could be activated\n";
    return 1;
  }
  std::cout << command.file << ": " << read->nodes.size() << " nodes, " << count_of(*read, "trigger") << " of them triggers and " << count_of(*read, "goal") << " goals; it holds together\n";
  return 0;
}

}  // namespace postrider::app
