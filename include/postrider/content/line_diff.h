// What changed between two texts, line by line, for people to read: the shortest list of lines kept, removed and added.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::content {

enum class LineChange { same, removed, added };

struct DiffLine {
  LineChange change = LineChange::same;
  std::optional<int> old_line, new_line;  // 1-based
  std::string text;
};

// Texts that differ in more than some thousand lines are told as removed and added whole.
std::vector<DiffLine> line_diff(std::string_view before, std::string_view after);

}  // namespace postrider::content
