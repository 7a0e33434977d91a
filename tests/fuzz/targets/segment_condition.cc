// Conditions of segments: read from JSON and compiled to SQL for both databases, of which no byte may be the user's.
#include "fuzz/target.h"
#include "postrider/json/codec.h"
#include "postrider/segments/compile.h"

#include <algorithm>
#include <cctype>

namespace postrider::fuzz {

namespace {

// Outside of bound parameters there are only our phrases: letters of SQL, numbers of parameters, and literals of ours.
void check_statement(std::string const& text) {
  int depth = 0;
  bool quoted = false;
  for (unsigned char const c : text) {
    require(c >= 0x20 && c < 0x7f && c != '\\' && c != ';', "a statement is plain ASCII without a semicolon");
    if (c == '\'') quoted = !quoted;
    if (quoted) continue;
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    require(depth >= 0, "brackets of a statement are balanced");
  }
  require(depth == 0 && !quoted, "brackets and quotes of a statement are balanced");
  require(text.find("--") == std::string::npos && text.find("/*") == std::string::npos, "a statement has no comments");
}

}  // namespace

void feed(std::string_view bytes) {
  auto const json = json::parse(bytes);
  if (!json) return;
  auto const condition = segments::parse_condition(*json, "/conditions");
  if (!condition) {
    require(!condition.error().fields.empty(), "a refused condition says where it is wrong");
    return;
  }
  segments::references_of(*condition);
  Instant const now(std::chrono::seconds(1'700'000'000));
  for (auto const dialect : {db::Dialect::postgres, db::Dialect::sqlite}) {
    auto const compiled = segments::compile(*condition, segments::Scope(), dialect, now, 2);
    check_statement(compiled.text);
    // Every parameter that is named is bound.
    std::size_t highest = 1;
    for (std::size_t at = 0; (at = compiled.text.find('$', at)) != std::string::npos; ++at) {
      std::size_t number = 0;
      for (auto i = at + 1; i < compiled.text.size() && std::isdigit(static_cast<unsigned char>(compiled.text[i])); ++i)
        number = number * 10 + static_cast<std::size_t>(compiled.text[i] - '0');
      highest = std::max(highest, number);
    }
    require(highest <= compiled.parameters.size() + 1, "every parameter of a statement is bound");
  }
}

std::vector<Pattern> patterns() {
  std::string const leaf = R"({"type":"tag","tag":"a"})";
  return {{"", "[", ""},
          {"", R"({"not":)", ""},
          {R"({"and":[)", leaf + ",", leaf + "]}"},
          {R"({"type":"attribute","field":"x","operator":"in","value":[)", "1,", "1]}"},
          {R"({"type":"attribute","field":"x","operator":"equals","value":")", "\\u0041", R"("})"},
          {R"({"type":"attribute","field":")", "a.", R"(a","operator":"exists"})"},
          {R"({"type":"event","event":"e","where":{)", R"("k":1,)", "}}"}};
}

}  // namespace postrider::fuzz
