// No brace in a statement with co_await: g++ 12.2 destroys what such braces build twice, silently (docs/style.md).
#include "house/source_files.h"

#include <catch2/catch.hpp>

#include <array>
#include <cctype>

using namespace postrider::test;

namespace {

struct Token {
  std::string_view text;
  std::size_t at = 0;
};

std::vector<Token> tokens_of(std::string_view code) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < code.size();) {
    auto const word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
    if (std::isspace(static_cast<unsigned char>(code[i]))) {
      ++i;
      continue;
    }
    auto end = i + 1;
    if (word(code[i]))
      while (end < code.size() && word(code[end])) ++end;
    else if (code.substr(i, 2) == "->") ++end;
    tokens.push_back(Token{code.substr(i, end - i), i});
    i = end;
  }
  return tokens;
}

// A statement that is being read, with the braces and parentheses that are open in it.
struct Statement {
  bool awaits = false;
  bool braced = false;
  bool declares_type = false;  // struct, namespace, enum: its brace opens a body
  bool arrow = false;          // a return type is named: the brace behind it opens a body
  std::size_t await_at = 0;
  int parentheses = 0;
  int braces = 0;  // of initialisers
  bool opened_body = false;
};

bool any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (auto const word : words)
    if (text == word) return true;
  return false;
}

class Scanner {
 public:
  explicit Scanner(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  // Positions of co_await in statements that have a brace.
  std::vector<std::size_t> run() {
    open_.emplace_back();
    for (std::size_t i = 0; i < tokens_.size(); ++i) read(i);
    return found_;
  }

 private:
  void read(std::size_t i) {
    auto const text = tokens_[i].text;
    auto& now = open_.back();
    if (text == "co_await") {
      now.awaits = true;
      now.await_at = tokens_[i].at;
    } else if (any_of(text, {"struct", "class", "union", "enum", "namespace", "extern"}) && now.parentheses == 0) {
      now.declares_type = true;
    } else if (text == "->") {
      now.arrow = i > 0 && any_of(tokens_[i - 1].text, {")", "mutable", "noexcept", "]"});
    } else if (text == "(") {
      ++now.parentheses;
    } else if (text == ")") {
      --now.parentheses;
    } else if (text == "{") {
      if (opens_body(i)) open_body();
      else ++now.braces, now.braced = true;
    } else if (text == "}") {
      if (now.braces > 0) --now.braces;
      else close_body();
    } else if (text == ";" && now.parentheses == 0 && now.braces == 0) {
      end_statement();
    }
  }

  bool opens_body(std::size_t i) const {
    auto const& now = open_.back();
    if (i == 0) return true;
    auto const before = tokens_[i - 1].text;
    if (any_of(before, {")", "]", "else", "do", "try", "mutable", "noexcept", "const", "override", "final"})) return true;
    if (now.arrow) return true;
    if (now.parentheses > 0 || now.braces > 0) return false;
    return now.declares_type || any_of(before, {";", "{", "}", ":"});
  }

  // A lambda in the middle of a statement hides the statement until its body ends; any other body ends what led to it.
  void open_body() {
    auto& now = open_.back();
    now.arrow = false;
    if (now.parentheses > 0 || now.braces > 0) {
      now.braced = true;
      open_.emplace_back();
      return;
    }
    now.opened_body = true;
    judge(now);
    open_.emplace_back();
  }

  void close_body() {
    if (open_.size() == 1) return;
    judge(open_.back());
    open_.pop_back();
    auto& outer = open_.back();
    if (outer.opened_body) outer = Statement();
  }

  void end_statement() {
    judge(open_.back());
    open_.back() = Statement();
  }

  void judge(Statement const& statement) {
    if (statement.awaits && statement.braced) found_.push_back(statement.await_at);
  }

  std::vector<Token> tokens_;
  std::vector<Statement> open_;
  std::vector<std::size_t> found_;
};

std::vector<int> braced_awaits(std::string_view text) {
  auto const code = code_of(text);
  std::vector<int> lines;
  for (auto const at : Scanner(tokens_of(code)).run()) lines.push_back(line_of(text, at));
  return lines;
}

}  // namespace

TEST_CASE("no statement with co_await has a brace") {
  for (auto const& file : source_files({"src", "include", "tests", "bench"}, {".h", ".cc"}))
    for (auto const line : braced_awaits(file.text)) FAIL_CHECK(file.path << ":" << line << ": name what the braces build on the line above");
}

TEST_CASE("braces in a statement with co_await are found wherever they stand") {
  auto const bad = GENERATE(as<std::string>(), "co_await f({a, b});", "co_await f(Struct{a, 2});", "co_await f(Struct{.a = a});",
                            "co_await f([x]{ g(); });", "co_await f([u = std::move(u)](int i) { return i; });",
                            "co_await f([x]() -> int { return 1; }, 2);", "co_return Struct{a, co_await g()};", "auto x = Struct{a, co_await g()};",
                            "if (auto x = co_await f({1}); x) { g(); }", "while (co_await f(S{1})) g();", "auto x = y({1}) + co_await z();",
                            "for (auto x : co_await f({})) { g(); }", "auto f = [](S s) -> Task<void> { co_await s.g({}); };");
  CAPTURE(bad);
  CHECK(braced_awaits("Task<void> t() {\n" + bad + "\n}\n") == std::vector<int>{2});
}

TEST_CASE("bodies are no braces of the statement that opens them") {
  auto const good = GENERATE(as<std::string>(), "if (co_await f()) { g(); } else { h(); }", "for (auto x : co_await f()) { g({1}); }",
                             "while (!co_await f()) { g(); }", "switch (co_await f()) { case 1: { g(); } }", "auto s = S{1}; co_await f(std::move(s));",
                             "auto f = [](S s) -> Task<void> { co_await s.g(); }; g({1});", "struct L { int a = 1; }; co_await f();",
                             "try { co_await f(); } catch (E const&) { g({1}); }", "do { g(); } while (co_await f());",
                             "co_await f(\"{\", '{', R\"({ )\"); // {", "asio::co_spawn(e, [this]() -> Task<void> { co_await g(); }, h);",
                             "std::vector<int> v{1, 2}; co_return co_await f(v);");
  CAPTURE(good);
  CHECK(braced_awaits("Task<void> t() {\n" + good + "\n}\n").empty());
}
