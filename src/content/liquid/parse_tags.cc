#include "content/liquid/characters.h"
#include "content/liquid/parser.h"

#include <algorithm>
#include <utility>

namespace postrider::content {

bool Parser::tag_if(std::string_view markup, bool negated) {
  if (!open_block(negated ? BlockKind::unless_block : BlockKind::if_block, markup)) return false;
  auto test = condition(markup);
  if (test == none) return false;
  auto& block = blocks_.back();
  block.conditions.push_back(test);
  block.pending = emit({.op = Op::branch, .flag = negated, .a = test, .at = tag_at_});
  return true;
}

bool Parser::tag_elsif(std::string_view markup) {
  auto* block = current(BlockKind::if_block);
  if (!block) block = current(BlockKind::unless_block);
  if (!block) return fail(TemplateFault::syntax, "elsif without if or unless", tag_at_);
  auto test = condition(markup);
  if (test == none) return false;
  block->to_end.push_back(emit({.op = Op::jump, .at = tag_at_}));
  // Behind an else the branch is never reached, as in Ruby; it is compiled all the same.
  if (block->pending != none) image_.code[block->pending].b = here();
  block->conditions.push_back(test);
  auto branch = emit({.op = Op::branch, .a = test, .at = tag_at_});
  block->pending = branch;
  block->branch = ++branches_;
  return true;
}

bool Parser::tag_else() {
  if (blocks_.size() <= floor_) return fail(TemplateFault::syntax, "else without a block", tag_at_);
  auto& block = blocks_.back();
  block.branch = ++branches_;
  switch (block.kind) {
    case BlockKind::if_block:
    case BlockKind::unless_block:
      block.to_end.push_back(emit({.op = Op::jump, .at = tag_at_}));
      if (!block.seen_else && block.pending != none) {
        image_.code[block.pending].b = here();
        block.pending = none;
      }
      block.seen_else = true;
      return true;
    case BlockKind::case_block:
      if (!end_when()) return false;
      block.pending = emit({.op = Op::case_else, .at = tag_at_});
      return true;
    case BlockKind::for_block: {
      if (block.seen_else) return fail(TemplateFault::syntax, "a second else in for", tag_at_);
      auto& loop = image_.loops[block.loop];
      loop.next = here();
      emit({.op = Op::for_next, .a = block.pending + 1, .at = block.at});
      block.to_end.push_back(emit({.op = Op::jump, .at = tag_at_}));
      image_.code[block.pending].b = here();
      block.seen_else = true;
      bound_.resize(block.bound);
      return true;
    }
    default: return fail(TemplateFault::syntax, "else without if, unless, case or for", tag_at_);
  }
}

bool Parser::tag_end(std::string_view what, std::string_view) {
  static constexpr std::pair<std::string_view, BlockKind> kEnds[] = {{"if", BlockKind::if_block},
                                                                     {"unless", BlockKind::unless_block},
                                                                     {"case", BlockKind::case_block},
                                                                     {"for", BlockKind::for_block},
                                                                     {"tablerow", BlockKind::table_block},
                                                                     {"capture", BlockKind::capture_block},
                                                                     {"ifchanged", BlockKind::changed_block}};
  auto end = std::find_if(std::begin(kEnds), std::end(kEnds), [&](auto const& e) { return e.first == what; });
  if (end == std::end(kEnds) || !current(end->second)) {
    auto inside = blocks_.size() > floor_ ? " (the open block is another one)" : "";
    return fail(TemplateFault::syntax, "end" + std::string(what) + " closes nothing" + inside, tag_at_);
  }
  auto& block = blocks_.back();
  switch (block.kind) {
    case BlockKind::if_block:
    case BlockKind::unless_block:
      if (block.pending != none) image_.code[block.pending].b = here();
      break;
    case BlockKind::case_block:
      if (!end_when()) return false;
      for (auto jump : block.to_end) image_.code[jump].a = here();
      block.to_end.clear();
      emit({.op = Op::case_end, .at = block.at});
      image_.code[block.body].b = here();
      break;
    case BlockKind::for_block:
    case BlockKind::table_block:
      if (!end_for(block)) return false;
      break;
    case BlockKind::capture_block: emit({.op = Op::end_capture, .at = block.at}); break;
    case BlockKind::changed_block: emit({.op = Op::end_if_changed, .at = block.at}); break;
  }
  close_block();
  return true;
}

bool Parser::tag_case(std::string_view markup) {
  if (!open_block(BlockKind::case_block, markup)) return false;
  MarkupLexer lexer(markup, lax());
  auto variables_before = image_.variables.size();
  auto subject = expression(lexer);
  if (subject == none || !at_end(lexer, "case")) return false;
  for (auto i = variables_before; i < image_.variables.size(); ++i) image_.variables[i].has_default = true;
  auto& block = blocks_.back();
  block.body = emit({.op = Op::case_begin, .a = subject, .at = tag_at_});  // `b` becomes the end
  emit({.op = Op::jump, .at = tag_at_});                                   // over what stands before the first when
  return true;
}

// Closes the running branch of a case, or the text before the first one.
bool Parser::end_when() {
  auto& block = blocks_.back();
  if (!block.in_branch) {
    block.in_branch = true;
    block.blank = true;
    block.blank_texts.clear();
    image_.code[block.body + 1].a = here();
    return true;
  }
  auto& branch = image_.code[block.pending];
  if (branch.op == Op::case_when) emit({.op = Op::case_again, .a = block.pending + 1, .at = block.at});
  image_.code[block.pending].b = here();
  return true;
}

bool Parser::tag_when(std::string_view markup) {
  auto* block = current(BlockKind::case_block);
  if (!block) return fail(TemplateFault::syntax, "when without case", tag_at_);
  if (!end_when()) return false;
  MarkupLexer lexer(markup, lax());
  std::vector<std::uint32_t> values;
  do {
    auto value = expression(lexer);
    if (value == none) return false;
    values.push_back(value);
    if (values.size() > 1000) return fail(TemplateFault::too_large, "more than 1000 values in one when", tag_at_);
  } while (lexer.accept(Token::Is::comma) || lexer.accept_word("or"));
  if (!at_end(lexer, "when")) return false;
  auto first = static_cast<std::uint32_t>(image_.lists.size());
  image_.lists.insert(image_.lists.end(), values.begin(), values.end());
  block->pending = emit({.op = Op::case_when, .n = static_cast<std::uint16_t>(values.size()), .a = first, .at = tag_at_});
  block->branch = ++branches_;
  return true;
}

bool Parser::tag_for(std::string_view markup, bool table) {
  if (!open_block(table ? BlockKind::table_block : BlockKind::for_block, markup)) return false;
  MarkupLexer lexer(markup, lax());
  auto item = lexer.take();
  if (item.is != Token::Is::identifier) return fail("expected the name of the loop variable", item.text);
  if (!lexer.accept_word("in")) return fail("expected 'in': for item in collection", lexer.peek().text);
  Loop loop;
  loop.collection = expression(lexer);
  if (loop.collection == none) return false;
  auto name = std::string(item.text) + "-" + std::string(image_.expressions[loop.collection].written);
  while (!lexer.at_end()) {
    if (lexer.accept(Token::Is::comma)) continue;
    if (!table && lexer.accept_word("reversed")) {
      loop.reversed = true;
      continue;
    }
    auto attribute = lexer.take();
    if (attribute.is != Token::Is::identifier || !lexer.accept(Token::Is::colon)) {
      if (lax()) continue;
      return fail("expected limit:, offset: or reversed", attribute.text);
    }
    if (attribute.text == "offset" && !table && lexer.accept_word("continue")) {
      loop.offset_continue = true;
      continue;
    }
    auto value = expression(lexer);
    if (value == none) return false;
    if (attribute.text == "limit") {
      loop.limit = value;
    } else if (attribute.text == "offset") {
      loop.offset = value;
    } else if (attribute.text == "cols" && table) {
      loop.columns = value;
    } else if (!lax()) {
      return fail("a loop has no attribute '" + std::string(attribute.text) + "'", attribute.text);
    }
  }
  auto known = loop_memory_.find(name);
  if (known == loop_memory_.end()) {
    image_.names.push_back(name);
    known = loop_memory_.emplace(image_.names.back(), image_.loop_memories++).first;
  }
  loop.memory = known->second;
  loop.name = known->first;
  loop.symbol = local(item.text);
  auto index = static_cast<std::uint32_t>(image_.loops.size());
  image_.loops.push_back(loop);
  auto& block = blocks_.back();
  block.loop = index;
  block.pending = emit({.op = table ? Op::table_begin : Op::for_begin, .a = index, .at = tag_at_});
  bound_.push_back(loop.symbol);
  if (table) prints();
  return true;
}

bool Parser::end_for(Block& block) {
  auto& loop = image_.loops[block.loop];
  if (!block.seen_else) {
    loop.next = here();
    emit({.op = block.kind == BlockKind::table_block ? Op::table_next : Op::for_next, .a = block.pending + 1, .at = block.at});
    image_.code[block.pending].b = here();
    bound_.resize(block.bound);
  }
  loop.end = here();
  return true;
}

bool Parser::tag_jump(std::string_view name, std::string_view markup) {
  if (!markup.empty() && !lax()) return fail("'" + std::string(name) + "' takes nothing", markup);
  prints();
  emit({.op = name == "break" ? Op::break_loop : Op::continue_loop, .at = tag_at_});
  return true;
}

bool Parser::tag_assign(std::string_view markup) {
  MarkupLexer lexer(markup, lax());
  auto name = lexer.take_name();
  if (!name || !lexer.accept(Token::Is::assign)) return fail("expected: assign name = value", markup);
  auto value = chain(strip(markup.substr(markup.find('=') + 1)));
  if (value == none) return false;
  auto target = local(name->text);
  assigned_.insert(target);
  emit({.op = Op::assign, .a = value, .b = target, .at = tag_at_});
  return true;
}

bool Parser::tag_capture(std::string_view markup) {
  if (!open_block(BlockKind::capture_block, markup)) return false;
  MarkupLexer lexer(markup, lax());
  std::optional<Token> name;
  if (lexer.peek().is == Token::Is::string) {
    name = lexer.take();
  } else {
    name = lexer.take_name();
  }
  if (!name) return fail("expected the name of the captured variable", markup);
  if (!at_end(lexer, "capture")) return false;
  auto target = local(name->text);
  assigned_.insert(target);
  emit({.op = Op::capture, .b = target, .at = tag_at_});
  return true;
}

bool Parser::tag_echo(std::string_view markup) {
  auto value = chain(markup);
  if (value == none) return false;
  prints();
  auto const& made = image_.chains[value];
  bool plain = made.filters == 0;
  emit({.op = plain ? Op::output_path : Op::output, .a = plain ? made.expression : value, .at = made.at});
  return true;
}

bool Parser::tag_cycle(std::string_view markup) {
  MarkupLexer lexer(markup, lax());
  Cycle cycle{.written = markup};
  std::vector<std::uint32_t> values;
  auto first = expression(lexer);
  if (first == none) return false;
  if (lexer.accept(Token::Is::colon)) {
    cycle.group = first;
  } else {
    values.push_back(first);
    lexer.accept(Token::Is::comma);
  }
  while (!lexer.at_end()) {
    auto value = expression(lexer);
    if (value == none) return false;
    values.push_back(value);
    if (!lexer.accept(Token::Is::comma)) break;
  }
  if (!at_end(lexer, "cycle")) return false;
  if (values.empty()) return fail("expected values to cycle through", markup);
  cycle.first = static_cast<std::uint32_t>(image_.lists.size());
  cycle.count = static_cast<std::uint32_t>(values.size());
  image_.lists.insert(image_.lists.end(), values.begin(), values.end());
  image_.cycles.push_back(cycle);
  prints();
  emit({.op = Op::cycle, .a = static_cast<std::uint32_t>(image_.cycles.size() - 1), .at = tag_at_});
  return true;
}

bool Parser::tag_counter(std::string_view markup, Op op) {
  MarkupLexer lexer(markup, lax());
  auto name = lexer.take_name();
  if (!name) return fail("expected the name of a counter", markup);
  if (!at_end(lexer, "a counter")) return false;
  auto counter = local(name->text);
  assigned_.insert(counter);
  prints();
  emit({.op = op, .b = counter, .at = tag_at_});
  return true;
}

bool Parser::tag_abort(std::string_view markup) {
  auto reason = none;
  MarkupLexer lexer(markup, lax());
  if (!lexer.at_end()) {
    reason = expression(lexer);
    if (reason == none || !at_end(lexer, "abort")) return false;
  }
  prints();
  emit({.op = Op::abort, .a = reason, .at = tag_at_});
  return true;
}

}  // namespace postrider::content
