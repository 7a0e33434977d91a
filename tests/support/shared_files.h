// Test suites of others (golden files, vectors) that lie outside the source tree: in $POSTRIDER_SHARED, or beside the
// source tree in `shared`. Whoever does not have them sees a warning instead of a failure.
#pragma once

#include "support/source_tree.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace postrider::test {

inline std::filesystem::path shared_path(std::string const& file) {
  if (char const* const root = std::getenv("POSTRIDER_SHARED")) return std::filesystem::path(root) / file;
  return source_tree() / ".." / "shared" / file;
}

inline int& missing_shared_files() {
  static int count = 0;
  return count;
}

// The whole file, or nothing and a loud warning.
inline std::optional<std::string> shared_text(std::string const& file) {
  auto const path = shared_path(file);
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    ++missing_shared_files();
    WARN("SKIPPED: " << path.string() << " is not there (set POSTRIDER_SHARED); skipped so far: " << missing_shared_files());
    return std::nullopt;
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace postrider::test
