// Calls go down: every include is held against src/layers.txt.
#include "house/source_files.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>

using namespace postrider::test;

namespace {

std::vector<std::string> words_of(std::string const& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// Where a module stands: neighbours of one floor may look left within their own chain only.
struct Place {
  int floor = 0;
  int chain = 0;
  int step = 0;
};

struct Layers {
  std::map<std::string, Place> places;
  std::map<std::string, std::vector<std::string>> roofs, statements, libraries;
  std::vector<std::string> public_libraries;

  bool may_include(std::string const& from, std::string const& to) const {
    if (from == to) return true;
    if (!places.contains(from) || !places.contains(to)) return false;
    auto const& a = places.at(from);
    auto const& b = places.at(to);
    return a.floor > b.floor || (a.floor == b.floor && a.chain == b.chain && a.step > b.step);
  }
};

Layers read_layers(std::vector<std::string> const& lines) {
  Layers layers;
  for (auto const& line : lines) {
    auto const colon = line.find(": ");
    auto const head = words_of(line.substr(0, colon));
    auto const rest = words_of(colon == std::string::npos ? "" : line.substr(colon + 2));
    REQUIRE(head.size() == 2);
    if (head[0] == "floor") {
      Place place{.floor = std::stoi(head[1])};
      for (auto const& word : rest) {
        if (word == "|") ++place.chain;
        else if (word == "<-") ++place.step;
        else layers.places[word] = place;
      }
    } else if (head[0] == "roof") {
      layers.roofs[head[1]] = rest;
    } else if (head[0] == "sql") {
      layers.statements[head[1]] = rest;
    } else if (head[0] == "library") {
      layers.libraries[head[1]] = rest;
    } else {
      REQUIRE(head[0] == "public");
      layers.public_libraries.push_back(head[1]);
    }
  }
  return layers;
}

struct Include {
  std::string target;
  bool own = false;  // in quotes
  int line = 0;
};

std::vector<Include> includes_of(SourceFile const& file) {
  std::vector<Include> all;
  std::istringstream in(file.text);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (!line.starts_with("#include ") || line.size() < 12) continue;
    auto const end = line.find_first_of("\">", 10);
    all.push_back(Include{line.substr(10, end - 10), line[9] == '"', number});
  }
  return all;
}

bool contains(std::vector<std::string> const& all, std::string const& one) { return std::ranges::find(all, one) != all.end(); }

// Why an include is not allowed; nothing when it is.
std::optional<std::string> refusal(Layers const& layers, SourceFile const& file, Include const& include) {
  auto const module = file.module();
  bool const is_public = file.path.starts_with("include/");
  if (!include.own) {
    for (auto const& [prefix, places] : layers.libraries) {
      if (!include.target.starts_with(prefix)) continue;
      auto const inside = [&](std::string const& place) { return file.path == "src/" + place || file.path.starts_with("src/" + place + "/"); };
      if (std::ranges::none_of(places, inside)) return "belongs to " + places.front() + " alone";
    }
    bool const standard = include.target.find_first_of("./") == std::string::npos;
    auto const listed = [&](std::string const& prefix) { return include.target.starts_with(prefix); };
    if (is_public && !standard && std::ranges::none_of(layers.public_libraries, listed)) return "is not for public headers";
    return std::nullopt;
  }
  auto const parts = include.target.find('/');
  auto const first = include.target.substr(0, parts);
  if (parts == std::string::npos) return is_public ? std::optional<std::string>("is private") : std::nullopt;
  if (first == "postrider") {
    auto const to = include.target.substr(10, include.target.find('/', 10) - 10);
    if (!layers.may_include(module, to)) return module + " may not know " + to;
    return std::nullopt;
  }
  if (is_public) return "is private";
  if (first == "sql") {
    auto const name = include.target.substr(4, include.target.size() - 6);
    auto const found = layers.statements.find(name);
    if (found == layers.statements.end() || !contains(found->second, module)) return module + " may not run the statements of " + name;
    return std::nullopt;
  }
  if (first == module) return std::nullopt;
  auto const roof = layers.roofs.find(module);
  if (roof != layers.roofs.end() && contains(roof->second, first)) return std::nullopt;
  return first + " keeps that header to itself";
}

}  // namespace

TEST_CASE("every include goes down, or sideways where src/layers.txt says so") {
  auto const layers = read_layers(rules_of("src/layers.txt"));
  auto const files = source_files({"src", "include"}, {".h", ".cc"});
  REQUIRE(files.size() > 100);
  for (auto const& file : files) {
    auto const module = file.module();
    if (module == "boost") continue;
    if (!layers.places.contains(module)) FAIL_CHECK(file.path << ": the module '" << module << "' stands on no floor of src/layers.txt");
    for (auto const& include : includes_of(file))
      if (auto const why = refusal(layers, file, include)) FAIL_CHECK(file.path << ":" << include.line << ": \"" << include.target << "\": " << *why);
  }
}

TEST_CASE("floors are read as they are drawn") {
  auto const layers = read_layers({"floor 0: base", "floor 1: audit <- identity jobs | events", "floor 2: api"});
  CHECK(layers.may_include("api", "events"));
  CHECK(layers.may_include("jobs", "audit"));
  CHECK(layers.may_include("jobs", "base"));
  CHECK_FALSE(layers.may_include("audit", "jobs"));
  CHECK_FALSE(layers.may_include("jobs", "identity"));
  CHECK_FALSE(layers.may_include("events", "audit"));
  CHECK_FALSE(layers.may_include("base", "api"));
  CHECK_FALSE(layers.may_include("unknown", "base"));
}

// A source starts with its own header, so compiling it shows that the header needs nothing before it. Headers without a source get one in
// tests/house/headers.
TEST_CASE("every public header is the first include of some source") {
  std::set<std::string> first;
  for (auto const& file : source_files({"src", "tests"}, {".cc"}))
    if (auto const includes = includes_of(file); !includes.empty()) first.insert(includes.front().target);
  for (auto const& header : source_files({"include"}, {".h"}))
    if (!first.contains(header.path.substr(8)))
      FAIL_CHECK(header.path << " is never included first: let a source of tests/house/headers do it");
}
