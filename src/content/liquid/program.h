// The compiled form: one flat list of instructions over tables of expressions, so that rendering needs no recursion and
// blocks of any depth cost no stack. All string views point into `sources`, whose texts never move.
#pragma once

#include "postrider/content/liquid.h"

#include "content/liquid/value.h"

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace postrider::content {

inline constexpr std::uint32_t none = ~std::uint32_t{0};

enum class Op : std::uint8_t {
  nop,
  text,         // a: text
  output_path,  // a: expression without filters
  output,       // a: chain
  jump,         // a: target
  branch,       // a: condition, b: target when it is not met; flag: negated
  assign,       // a: chain, b: symbol
  capture,      // b: symbol
  end_capture,
  for_begin,    // a: loop, b: target when there is nothing to loop over
  for_next,     // a: first instruction of the body
  table_begin,  // a: loop
  table_next,   // a: first instruction of the body
  break_loop,
  continue_loop,
  case_begin,  // a: expression, b: end
  case_when,   // a: first of `n` expressions in `lists`, b: target when none matches
  case_again,  // a: body; runs it once more for each further match
  case_else,   // b: target when something matched
  case_end,
  cycle,      // a: cycle
  increment,  // b: symbol
  decrement,  // b: symbol
  if_changed,
  end_if_changed,
  call,   // a: call of a partial
  ret,    // end of a partial
  abort,  // a: expression or none
  link,   // a: index; flag: tracked
  end_link,
  fixed_link,  // a: index, b: text with the address; flag: tracked
  pixel,
  halt,
};

struct Instruction {
  Op op = Op::nop;
  bool flag = false;
  std::uint16_t n = 0;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t at = 0;  // position in the source
};

struct Step {
  enum class By : std::uint8_t { name, index, expression };
  By by = By::name;
  bool dotted = false;  // `.size`, not `["size"]`: may mean the size of the thing
  std::string_view name = {};
  std::int64_t index = 0;
  std::uint32_t expression = none;
};

struct Expression {
  enum class Is : std::uint8_t { literal, path, computed_path, range };
  Is is = Is::literal;
  std::uint16_t steps = 0;
  std::uint32_t first_step = 0;
  std::uint32_t symbol = none;  // path; computed_path: the expression that names the root; range: its low end
  std::uint32_t high = none;    // range: its high end
  Value literal = {};
  std::uint32_t at = 0;
  std::string_view written = {};
};

struct Argument {
  std::string_view name = {};  // empty when positional
  std::uint32_t expression = none;
  std::uint32_t symbol = none;  // of a partial's argument
};

struct FilterCall {
  std::uint16_t filter = 0;  // place in the filter table; `unknown_filter` passes its input on
  std::uint16_t positional = 0;
  std::uint16_t named = 0;
  std::uint32_t first = 0;  // of its arguments: positional ones, then named ones
  std::uint32_t at = 0;
};
inline constexpr std::uint16_t unknown_filter = 0xFFFF;

struct Chain {
  std::uint32_t expression = none;
  std::uint32_t first = 0;
  std::uint16_t filters = 0;
  bool has_default = false;
  std::uint32_t at = 0;
};

enum class Operator : std::uint8_t { none, equal, not_equal, less, greater, less_or_equal, greater_or_equal, contains, unknown };

struct Comparison {
  std::uint32_t left = none;
  std::uint32_t right = none;
  Operator op = Operator::none;
  char next = 0;  // 'a'nd, 'o'r, or 0
  std::uint32_t at = 0;
  std::string_view written = {};  // an unknown operator
};

struct Condition {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint32_t end = 0;  // behind the whole block: where an inline error goes on
};

struct Loop {
  std::uint32_t symbol = none;
  std::uint32_t collection = none;
  std::uint32_t limit = none;
  std::uint32_t offset = none;
  std::uint32_t columns = none;
  bool reversed = false;
  bool offset_continue = false;
  std::uint32_t memory = 0;  // where `offset:continue` finds the end of the last loop of this name
  std::string_view name = {};
  std::uint32_t next = 0;
  std::uint32_t end = 0;
};

struct Cycle {
  std::uint32_t group = none;  // expression; none: the group is the list itself
  std::string_view written = {};
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

struct PartialCall {
  bool include = false;
  bool loops = false;            // render ... for
  std::uint32_t partial = none;  // known by name at parse time
  std::uint32_t name = none;     // include: the expression that names it
  std::uint32_t with = none;
  std::uint32_t alias = none;  // symbol the item gets; none: the partial's own name
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::string_view written = {};
};

struct Partial {
  std::string name;
  std::uint32_t entry = 0;
  std::uint32_t symbol = none;  // of its own name
};

struct Symbol {
  std::string_view name;
  std::uint32_t local = none;  // place among the locals if the program ever assigns or binds it
};

struct Source {
  std::string name;  // of the partial; empty for the template
  std::string text;
  std::uint32_t base = 0;  // positions count through all sources
};

struct FoundVariable {
  std::string path;
  std::uint32_t at = 0;
  bool has_default = false;
};

struct Program::Image {
  std::deque<Source> sources;
  std::deque<std::string> names;  // of loops
  std::vector<Instruction> code;
  std::vector<std::string_view> texts;
  std::vector<Expression> expressions;
  std::vector<Step> steps;
  std::vector<Chain> chains;
  std::vector<FilterCall> filters;
  std::vector<Argument> arguments;
  std::vector<Comparison> comparisons;
  std::vector<Condition> conditions;
  std::vector<Loop> loops;
  std::vector<Cycle> cycles;
  std::vector<PartialCall> calls;
  std::vector<std::uint32_t> lists;  // of expressions
  std::vector<Partial> partials;
  std::vector<Symbol> symbols;
  std::unordered_map<std::string_view, std::uint32_t> symbol_of;
  std::unordered_map<std::string_view, std::uint32_t> partial_of;
  std::vector<FoundVariable> variables;
  std::uint32_t locals = 0;
  std::uint32_t loop_memories = 0;
  std::uint32_t tracked_links = 0;
  std::uint32_t forloop = none;  // symbols
  std::uint32_t tablerowloop = none;
  std::size_t text_bytes = 0;

  TemplateError error(TemplateFault fault, std::string message, std::uint32_t at) const;
};

}  // namespace postrider::content
