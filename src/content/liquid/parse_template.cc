#include "content/liquid/characters.h"
#include "content/liquid/parser.h"

#include <algorithm>
#include <utility>

namespace postrider::content {

Parser::Parser(Program::Image& image, ParseOptions const& options) : image_(image), options_(options) {
  for (auto const& link : options.links) {
    if (link.tracked) image_.tracked_links = std::max(image_.tracked_links, link.index + 1);
    if (!link.address.empty()) {
      points_.push_back({link.begin, Op::fixed_link, link.index, link.tracked, link.end, image_.names.emplace_back(link.address)});
      continue;
    }
    points_.push_back({link.begin, Op::link, link.index, link.tracked});
    points_.push_back({link.end, Op::end_link, link.index, link.tracked});
  }
  if (options.pixel_at) {
    auto before = std::find_if(points_.begin(), points_.end(), [&](Point const& p) { return p.at > *options.pixel_at; });
    points_.insert(before, {*options.pixel_at, Op::pixel});
  }
  image_.forloop = local("forloop");
  image_.tablerowloop = local("tablerowloop");
}

std::optional<TemplateError> Parser::run(std::string_view source) {
  image_.sources.push_back({.text = std::string(source)});
  source_ = image_.sources.back().text;
  if (source_text()) {
    emit({.op = Op::halt});
    if (parse_pending_partials()) return std::nullopt;
  }
  return error_;
}

bool Parser::source_text() {
  TemplateLexer lexer(source_);
  bool strip_next = false;
  for (auto token = lexer.next(); token.is != TemplateToken::Is::end; token = lexer.next()) {
    auto inner = source_.substr(token.inner_begin, token.inner_end - token.inner_begin);
    if (token.is == TemplateToken::Is::text) {
      auto kept = source_.substr(token.begin, token.end - token.begin);
      if (strip_next) kept = strip_left(kept);
      auto following = TemplateLexer(source_, lexer.position()).next();
      if (following.strip_before) kept = strip_right(kept);
      auto kept_begin = static_cast<std::size_t>(kept.data() - source_.data());
      text(token.begin, token.end, kept_begin, kept_begin + kept.size());
      if (error_) return false;
      strip_next = false;
      continue;
    }
    tag_at_ = base_ + static_cast<std::uint32_t>(token.begin);
    if (!points_until(token.begin)) return false;
    if (token.is == TemplateToken::Is::unclosed) {
      auto output = source_.substr(token.begin).starts_with("{{");
      return fail(TemplateFault::syntax, output ? "this output is never closed with }}" : "this tag is never closed with %}", tag_at_);
    }
    strip_next = token.strip_after;
    if (token.is == TemplateToken::Is::output) {
      if (source_.substr(token.end - 2, 2) != "}}") {
        return fail(TemplateFault::syntax, "this output is never closed with }}", tag_at_);
      }
      if (!tag_echo(strip(inner))) return false;
      continue;
    }
    auto name = tag_name(inner);
    auto markup = tag_markup(inner);
    if (name == "comment" || name == "raw" || name == "doc") {
      auto close = name == "comment" ? lexer.skip_comment() : lexer.skip_to(name == "raw" ? "endraw" : "enddoc");
      if (!close) return fail(TemplateFault::syntax, std::string(name) + " is never closed with end" + std::string(name), tag_at_);
      if (name == "doc" &&
          (!markup.empty() || source_.substr(token.end, close->begin - token.end).find("{% doc") != std::string_view::npos)) {
        return fail(TemplateFault::syntax, "doc takes no arguments and cannot be nested", tag_at_);
      }
      if (name == "raw") text(token.end, close->begin, token.end, close->begin);
      if (name == "raw" && close->begin > token.end) prints();
      if (error_) return false;
      strip_next = close->strip_after;
      continue;
    }
    if (!tag(name, markup)) return false;
  }
  if (!points_until(source_.size())) return false;
  if (!blocks_.empty()) {
    static constexpr std::string_view kNames[] = {"if", "unless", "case", "for", "tablerow", "capture", "ifchanged"};
    auto word = std::string(kNames[static_cast<int>(blocks_.back().kind)]);
    return fail(TemplateFault::syntax, word + " is never closed with end" + word, blocks_.back().at);
  }
  return true;
}

bool Parser::tag(std::string_view name, std::string_view markup) {
  if (name == "#" || name.empty()) {
    if (name.empty()) return fail(TemplateFault::syntax, "a tag needs a name", tag_at_);
    for (auto line = markup.find('\n'); line != std::string_view::npos; line = markup.find('\n', line + 1)) {
      auto rest = strip_left(markup.substr(line + 1));
      if (!rest.empty() && rest.front() != '#') return fail("each line of an inline comment must begin with #", rest);
    }
    return true;
  }
  if (name == "if") return tag_if(markup, false);
  if (name == "unless") return tag_if(markup, true);
  if (name == "elsif") return tag_elsif(markup);
  if (name == "else") return tag_else();
  if (name == "case") return tag_case(markup);
  if (name == "when") return tag_when(markup);
  if (name == "for") return tag_for(markup, false);
  if (name == "tablerow") return tag_for(markup, true);
  if (name == "break" || name == "continue") return tag_jump(name, markup);
  if (name == "assign") return tag_assign(markup);
  if (name == "capture") return tag_capture(markup);
  if (name == "echo") return tag_echo(markup);
  if (name == "cycle") return tag_cycle(markup);
  if (name == "increment") return tag_counter(markup, Op::increment);
  if (name == "decrement") return tag_counter(markup, Op::decrement);
  if (name == "render") return tag_render(markup);
  if (name == "include") return tag_include(markup);
  if (name == "abort") return tag_abort(markup);
  if (name == "liquid") return line_tags(markup);
  if (name == "ifchanged") {
    if (!open_block(BlockKind::changed_block, markup)) return false;
    emit({.op = Op::if_changed, .at = tag_at_});
    return true;
  }
  if (name.starts_with("end")) return tag_end(name.substr(3), markup);
  return fail(TemplateFault::syntax, "unknown tag '" + std::string(name) + "'", tag_at_);
}

// {% liquid %}: one tag a line. Blocks opened inside must be closed inside.
bool Parser::line_tags(std::string_view lines) {
  if (++line_tag_depth_ > options_.max_nesting) return fail(TemplateFault::nesting, "liquid tags nested too deep", tag_at_);
  auto outer_floor = std::exchange(floor_, blocks_.size());
  int comments = 0;
  while (!lines.empty()) {
    auto end = std::min(lines.find('\n'), lines.size());
    auto line = strip(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.empty()) continue;
    auto name = tag_name(line);
    tag_at_ = at(line);
    if (name == "comment") {
      ++comments;
    } else if (comments > 0) {
      comments -= name == "endcomment";
    } else if (!tag(name, tag_markup(line))) {
      return false;
    }
  }
  if (comments > 0 || blocks_.size() > floor_) {
    return fail(TemplateFault::syntax, "a block opened inside the liquid tag is not closed inside it",
                comments > 0 ? tag_at_ : blocks_.back().at);
  }
  floor_ = outer_floor;
  --line_tag_depth_;
  return true;
}

void Parser::text(std::size_t begin, std::size_t end, std::size_t kept_begin, std::size_t kept_end) {
  if (base_ != 0 || next_point_ >= points_.size() || points_[next_point_].at >= end) return text_piece(kept_begin, kept_end);
  while (next_point_ < points_.size() && points_[next_point_].at < end) {
    auto cut = std::max(points_[next_point_].at, begin);
    text_piece(std::min(std::max(begin, kept_begin), kept_end), std::min(std::max(cut, kept_begin), kept_end));
    begin = std::max(cut, points_[next_point_].resume);
    if (!point(points_[next_point_++])) return;
  }
  text_piece(std::min(std::max(begin, kept_begin), kept_end), kept_end);
}

void Parser::text_piece(std::size_t begin, std::size_t end) {
  if (begin >= end) return;
  auto piece = source_.substr(begin, end - begin);
  auto instruction =
      emit({.op = Op::text, .a = static_cast<std::uint32_t>(image_.texts.size()), .at = base_ + static_cast<std::uint32_t>(begin)});
  image_.texts.push_back(piece);
  image_.text_bytes += piece.size();
  if (blocks_.empty()) return;
  if (strip(piece).empty()) {
    blocks_.back().blank_texts.push_back(instruction);
  } else {
    prints();
  }
}

bool Parser::points_until(std::size_t at) {
  if (base_ != 0) return true;
  while (next_point_ < points_.size() && points_[next_point_].at <= at) {
    if (!point(points_[next_point_++])) return false;
  }
  return true;
}

bool Parser::point(Point const& point) {
  auto place = base_ + static_cast<std::uint32_t>(point.at);
  emit({.op = point.op, .flag = point.tracked, .a = point.index, .b = static_cast<std::uint32_t>(image_.texts.size()), .at = place});
  if (point.op == Op::fixed_link) image_.texts.push_back(point.address);
  prints();
  if (point.op == Op::link) open_link_ = {blocks_.size(), branch_of(blocks_.size()), place};
  if (point.op == Op::end_link) {
    if (!open_link_ || open_link_->depth != blocks_.size() || open_link_->branch != branch_of(blocks_.size())) {
      return fail(TemplateFault::link,
                  "the address of a link must begin and end in the same branch of if, case or for: put the whole link inside", place);
    }
    open_link_.reset();
  }
  return true;
}

bool Parser::open_block(BlockKind kind, std::string_view) {
  if (blocks_.size() >= options_.max_nesting)
    return fail(TemplateFault::nesting, "blocks nested deeper than " + std::to_string(options_.max_nesting), tag_at_);
  blocks_.push_back({.kind = kind, .at = tag_at_, .branch = ++branches_, .bound = bound_.size()});
  return true;
}

Parser::Block* Parser::current(BlockKind kind) {
  return blocks_.size() > floor_ && blocks_.back().kind == kind ? &blocks_.back() : nullptr;
}

void Parser::close_block() {
  auto block = std::move(blocks_.back());
  blocks_.pop_back();
  for (auto jump : block.to_end) image_.code[jump].a = here();
  for (auto condition : block.conditions) image_.conditions[condition].end = here();
  bool captures = block.kind == BlockKind::capture_block;
  bool keeps_white = captures || block.kind == BlockKind::changed_block || block.kind == BlockKind::table_block;
  if (block.blank && !keeps_white) {
    for (auto instruction : block.blank_texts) image_.code[instruction] = {};
  }
  if (!block.blank && !captures) prints();
}

void Parser::prints() {
  if (!blocks_.empty()) blocks_.back().blank = false;
}

std::uint32_t Parser::emit(Instruction instruction) {
  image_.code.push_back(instruction);
  return here() - 1;
}

bool Parser::fail(TemplateFault fault, std::string message, std::uint32_t at) {
  if (!error_) error_ = image_.error(fault, std::move(message), at);
  return false;
}

std::uint32_t Parser::symbol(std::string_view name) {
  auto known = image_.symbol_of.find(name);
  if (known != image_.symbol_of.end()) return known->second;
  auto index = static_cast<std::uint32_t>(image_.symbols.size());
  image_.symbols.push_back({.name = name});
  image_.symbol_of.emplace(name, index);
  return index;
}

std::uint32_t Parser::local(std::string_view name) {
  auto index = symbol(name);
  if (image_.symbols[index].local == none) image_.symbols[index].local = image_.locals++;
  return index;
}

bool Parser::made_here(std::uint32_t symbol) const {
  return assigned_.contains(symbol) || std::find(bound_.begin(), bound_.end(), symbol) != bound_.end();
}

TemplateResult<Program> parse_liquid(std::string_view source, ParseOptions const& options) {
  if (source.size() > options.max_source_bytes) {
    return TemplateError{
        .fault = TemplateFault::too_large,
        .message = "the template has " + std::to_string(source.size()) + " bytes, more than " + std::to_string(options.max_source_bytes)};
  }
  auto image = std::make_shared<Program::Image>();
  if (auto error = Parser(*image, options).run(source)) return *error;
  return Program(std::move(image));
}

}  // namespace postrider::content
