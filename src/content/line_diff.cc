#include "postrider/content/line_diff.h"

#include <algorithm>
#include <cstdint>

namespace postrider::content {

namespace {

constexpr std::size_t most_cells = 4'000'000;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    auto const end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

std::vector<DiffLine> line_diff(std::string_view before, std::string_view after) {
  auto const olds = lines_of(before), news = lines_of(after);
  std::size_t head = 0, tail = 0;
  while (head < olds.size() && head < news.size() && olds[head] == news[head]) ++head;
  while (tail < olds.size() - head && tail < news.size() - head && olds[olds.size() - 1 - tail] == news[news.size() - 1 - tail]) ++tail;
  auto const rows = olds.size() - head - tail, columns = news.size() - head - tail;

  std::vector<DiffLine> out;
  auto number = [](std::size_t at) { return static_cast<int>(at) + 1; };
  auto same = [&](std::size_t o, std::size_t n) { out.push_back(DiffLine{LineChange::same, number(o), number(n), std::string(olds[o])}); };
  auto removed = [&](std::size_t o) { out.push_back(DiffLine{LineChange::removed, number(o), std::nullopt, std::string(olds[o])}); };
  auto added = [&](std::size_t n) { out.push_back(DiffLine{LineChange::added, std::nullopt, number(n), std::string(news[n])}); };

  for (std::size_t i = 0; i < head; ++i) same(i, i);
  std::size_t o = 0, n = 0;
  if (rows * columns <= most_cells) {
    // common[i][j]: how many lines olds[i..] and news[j..] of the middle have in common.
    std::vector<std::uint16_t> common((rows + 1) * (columns + 1));
    auto at = [&](std::size_t i, std::size_t j) -> std::uint16_t& { return common[i * (columns + 1) + j]; };
    for (auto i = rows; i-- > 0;)
      for (auto j = columns; j-- > 0;)
        at(i, j) = olds[head + i] == news[head + j] ? static_cast<std::uint16_t>(at(i + 1, j + 1) + 1) : std::max(at(i + 1, j), at(i, j + 1));
    while (o < rows && n < columns) {
      if (olds[head + o] == news[head + n]) {
        same(head + o, head + n);
        ++o, ++n;
      } else if (at(o + 1, n) >= at(o, n + 1)) {
        removed(head + o++);
      } else {
        added(head + n++);
      }
    }
  }
  while (o < rows) removed(head + o++);
  while (n < columns) added(head + n++);
  for (std::size_t i = 0; i < tail; ++i) same(olds.size() - tail + i, news.size() - tail + i);
  return out;
}

}  // namespace postrider::content
