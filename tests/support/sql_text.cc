#include "support/sql_text.h"

#include <algorithm>
#include <cctype>

namespace postrider::test {

namespace {

std::vector<std::string> words_of(std::string_view sql) {
  std::vector<std::string> words;
  auto const part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '$'; };
  for (std::size_t i = 0; i < sql.size();) {
    auto end = i + 1;
    if (std::isspace(static_cast<unsigned char>(sql[i]))) {
      i = end;
      continue;
    }
    if (sql[i] == '\'') {
      while (end < sql.size() && sql[end] != '\'') ++end;
      words.emplace_back("''");
      i = end + 1;
      continue;
    }
    if (part(sql[i]))
      while (end < sql.size() && part(sql[end])) ++end;
    std::string word(sql.substr(i, end - i));
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    words.push_back(std::move(word));
    i = end;
  }
  return words;
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> all) { return std::ranges::find(all, word) != all.end(); }

bool keyword(std::string_view word) {
  return one_of(word, {"where", "on",     "set",   "join",  "left",  "inner", "cross",  "order", "group", "limit", "values", "select", "using", "returning", "for",
                       "union", "having", "from",  "and",   "or",    "not",   "exists", "in",    "full",  "right", "with",   "do",     "conflict", "(", ")", ",", "lateral"});
}

// One select, insert, update or delete, without those in parentheses within it.
class Scope {
 public:
  // Reads from `at` to the parenthesis that closes this scope, or to the end.
  Scope(std::vector<std::string> const& words, std::size_t& at, std::set<std::string> const& tables, SqlText& out) : tables_(tables), out_(out) {
    int depth = 0;
    for (; at < words.size(); ++at) {
      if (words[at] == "(" && at + 1 < words.size() && one_of(words[at + 1], {"select", "with", "insert", "update", "delete"})) {
        Scope inner(words, ++at, tables, out);
        own_.push_back("(");
        own_.push_back(")");
        continue;
      }
      if (words[at] == "(") ++depth;
      if (words[at] == ")" && depth-- == 0) break;
      if (depth == 0 && one_of(words[at], {"union", "except", "intersect"})) look();
      else own_.push_back(words[at]);
    }
    look();
  }

 private:
  // The sides of a union stand for themselves.
  void look() {
    find_tables();
    for (auto& use : uses_) hold(use);
    out_.uses.insert(out_.uses.end(), uses_.begin(), uses_.end());
    uses_.clear();
    own_.clear();
  }

  std::string const& word(std::size_t i) const {
    static std::string const none;
    return i < own_.size() ? own_[i] : none;
  }

  void find_tables() {
    bool in_list = false;  // between from and what ends it
    for (std::size_t i = 0; i < own_.size(); ++i) {
      auto const& now = own_[i];
      bool const starts = one_of(now, {"from", "join", "into", "using"}) || (now == "update" && word(i - 1) != "for" && word(i - 1) != "do");
      if (one_of(now, {"where", "set", "group", "order", "returning", "select", "values", "on", "limit"})) in_list = false;
      if (now == "from" || now == "using") in_list = true;
      if (!starts && !(in_list && now == ",")) continue;
      auto const& table = word(i + 1);
      if (!tables_.contains(table)) continue;
      TableUse use;
      use.table = table;
      auto next = i + 2;
      if (word(next) == "as") ++next;
      use.alias = next < own_.size() && !keyword(word(next)) ? word(next) : table;
      if (now == "into") {
        use.inserted = true;
        use.by_parameter = word(next) == "(" && word(next + 1) == "tenant_id";
      }
      uses_.push_back(use);
    }
  }

  void hold(TableUse& use) const {
    auto const qualified = use.alias + ".tenant_id";
    auto const readers = std::ranges::count_if(uses_, [](TableUse const& u) { return !u.inserted; });
    auto const names_it = [&](std::string const& text) { return text == qualified || (text == "tenant_id" && !use.inserted && readers == 1); };
    for (std::size_t i = 0; i + 2 < own_.size(); ++i) {
      if (own_[i + 1] != "=") continue;
      if (names_it(own_[i]) && own_[i + 2].starts_with('$')) use.by_parameter = true;
      if (names_it(own_[i + 2]) && own_[i].starts_with('$')) use.by_parameter = true;
      if (names_it(own_[i]) && own_[i + 2] == "any" && word(i + 4).starts_with('$')) use.by_list = true;
    }
  }

  std::set<std::string> const& tables_;
  SqlText& out_;
  std::vector<std::string> own_;
  std::vector<TableUse> uses_;
};

}  // namespace

bool SqlText::has(std::string_view word) const { return std::ranges::find(words, word) != words.end(); }

bool SqlText::has_pair(std::string_view first, std::string_view second) const {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == first && words[i + 1] == second) return true;
  return false;
}

SqlText read_sql(std::string_view sql, std::set<std::string> const& tenant_tables) {
  SqlText text;
  text.words = words_of(sql);
  for (std::size_t i = 0; i + 1 < text.words.size(); ++i)
    if (text.words[i + 1] == "(" && std::isalpha(static_cast<unsigned char>(text.words[i][0])) && !keyword(text.words[i])) text.functions.push_back(text.words[i]);
  std::size_t at = 0;
  Scope const whole(text.words, at, tenant_tables, text);
  return text;
}

}  // namespace postrider::test
