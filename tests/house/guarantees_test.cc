// docs/guarantees.md names the tests that prove each promise: every name it gives must be a test.
#include "house/source_files.h"

#include <catch2/catch.hpp>

#include <regex>

using namespace postrider::test;

TEST_CASE("every test that docs/guarantees.md names exists") {
  std::string tests;
  for (auto const& file : source_files({"tests"}, {".cc", ".mjs"}))
    if (!file.path.starts_with("tests/house/guarantees")) tests += file.text;
  auto const pages = source_files({"docs/guarantees.md"}, {".md"});
  REQUIRE(pages.size() == 1);
  static std::regex const name("“([^”]+)”");
  auto const& page = pages.front().text;
  int named = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), name), end; it != end; ++it, ++named)
    if (tests.find((*it)[1].str()) == std::string::npos)
      FAIL_CHECK("docs/guarantees.md:" << line_of(page, static_cast<std::size_t>(it->position())) << ": there is no test '" << (*it)[1] << "'");
  CHECK(named > 20);
}
