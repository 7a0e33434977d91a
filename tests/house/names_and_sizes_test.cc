// What a file may be called, how long it may be, and what never stands in one.
#include "house/source_files.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cctype>
#include <map>
#include <regex>
#include <sstream>

using namespace postrider::test;

namespace {

constexpr int longest_header = 200;
constexpr int longest_source = 400;

std::vector<SourceFile> sources() { return source_files({"src", "include", "tests", "sql"}, {".h", ".cc"}); }

// "HttpHelper", "http_helper" and "http-helper.cc" all hold the word "helper".
std::vector<std::string> words_in(std::string_view name) {
  std::vector<std::string> words;
  bool fresh = true;
  for (unsigned char const c : name) {
    if (!std::isalpha(c)) {
      fresh = true;
      continue;
    }
    if (fresh || std::isupper(c)) words.emplace_back();
    words.back() += static_cast<char>(std::tolower(c));
    fresh = false;
  }
  return words;
}

bool says_nothing(std::string_view name) {
  constexpr std::string_view banned[] = {"util", "utils", "utility", "utilities", "helper", "helpers", "common", "misc", "manager"};
  for (auto const& word : words_in(name))
    if (std::ranges::find(banned, word) != std::end(banned)) return true;
  return false;
}

}  // namespace

TEST_CASE("nothing is called util, helper, common, misc or manager") {
  static std::regex const types("\\b(?:class|struct|namespace|union|enum class|enum)\\s+([A-Za-z_][A-Za-z_0-9:]*)");
  for (auto const& file : source_files({"src", "include", "tests", "sql", "bench"}, {".h", ".cc", ".sql", ".ts", ".tsx", ".mjs", ".sh"})) {
    if (says_nothing(file.path)) FAIL_CHECK(file.path << ": the name says nothing; name the room first");
    if (!file.path.ends_with(".h") && !file.path.ends_with(".cc")) continue;
    auto const code = code_of(file.text);
    for (std::sregex_iterator it(code.begin(), code.end(), types), end; it != end; ++it)
      if (says_nothing((*it)[1].str())) FAIL_CHECK(file.path << ":" << line_of(code, static_cast<std::size_t>(it->position())) << ": '" << (*it)[1] << "' says nothing");
  }
}

TEST_CASE("headers end at 200 lines and sources at 400, and the list of those that do not only shrinks") {
  std::map<std::string, int> listed;
  for (auto const& line : rules_of("tests/house/too_long.txt")) {
    std::istringstream in(line);
    int lines = 0;
    std::string path;
    in >> lines >> path;
    listed[path] = lines;
  }
  for (auto const& file : sources()) {
    auto const limit = file.is_header() ? longest_header : longest_source;
    auto const lines = file.lines();
    auto const known = listed.find(file.path);
    if (known == listed.end()) {
      if (lines > limit) FAIL_CHECK(file.path << " has " << lines << " lines, " << limit << " are the end: split it by what its parts do");
      continue;
    }
    if (lines <= limit) FAIL_CHECK(file.path << " is short enough now: take it off tests/house/too_long.txt");
    else if (lines > known->second) FAIL_CHECK(file.path << " grew from " << known->second << " to " << lines << " lines: split it instead");
    listed.erase(known);
  }
  for (auto const& [path, lines] : listed) FAIL_CHECK(path << " is gone: take it off tests/house/too_long.txt");
}

TEST_CASE("every header says what it is for before it declares anything") {
  for (auto const& file : sources()) {
    if (!file.is_header()) continue;
    if (!file.text.starts_with("// ")) FAIL_CHECK(file.path << " opens without its purpose");
    if (file.text.find("\n#pragma once\n") == std::string::npos) FAIL_CHECK(file.path << " lacks #pragma once");
  }
}

TEST_CASE("no file names a path of one machine") {
  static std::regex const paths("/(?:work|home|root|Users|srv)/[A-Za-z0-9_.-]+");
  for (auto const& file : source_files({"src", "include", "tests", "sql", "docs", "config", "bench", "run", "test", ".ci", "README.md", "CMakeLists.txt", "CMakePresets.json"}, {""})) {
    if (file.path.ends_with("package-lock.json") || file.path == "tests/house/names_and_sizes_test.cc") continue;
    std::smatch found;
    if (std::regex_search(file.text, found, paths)) FAIL_CHECK(file.path << ":" << line_of(file.text, static_cast<std::size_t>(found.position())) << ": " << found.str());
  }
}

TEST_CASE("no work is let go without an owner, no thread is put to sleep, and nothing is left to be done later") {
  static std::regex const banned("\\basio::detached\\b|\\.detach\\(\\)|\\bthis_thread::sleep|\\busleep\\(");
  static std::regex const later("\\b(?:TODO|FIXME|XXX)\\b");
  for (auto const& file : source_files({"src", "include"}, {".h", ".cc"})) {
    auto const code = code_of(file.text);
    std::smatch found;
    if (std::regex_search(code, found, banned)) FAIL_CHECK(file.path << ":" << line_of(code, static_cast<std::size_t>(found.position())) << ": " << found.str());
    if (std::regex_search(file.text, found, later)) FAIL_CHECK(file.path << ":" << line_of(file.text, static_cast<std::size_t>(found.position())) << ": " << found.str());
  }
}
