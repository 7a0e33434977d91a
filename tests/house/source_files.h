// The project's own sources as text, for tests that hold its rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider::test {

struct SourceFile {
  std::string path;  // from the top of the checkout: "src/base/id.cc"
  std::string text;

  bool is_header() const { return path.ends_with(".h"); }
  int lines() const;
  // "delivery" for src/delivery/… and include/postrider/delivery/…; empty elsewhere.
  std::string module() const;
};

// Every file below these folders or of these names whose name ends like one of `endings`, sorted by path.
std::vector<SourceFile> source_files(std::vector<std::string> const& places, std::vector<std::string> const& endings);

// The code alone: comments, literals and preprocessor lines are blanks, so that positions and line numbers stay.
std::string code_of(std::string_view text);

int line_of(std::string_view text, std::size_t position);

// The words of a text file's lines, without empty lines and those that start with '#'.
std::vector<std::string> rules_of(std::string const& path);

}  // namespace postrider::test
