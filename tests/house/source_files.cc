#include "house/source_files.h"

#include "support/source_tree.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace postrider::test {

namespace fs = std::filesystem;

namespace {

std::string read(fs::path const& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void blank(std::string& text, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to && i < text.size(); ++i)
    if (text[i] != '\n') text[i] = ' ';
}

std::size_t end_of_line(std::string_view text, std::size_t from) { return std::min(text.find('\n', from), text.size()); }

// Behind the closing quote of the literal that opens at `from`.
std::size_t end_of_literal(std::string_view text, std::size_t from) {
  char const quote = text[from];
  for (std::size_t i = from + 1; i < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    else if (text[i] == quote || text[i] == '\n') return i + 1;
  }
  return text.size();
}

bool part_of_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

}  // namespace

int SourceFile::lines() const { return static_cast<int>(std::ranges::count(text, '\n')); }

std::string SourceFile::module() const {
  for (std::string_view const root : {"src/", "include/postrider/"}) {
    if (!path.starts_with(root)) continue;
    auto const end = path.find('/', root.size());
    if (end != std::string::npos) return path.substr(root.size(), end - root.size());
  }
  return {};
}

std::vector<SourceFile> source_files(std::vector<std::string> const& places, std::vector<std::string> const& endings) {
  std::vector<SourceFile> all;
  auto const root = source_tree();
  auto const add = [&](fs::path const& path) {
    auto const name = path.filename().string();
    if (std::ranges::any_of(endings, [&](std::string const& ending) { return name.ends_with(ending); }))
      all.push_back(SourceFile{fs::relative(path, root).generic_string(), read(path)});
  };
  for (auto const& place : places) {
    auto const start = root / place;
    if (fs::is_regular_file(start)) add(start);
    if (!fs::is_directory(start)) continue;
    for (auto entry = fs::recursive_directory_iterator(start); entry != fs::recursive_directory_iterator(); ++entry) {
      auto const name = entry->path().filename().string();
      if (entry->is_directory() && (name == "node_modules" || name == "dist" || name == "build")) entry.disable_recursion_pending();
      else if (entry->is_regular_file()) add(entry->path());
    }
  }
  std::ranges::sort(all, {}, &SourceFile::path);
  return all;
}

std::string code_of(std::string_view text) {
  std::string out(text);
  bool fresh_line = true;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    if (fresh_line && text[i] == '#') {
      do end = end_of_line(text, end + 1);
      while (end < text.size() && text[end - 1] == '\\');
    } else if (text.substr(i, 2) == "//") {
      end = end_of_line(text, i);
    } else if (text.substr(i, 2) == "/*") {
      end = std::min(text.find("*/", i + 2), text.size() - 2) + 2;
    } else if (text.substr(i, 2) == "R\"" && (i == 0 || !part_of_word(text[i - 1]))) {
      auto const open = text.find('(', i);
      auto const closing = ")" + std::string(text.substr(i + 2, open - i - 2)) + "\"";
      end = std::min(text.find(closing, open), text.size() - closing.size()) + closing.size();
    } else if (text[i] == '"' || (text[i] == '\'' && (i == 0 || !part_of_word(text[i - 1])))) {
      end = end_of_literal(text, i);
    }
    if (end > i) {
      blank(out, i, end);
      i = end;
      fresh_line = false;
      continue;
    }
    if (text[i] == '\n') fresh_line = true;
    else if (text[i] != ' ') fresh_line = false;
    ++i;
  }
  return out;
}

int line_of(std::string_view text, std::size_t position) {
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
}

std::vector<std::string> rules_of(std::string const& path) {
  std::vector<std::string> lines;
  std::istringstream in(read(source_tree() / path));
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && line.front() != '#') lines.push_back(line);
  return lines;
}

}  // namespace postrider::test
