// Two lexers. TemplateLexer cuts a template into text, outputs and tags by Ruby's rules (a tag ends at the first closing
// mark, whatever quotes say); MarkupLexer cuts what stands inside a tag into tokens.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace postrider::content {

struct TemplateToken {
  enum class Is { text, output, tag, unclosed, end };
  Is is = Is::end;
  std::size_t begin = 0;  // of the whole token
  std::size_t end = 0;
  std::size_t inner_begin = 0;  // between the marks and their dashes
  std::size_t inner_end = 0;
  bool strip_before = false;
  bool strip_after = false;
};

class TemplateLexer {
 public:
  explicit TemplateLexer(std::string_view source, std::size_t at = 0) : source_(source), at_(at) {}
  TemplateToken next();
  // Moves behind the tag that closes a verbatim block (`endraw`, `enddoc`); nothing when there is none.
  std::optional<TemplateToken> skip_to(std::string_view end_tag);
  // The same for a comment, which may hold further comments.
  std::optional<TemplateToken> skip_comment();
  std::size_t position() const { return at_; }

 private:
  std::string_view source_;
  std::size_t at_;
};

// The word a tag begins with ("if", "#"), and what follows it.
std::string_view tag_name(std::string_view inner);
std::string_view tag_markup(std::string_view inner);

struct Token {
  enum class Is {
    identifier,
    string,
    number,
    dot,
    dots,
    comma,
    colon,
    pipe,
    open,
    close,
    open_bracket,
    close_bracket,
    comparison,
    assign,
    end,
    junk
  };
  Is is = Is::end;
  std::string_view text;
};

class MarkupLexer {
 public:
  MarkupLexer(std::string_view markup, bool lax) : markup_(markup), lax_(lax) { advance(); }
  Token const& peek() const { return token_; }
  Token take() {
    auto token = token_;
    advance();
    return token;
  }
  bool accept(Token::Is is) {
    if (token_.is != is) return false;
    advance();
    return true;
  }
  bool accept_word(std::string_view word) {
    if (token_.is != Token::Is::identifier || token_.text != word) return false;
    advance();
    return true;
  }
  // Lax: jumps behind the next `|` outside of quotes. False when there is none.
  bool skip_to_pipe();
  // A bare word as `assign` and `capture` take it: letters, digits, `_` and `-`; may begin with a digit.
  std::optional<Token> take_name();
  bool at_end() const { return token_.is == Token::Is::end; }
  std::size_t token_begin() const { return static_cast<std::size_t>(token_.text.data() - markup_.data()); }
  std::string_view markup() const { return markup_; }

 private:
  void advance();

  std::string_view markup_;
  bool lax_;
  std::size_t at_ = 0;
  Token token_;
};

// Where template syntax stands in a source, for those who look at the HTML around it.
struct TemplateSpan {
  enum class Is { output, tag, verbatim_mark, dropped };  // verbatim_mark: {% raw %} and {% endraw %}; dropped: comment, doc
  Is is = Is::output;
  std::size_t begin = 0;
  std::size_t end = 0;
};
std::vector<TemplateSpan> template_spans(std::string_view source);

}  // namespace postrider::content
