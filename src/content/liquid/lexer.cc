#include "content/liquid/lexer.h"

#include "content/liquid/characters.h"

namespace postrider::content {

namespace {

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// End of the output that begins at `at`, or npos. A tag inside an unfinished output takes it over, as in Ruby.
std::size_t output_end(std::string_view source, std::size_t at) {
  for (auto i = at + 2; i + 1 < source.size(); ++i) {
    if (source[i] == '}' && source[i + 1] == '}') return i + 2;
    if (source[i] == '{' && source[i + 1] == '%') {
      auto close = source.find("%}", i + 2);
      return close == std::string_view::npos ? close : close + 2;
    }
  }
  return std::string_view::npos;
}

}  // namespace

TemplateToken TemplateLexer::next() {
  TemplateToken token{.begin = at_, .end = at_};
  if (at_ >= source_.size()) return token;
  auto open = at_;
  while (true) {
    open = source_.find('{', open);
    if (open == std::string_view::npos || open + 1 >= source_.size()) {
      open = source_.size();
      break;
    }
    if (source_[open + 1] == '{' || source_[open + 1] == '%') break;
    ++open;
  }
  if (open > at_) {
    token.is = TemplateToken::Is::text;
    token.end = token.inner_end = at_ = open;
    token.inner_begin = token.begin;
    return token;
  }
  bool output = source_[open + 1] == '{';
  auto end = output ? output_end(source_, open) : source_.find("%}", open + 2);
  if (!output && end != std::string_view::npos) end += 2;
  if (end == std::string_view::npos) {
    token.is = TemplateToken::Is::unclosed;
    token.end = at_ = source_.size();
    return token;
  }
  token.is = output ? TemplateToken::Is::output : TemplateToken::Is::tag;
  token.end = at_ = end;
  token.inner_begin = open + 2;
  token.inner_end = end - 2;
  if (token.inner_begin < token.inner_end && source_[token.inner_begin] == '-') {
    token.strip_before = true;
    ++token.inner_begin;
  }
  if (token.inner_end > token.inner_begin && source_[token.inner_end - 1] == '-') {
    token.strip_after = true;
    --token.inner_end;
  }
  return token;
}

// Looks at each opening mark once, so that a source full of them stays linear.
std::optional<TemplateToken> TemplateLexer::skip_to(std::string_view end_tag) {
  for (auto open = source_.find("{%", at_); open != std::string_view::npos; open = source_.find("{%", open + 2)) {
    auto rest = source_.substr(open + 2);
    TemplateToken token{.is = TemplateToken::Is::tag, .begin = open, .strip_before = rest.starts_with('-')};
    if (token.strip_before) rest.remove_prefix(1);
    rest = strip_left(rest);
    if (!rest.starts_with(end_tag)) continue;
    rest = strip_left(rest.substr(end_tag.size()));
    token.strip_after = rest.starts_with('-');
    if (token.strip_after) rest.remove_prefix(1);
    if (!rest.starts_with("%}")) continue;
    token.end = at_ = source_.size() - rest.size() + 2;
    return token;
  }
  return std::nullopt;
}

std::optional<TemplateToken> TemplateLexer::skip_comment() {
  int depth = 1;
  while (true) {
    auto token = next();
    if (token.is == TemplateToken::Is::end || token.is == TemplateToken::Is::unclosed) return std::nullopt;
    if (token.is != TemplateToken::Is::tag) continue;
    auto word = tag_name(source_.substr(token.inner_begin, token.inner_end - token.inner_begin));
    if (word == "comment") ++depth;
    if (word == "endcomment" && --depth == 0) return token;
    if (word == "raw") skip_to("endraw");
  }
}

std::string_view tag_name(std::string_view inner) {
  inner = strip_left(inner);
  if (inner.starts_with('#')) return inner.substr(0, 1);
  std::size_t end = 0;
  while (end < inner.size() && is_word(inner[end])) ++end;
  return inner.substr(0, end);
}

std::string_view tag_markup(std::string_view inner) {
  inner = strip_left(inner);
  return strip(inner.substr(tag_name(inner).size()));
}

void MarkupLexer::advance() {
  while (at_ < markup_.size() && is_space(markup_[at_])) ++at_;
  auto begin = at_;
  auto finish = [&](Token::Is is, std::size_t end) {
    at_ = end;
    token_ = {is, markup_.substr(begin, end - begin)};
  };
  if (begin >= markup_.size()) return finish(Token::Is::end, begin);
  char c = markup_[begin];
  char following = begin + 1 < markup_.size() ? markup_[begin + 1] : '\0';
  if (c == '"' || c == '\'') {
    auto close = markup_.find(c, begin + 1);
    if (close == std::string_view::npos) return finish(Token::Is::junk, begin + 1);
    finish(Token::Is::string, close + 1);
    token_.text = markup_.substr(begin + 1, close - begin - 1);
    return;
  }
  if (is_digit(c) || (c == '-' && is_digit(following))) {
    auto end = begin + 1;
    while (end < markup_.size() && is_digit(markup_[end])) ++end;
    if (end + 1 < markup_.size() && markup_[end] == '.' && is_digit(markup_[end + 1])) {
      ++end;
      while (end < markup_.size() && is_digit(markup_[end])) ++end;
    }
    bool runs_on = end < markup_.size() && is_word(markup_[end]);
    while (lax_ && runs_on && end < markup_.size() && (is_word(markup_[end]) || markup_[end] == '-')) ++end;
    return finish(lax_ && runs_on ? Token::Is::identifier : Token::Is::number, end);
  }
  if (is_word(c)) {
    auto end = begin;
    while (end < markup_.size() && (is_word(markup_[end]) || markup_[end] == '-')) ++end;
    if (end < markup_.size() && markup_[end] == '?') ++end;
    return finish(Token::Is::identifier, end);
  }
  switch (c) {
    case '.': return following == '.' ? finish(Token::Is::dots, begin + 2) : finish(Token::Is::dot, begin + 1);
    case ',': return finish(Token::Is::comma, begin + 1);
    case ':': return finish(Token::Is::colon, begin + 1);
    case '|': return finish(Token::Is::pipe, begin + 1);
    case '(': return finish(Token::Is::open, begin + 1);
    case ')': return finish(Token::Is::close, begin + 1);
    case '[': return finish(Token::Is::open_bracket, begin + 1);
    case ']': return finish(Token::Is::close_bracket, begin + 1);
    case '=':
      if (following == '=') return finish(Token::Is::comparison, begin + 2);
      return finish(Token::Is::assign, begin + 1);
    case '!': return following == '=' ? finish(Token::Is::comparison, begin + 2) : finish(Token::Is::junk, begin + 1);
    case '<': return finish(Token::Is::comparison, begin + (following == '=' || following == '>' ? 2 : 1));
    case '>': return finish(Token::Is::comparison, begin + (following == '=' ? 2 : 1));
    default: return finish(Token::Is::junk, begin + 1);
  }
}

bool MarkupLexer::skip_to_pipe() {
  while (token_.is != Token::Is::end) {
    if (token_.is == Token::Is::pipe) {
      advance();
      return true;
    }
    advance();
  }
  return false;
}

std::optional<Token> MarkupLexer::take_name() {
  auto begin = token_begin();
  auto end = begin;
  if (begin < markup_.size() && markup_[begin] == '-') return std::nullopt;
  while (end < markup_.size() && (is_word(markup_[end]) || markup_[end] == '-')) ++end;
  if (end == begin) return std::nullopt;
  if (lax_) {
    while (end < markup_.size() && (is_word(markup_[end]) || markup_[end] == '-' || markup_[end] == '.')) ++end;
  }
  Token name{Token::Is::identifier, markup_.substr(begin, end - begin)};
  at_ = end;
  advance();
  return name;
}

std::vector<TemplateSpan> template_spans(std::string_view source) {
  std::vector<TemplateSpan> spans;
  TemplateLexer lexer(source);
  for (auto token = lexer.next(); token.is != TemplateToken::Is::end && token.is != TemplateToken::Is::unclosed; token = lexer.next()) {
    if (token.is == TemplateToken::Is::output) spans.push_back({TemplateSpan::Is::output, token.begin, token.end});
    if (token.is != TemplateToken::Is::tag) continue;
    auto name = tag_name(source.substr(token.inner_begin, token.inner_end - token.inner_begin));
    if (name == "raw") {
      auto close = lexer.skip_to("endraw");
      if (!close) break;
      spans.push_back({TemplateSpan::Is::verbatim_mark, token.begin, token.end});
      spans.push_back({TemplateSpan::Is::verbatim_mark, close->begin, close->end});
    } else if (name == "doc") {
      auto close = lexer.skip_to("enddoc");
      if (!close) break;
      spans.push_back({TemplateSpan::Is::dropped, token.begin, close->end});
    } else if (name == "comment") {
      auto close = lexer.skip_comment();
      if (!close) break;
      spans.push_back({TemplateSpan::Is::dropped, token.begin, close->end});
    } else {
      spans.push_back({TemplateSpan::Is::tag, token.begin, token.end});
    }
  }
  return spans;
}

}  // namespace postrider::content
