#include "content/liquid/filters.h"
#include "content/liquid/parser.h"

#include <charconv>

namespace postrider::content {

std::uint32_t Parser::literal(Value value, std::string_view written) {
  image_.expressions.push_back({.literal = value, .at = at(written), .written = written});
  return static_cast<std::uint32_t>(image_.expressions.size() - 1);
}

std::uint32_t Parser::number(std::string_view written) {
  auto const* end = written.data() + written.size();
  if (written.find('.') != std::string_view::npos) {
    double real = 0;
    std::from_chars(written.data(), end, real);
    return literal(Value::of(real), written);
  }
  std::int64_t whole = 0;
  if (std::from_chars(written.data(), end, whole).ec == std::errc::result_out_of_range) return literal(Value::of(written), written);
  return literal(Value::of(whole), written);
}

std::uint32_t Parser::expression(MarkupLexer& lexer) {
  if (expression_depth_ >= options_.max_nesting) {
    fail(TemplateFault::nesting, "expressions nested deeper than " + std::to_string(options_.max_nesting), tag_at_);
    return none;
  }
  ++expression_depth_;
  struct Leave {
    unsigned& depth;
    ~Leave() { --depth; }
  } leave{expression_depth_};
  auto token = lexer.peek();
  switch (token.is) {
    case Token::Is::string: lexer.take(); return literal(Value::of(token.text), token.text);
    case Token::Is::number: lexer.take(); return number(token.text);
    case Token::Is::identifier:
    case Token::Is::open_bracket: lexer.take(); return path(lexer, token);
    case Token::Is::open: {
      lexer.take();
      auto low = expression(lexer);
      if (low == none) return none;
      if (!lexer.accept(Token::Is::dots)) {
        fail("expected .. in a range", lexer.peek().text);
        return none;
      }
      auto high = expression(lexer);
      if (high == none) return none;
      if (!lexer.accept(Token::Is::close)) {
        fail("expected ) at the end of a range", lexer.peek().text);
        return none;
      }
      auto const* begin = token.text.data();
      auto length = static_cast<std::size_t>(lexer.markup().data() + lexer.markup().size() - begin);
      std::string_view written(begin, lexer.at_end() ? length : static_cast<std::size_t>(lexer.peek().text.data() - begin));
      written = written.substr(0, written.rfind(')') + 1);
      image_.expressions.push_back({.is = Expression::Is::range, .symbol = low, .high = high, .at = at(written), .written = written});
      return static_cast<std::uint32_t>(image_.expressions.size() - 1);
    }
    default:
      fail(token.is == Token::Is::end ? "expected a value" : "expected a value instead of '" + std::string(token.text) + "'", token.text);
      return none;
  }
}

std::uint32_t Parser::path(MarkupLexer& lexer, Token const& head) {
  bool followed = lexer.peek().is == Token::Is::dot || lexer.peek().is == Token::Is::open_bracket;
  if (head.is == Token::Is::identifier && !followed) {
    if (head.text == "nil" || head.text == "null") return literal({}, head.text);
    if (head.text == "true") return literal(Value::of(true), head.text);
    if (head.text == "false") return literal(Value::of(false), head.text);
    if (head.text == "empty") return literal(Value::of_kind(Kind::empty), head.text);
    if (head.text == "blank") return literal(Value::of_kind(Kind::blank), head.text);
  }
  Expression path{.is = Expression::Is::path, .at = at(head.text)};
  if (head.is == Token::Is::open_bracket) {
    auto root = expression(lexer);
    if (root == none) return none;
    if (!lexer.accept(Token::Is::close_bracket)) {
      fail("expected ]", lexer.peek().text);
      return none;
    }
    auto const& named = image_.expressions[root];
    if (named.is == Expression::Is::literal && named.literal.kind == Kind::string) {
      path.symbol = symbol(named.literal.str());
    } else {
      path.is = Expression::Is::computed_path;
      path.symbol = root;
    }
  } else {
    path.symbol = symbol(head.text);
  }
  std::vector<Step> steps;
  if (!path_steps(lexer, steps)) return none;
  path.first_step = static_cast<std::uint32_t>(image_.steps.size());
  path.steps = static_cast<std::uint16_t>(steps.size());
  image_.steps.insert(image_.steps.end(), steps.begin(), steps.end());
  auto const* end = lexer.at_end() ? lexer.markup().data() + lexer.markup().size() : lexer.peek().text.data();
  path.written = {head.text.data(), static_cast<std::size_t>(end - head.text.data())};
  while (!path.written.empty() && (path.written.back() == ' ' || path.written.back() == '"' || path.written.back() == '\''))
    path.written.remove_suffix(1);
  found(path, steps);
  image_.expressions.push_back(path);
  return static_cast<std::uint32_t>(image_.expressions.size() - 1);
}

bool Parser::path_steps(MarkupLexer& lexer, std::vector<Step>& steps) {
  while (steps.size() < 1000) {
    if (lexer.accept(Token::Is::dot)) {
      auto name = lexer.peek();
      if (name.is != Token::Is::identifier) return fail("expected a name after the dot", name.text);
      lexer.take();
      steps.push_back({.by = Step::By::name, .dotted = true, .name = name.text});
    } else if (lexer.accept(Token::Is::open_bracket)) {
      auto inside = expression(lexer);
      if (inside == none) return false;
      if (!lexer.accept(Token::Is::close_bracket)) return fail("expected ]", lexer.peek().text);
      auto const& key = image_.expressions[inside];
      bool fixed = key.is == Expression::Is::literal;
      if (fixed && key.literal.kind == Kind::string) {
        steps.push_back({.by = Step::By::name, .name = key.literal.str()});
      } else if (fixed && key.literal.kind == Kind::integer) {
        steps.push_back({.by = Step::By::index, .index = key.literal.integer});
      } else {
        steps.push_back({.by = Step::By::expression, .expression = inside});
      }
    } else {
      return true;
    }
  }
  return fail(TemplateFault::too_large, "a variable with more than 1000 steps", tag_at_);
}

void Parser::found(Expression const& path, std::vector<Step> const& steps) {
  if (path.is != Expression::Is::path || made_here(path.symbol)) return;
  if (path.symbol == image_.forloop || path.symbol == image_.tablerowloop) return;
  FoundVariable variable{.path = std::string(image_.symbols[path.symbol].name), .at = path.at};
  for (auto const& step : steps) {
    if (step.by == Step::By::name) {
      variable.path += '.';
      variable.path += step.name;
    } else {
      variable.path += "[]";
    }
  }
  image_.variables.push_back(std::move(variable));
}

bool Parser::at_end(MarkupLexer& lexer, std::string_view inside) {
  if (lexer.at_end() || lax()) return true;
  return fail("'" + std::string(lexer.peek().text) + "' is not understood in " + std::string(inside), lexer.peek().text);
}

std::uint32_t Parser::chain(std::string_view markup) {
  Chain chain{.at = at(markup)};
  MarkupLexer lexer(markup, lax());
  auto variables_before = image_.variables.size();
  bool understood = true;
  if (lexer.at_end()) {
    chain.expression = literal({}, markup);
  } else {
    chain.expression = expression(lexer);
    if (chain.expression == none && (!lax() || error_->fault != TemplateFault::syntax)) return none;
    if (chain.expression == none) {
      error_.reset();
      chain.expression = literal({}, markup);
      understood = false;
    }
  }
  auto variables_of_head = image_.variables.size();
  std::vector<FilterCall> calls;
  while (true) {
    bool more = understood && lexer.accept(Token::Is::pipe);
    if (!more) {
      if (lexer.at_end()) break;
      if (!lax()) {
        fail("'" + std::string(lexer.peek().text) + "' is not understood after a value", lexer.peek().text);
        return none;
      }
      if (!lexer.skip_to_pipe()) break;
    }
    understood = filter_call(lexer, chain);
    if (!understood) {
      if (!lax() || error_->fault != TemplateFault::syntax) return none;
      error_.reset();
      continue;
    }
    calls.push_back(image_.filters.back());
    image_.filters.pop_back();
    if (calls.size() > 1000) {
      fail(TemplateFault::too_large, "more than 1000 filters in one output", tag_at_);
      return none;
    }
  }
  chain.first = static_cast<std::uint32_t>(image_.filters.size());
  chain.filters = static_cast<std::uint16_t>(calls.size());
  image_.filters.insert(image_.filters.end(), calls.begin(), calls.end());
  for (auto i = variables_before; chain.has_default && i < variables_of_head; ++i) image_.variables[i].has_default = true;
  image_.chains.push_back(chain);
  return static_cast<std::uint32_t>(image_.chains.size() - 1);
}

bool Parser::filter_call(MarkupLexer& lexer, Chain& chain) {
  auto name = lexer.peek();
  if (name.is != Token::Is::identifier) return fail("expected the name of a filter after |", name.text);
  lexer.take();
  FilterCall call{.filter = find_filter(name.text), .at = at(name.text)};
  if (call.filter == unknown_filter && !lax()) return fail("unknown filter '" + std::string(name.text) + "'", name.text);
  chain.has_default |= name.text == "default";
  if (lexer.accept(Token::Is::colon) && !filter_arguments(lexer, call)) return false;
  if (!lax()) {
    auto const& spec = filter_spec(call.filter);
    if (call.positional < spec.least || call.positional > spec.most) {
      auto wanted = spec.least == spec.most ? std::to_string(spec.least) : std::to_string(spec.least) + " to " + std::to_string(spec.most);
      return fail("filter '" + std::string(name.text) + "' takes " + wanted + " arguments, not " + std::to_string(call.positional),
                  name.text);
    }
    for (std::uint32_t i = 0; i < call.named; ++i) {
      auto const& argument = image_.arguments[call.first + call.positional + i];
      if (argument.name != spec.named)
        return fail("filter '" + std::string(name.text) + "' has no argument '" + std::string(argument.name) + "'", name.text);
    }
  }
  image_.filters.push_back(call);
  return true;
}

bool Parser::filter_arguments(MarkupLexer& lexer, FilterCall& call) {
  std::vector<Argument> positional, named;
  bool complete = true;
  while (!lexer.at_end() && lexer.peek().is != Token::Is::pipe) {
    auto ahead = lexer;
    auto name = ahead.take();
    Argument argument;
    if (name.is == Token::Is::identifier && ahead.accept(Token::Is::colon)) {
      argument.name = name.text;
      lexer = ahead;
    }
    argument.expression = expression(lexer);
    if (argument.expression == none) {
      if (!lax() || error_->fault != TemplateFault::syntax) return false;
      error_.reset();
      complete = false;
      break;
    }
    (argument.name.empty() ? positional : named).push_back(argument);
    if (positional.size() + named.size() > 16) return fail(TemplateFault::too_large, "more than 16 arguments of a filter", tag_at_);
    if (!lexer.accept(Token::Is::comma)) break;
  }
  if (complete && positional.empty() && named.empty() && !lax()) return fail("expected arguments after the colon", lexer.peek().text);
  call.positional = static_cast<std::uint16_t>(positional.size());
  call.named = static_cast<std::uint16_t>(named.size());
  call.first = static_cast<std::uint32_t>(image_.arguments.size());
  image_.arguments.insert(image_.arguments.end(), positional.begin(), positional.end());
  image_.arguments.insert(image_.arguments.end(), named.begin(), named.end());
  return true;
}

bool Parser::comparison(MarkupLexer& lexer, Comparison& out) {
  out.at = at(lexer.peek().text);
  out.left = expression(lexer);
  if (out.left == none) return false;
  auto token = lexer.peek();
  static constexpr std::pair<std::string_view, Operator> kOperators[] = {
      {"==", Operator::equal},  {"!=", Operator::not_equal},     {"<>", Operator::not_equal},        {"<", Operator::less},
      {">", Operator::greater}, {"<=", Operator::less_or_equal}, {">=", Operator::greater_or_equal}, {"contains", Operator::contains}};
  bool word = token.is == Token::Is::identifier && token.text != "and" && token.text != "or";
  if (token.is == Token::Is::comparison || token.is == Token::Is::assign || word) {
    out.op = Operator::unknown;
    out.written = token.text;
    for (auto const& [written, op] : kOperators) {
      if (written == token.text) out.op = op;
    }
    if (out.op == Operator::unknown && !lax()) return fail("unknown operator '" + std::string(token.text) + "'", token.text);
    lexer.take();
    if (lax() && lexer.at_end()) {
      out.right = literal({}, lexer.peek().text);
      return true;
    }
    out.right = expression(lexer);
    return out.right != none;
  }
  return true;
}

std::uint32_t Parser::condition(std::string_view markup) {
  MarkupLexer lexer(markup, lax());
  auto variables_before = image_.variables.size();
  std::vector<Comparison> comparisons;
  while (true) {
    Comparison next;
    if (!comparison(lexer, next)) return none;
    comparisons.push_back(next);
    if (comparisons.size() > 1000) {
      fail(TemplateFault::too_large, "more than 1000 comparisons in one condition", tag_at_);
      return none;
    }
    if (lexer.accept_word("and")) {
      comparisons.back().next = 'a';
    } else if (lexer.accept_word("or")) {
      comparisons.back().next = 'o';
    } else {
      break;
    }
  }
  if (!at_end(lexer, "a condition")) return none;
  for (auto i = variables_before; i < image_.variables.size(); ++i) image_.variables[i].has_default = true;
  image_.conditions.push_back(
      {.first = static_cast<std::uint32_t>(image_.comparisons.size()), .count = static_cast<std::uint32_t>(comparisons.size())});
  image_.comparisons.insert(image_.comparisons.end(), comparisons.begin(), comparisons.end());
  return static_cast<std::uint32_t>(image_.conditions.size() - 1);
}

}  // namespace postrider::content
