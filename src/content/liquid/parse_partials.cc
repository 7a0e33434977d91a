#include "content/liquid/parser.h"

namespace postrider::content {

std::uint32_t Parser::partial(std::string_view name) {
  auto known = image_.partial_of.find(name);
  if (known != image_.partial_of.end()) return known->second;
  if (!options_.partials) return none;
  auto found = options_.partials->find(name);
  if (found == options_.partials->end()) return none;
  auto index = static_cast<std::uint32_t>(image_.partials.size());
  image_.names.push_back(found->first);
  std::string_view own_name = image_.names.back();
  auto slash = own_name.rfind('/');
  image_.partials.push_back(
      {.name = found->first, .symbol = local(slash == std::string_view::npos ? own_name : own_name.substr(slash + 1))});
  image_.partial_of.emplace(own_name, index);
  pending_partials_.emplace_back(index, found->second);
  return index;
}

bool Parser::parse_pending_partials() {
  for (std::size_t i = 0; i < pending_partials_.size(); ++i) {
    auto [index, text] = pending_partials_[i];
    auto const& before = image_.sources.back();
    auto base = before.base + static_cast<std::uint32_t>(before.text.size()) + 1;
    if (base + text.size() > 16 * options_.max_source_bytes) {
      return fail(TemplateFault::too_large, "the template and its partials are too large together", 0);
    }
    image_.sources.push_back({.name = image_.partials[index].name, .text = std::move(text), .base = base});
    source_ = image_.sources.back().text;
    base_ = base;
    bound_.clear();
    assigned_.clear();
    // Inside a partial every name may come from its caller, so nothing it uses is reported as found.
    auto variables_before = image_.variables.size();
    image_.partials[index].entry = here();
    if (!source_text()) return false;
    emit({.op = Op::ret});
    image_.variables.resize(variables_before);
  }
  return true;
}

bool Parser::call_arguments(MarkupLexer& lexer, PartialCall& call) {
  std::vector<Argument> arguments;
  while (!lexer.at_end()) {
    if (lexer.accept(Token::Is::comma)) continue;
    auto name = lexer.take();
    if (name.is != Token::Is::identifier || !lexer.accept(Token::Is::colon)) {
      if (lax()) continue;
      return fail("expected name: value", name.text);
    }
    auto value = expression(lexer);
    if (value == none) return false;
    arguments.push_back({.name = name.text, .expression = value, .symbol = local(name.text)});
    if (arguments.size() > 1000) return fail(TemplateFault::too_large, "more than 1000 arguments of a partial", tag_at_);
  }
  call.first = static_cast<std::uint32_t>(image_.arguments.size());
  call.count = static_cast<std::uint32_t>(arguments.size());
  image_.arguments.insert(image_.arguments.end(), arguments.begin(), arguments.end());
  image_.calls.push_back(call);
  prints();
  emit({.op = Op::call, .a = static_cast<std::uint32_t>(image_.calls.size() - 1), .at = tag_at_});
  return true;
}

bool Parser::tag_render(std::string_view markup) {
  MarkupLexer lexer(markup, lax());
  auto name = lexer.take();
  if (name.is != Token::Is::string) return fail("expected the name of a partial in quotes", name.text);
  PartialCall call{.partial = partial(name.text), .written = name.text};
  if (call.partial == none && !lax())
    return fail(TemplateFault::unknown_partial, "no partial named '" + std::string(name.text) + "'", at(name.text));
  bool loops = lexer.peek().text == "for" && lexer.peek().is == Token::Is::identifier;
  if (loops || (lexer.peek().text == "with" && lexer.peek().is == Token::Is::identifier)) {
    lexer.take();
    call.loops = loops;
    call.with = expression(lexer);
    if (call.with == none) return false;
    if (lexer.accept_word("as")) {
      auto alias = lexer.take();
      if (alias.is != Token::Is::identifier) return fail("expected a name after 'as'", alias.text);
      call.alias = local(alias.text);
    }
  }
  return call_arguments(lexer, call);
}

bool Parser::tag_include(std::string_view markup) {
  MarkupLexer lexer(markup, lax());
  PartialCall call{.include = true};
  auto name = lexer.peek();
  if (name.is == Token::Is::string) {
    lexer.take();
    call.written = name.text;
    call.partial = partial(name.text);
    if (call.partial == none && !lax())
      return fail(TemplateFault::unknown_partial, "no partial named '" + std::string(name.text) + "'", at(name.text));
  } else {
    call.name = expression(lexer);
    if (call.name == none) return false;
    // Only the render knows which: all of them are compiled.
    if (options_.partials) {
      for (auto const& [known, text] : *options_.partials) partial(known);
    }
  }
  if (lexer.accept_word("with") || lexer.accept_word("for")) {
    call.with = expression(lexer);
    if (call.with == none) return false;
    if (lexer.accept_word("as")) {
      auto alias = lexer.take();
      if (alias.is != Token::Is::identifier) return fail("expected a name after 'as'", alias.text);
      call.alias = local(alias.text);
    }
  }
  return call_arguments(lexer, call);
}

}  // namespace postrider::content
