#include "content/html_scanner.h"

#include "content/liquid/characters.h"

#include <algorithm>

namespace postrider::content {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr std::size_t most_attributes = 200;  // of one element; further ones are stepped over

bool holds_raw_text(std::string_view element) {
  static constexpr std::string_view kElements[] = {"script", "style",   "title",    "textarea", "xmp",
                                                   "iframe", "noembed", "noframes", "plaintext"};
  return std::find(std::begin(kElements), std::end(kElements), element) != std::end(kElements);
}

class Scanner {
 public:
  Scanner(std::string_view source, ScannedHtml& out) : source_(source), out_(out) {}

  void run() {
    while (at_ < source_.size()) {
      if (auto const* span = span_here()) {
        at_ = span->end;
      } else if (source_[at_] == '<' && markup()) {
        text_begin_ = at_;
      } else {
        ++at_;
      }
    }
    end_text(source_.size());
  }

 private:
  char peek(std::size_t ahead) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }

  // The span that covers the current position. Positions only grow, so each span is stepped over once.
  TemplateSpan const* span_here() {
    while (next_span_ < out_.spans.size() && out_.spans[next_span_].end <= at_) ++next_span_;
    if (next_span_ < out_.spans.size() && out_.spans[next_span_].begin <= at_) return &out_.spans[next_span_];
    return nullptr;
  }

  void end_text(std::size_t end) {
    if (end > text_begin_) out_.events.push_back({.is = HtmlEvent::Is::text, .begin = text_begin_, .end = end});
  }

  void finish(HtmlEvent event) {
    end_text(event.begin);
    event.end = at_;
    out_.events.push_back(std::move(event));
  }

  // What begins with `<`. False when it is only a character.
  bool markup() {
    auto begin = at_;
    if (is_letter(peek(1)) || (peek(1) == '/' && is_letter(peek(2)))) return tag();
    if (source_.substr(at_, 4) == "<!--") {
      auto rest = source_.substr(at_ + 4);
      auto close = rest.find("-->");
      auto length = rest.starts_with(">") ? 1 : rest.starts_with("->") ? 2 : close == std::string_view::npos ? rest.size() : close + 3;
      at_ += 4 + length;
      finish({.is = HtmlEvent::Is::comment, .begin = begin});
      return true;
    }
    if (peek(1) == '!' || peek(1) == '?' || peek(1) == '/') {
      auto close = source_.find('>', at_);
      at_ = close == std::string_view::npos ? source_.size() : close + 1;
      finish({.is = HtmlEvent::Is::comment, .begin = begin});
      return true;
    }
    return false;
  }

  bool tag() {
    HtmlEvent event{.is = peek(1) == '/' ? HtmlEvent::Is::close : HtmlEvent::Is::open, .begin = at_};
    at_ += event.is == HtmlEvent::Is::close ? 2 : 1;
    while (at_ < source_.size() && !span_here() && !is_space(source_[at_]) && source_[at_] != '>' && source_[at_] != '/')
      event.name += lowered(source_[at_++]);
    attributes(event);
    auto name = event.name;
    bool opens = event.is == HtmlEvent::Is::open;
    finish(std::move(event));
    if (opens && holds_raw_text(name)) raw_text(name);
    return true;
  }

  void attributes(HtmlEvent& event) {
    while (at_ < source_.size()) {
      if (auto const* span = span_here()) {
        event.loose_output |= span->is == TemplateSpan::Is::output;
        at_ = span->end;
      } else if (source_[at_] == '>') {
        ++at_;
        return;
      } else if (is_space(source_[at_]) || source_[at_] == '/') {
        ++at_;
      } else {
        attribute(event);
      }
    }
  }

  void attribute(HtmlEvent& event) {
    HtmlAttribute found{.begin = at_};
    while (at_ < source_.size()) {
      if (auto const* span = span_here()) {
        event.loose_output |= span->is == TemplateSpan::Is::output;
        at_ = span->end;
        if (span->is != TemplateSpan::Is::output) break;
        continue;
      }
      char c = source_[at_];
      if (is_space(c) || c == '>' || c == '/' || (c == '=' && !found.name.empty())) break;
      found.name += lowered(c);
      ++at_;
    }
    auto before_blanks = at_;
    while (at_ < source_.size() && is_space(source_[at_])) ++at_;
    if (at_ >= source_.size() || source_[at_] != '=' || span_here()) {
      at_ = before_blanks;
      found.value_begin = found.value_end = at_;
    } else {
      ++at_;
      while (at_ < source_.size() && is_space(source_[at_])) ++at_;
      value(found);
    }
    auto same = [&](HtmlAttribute const& known) { return known.name == found.name; };
    bool kept = !found.name.empty() && event.attributes.size() < most_attributes;
    if (kept && std::none_of(event.attributes.begin(), event.attributes.end(), same)) event.attributes.push_back(std::move(found));
  }

  void value(HtmlAttribute& found) {
    found.has_value = true;
    char quote = at_ < source_.size() && !span_here() && (source_[at_] == '"' || source_[at_] == '\'') ? source_[at_] : '\0';
    if (quote) ++at_;
    found.quoted = quote != '\0';
    found.value_begin = at_;
    while (at_ < source_.size()) {
      if (auto const* span = span_here()) {
        at_ = span->end;
        continue;
      }
      char c = source_[at_];
      if (quote ? c == quote : is_space(c) || c == '>') break;
      ++at_;
    }
    found.value_end = std::min(at_, source_.size());
    if (quote && at_ < source_.size()) ++at_;
  }

  void raw_text(std::string const& element) {
    auto begin = at_;
    while (at_ < source_.size() && !closes(element)) {
      auto const* span = span_here();
      at_ = span ? span->end : at_ + 1;
    }
    if (at_ > begin) out_.events.push_back({.is = HtmlEvent::Is::raw_text, .begin = begin, .end = at_, .name = element});
  }

  bool closes(std::string_view element) const {
    if (source_[at_] != '<' || peek(1) != '/' || element == "plaintext") return false;
    for (std::size_t i = 0; i < element.size(); ++i) {
      if (lowered(peek(2 + i)) != element[i]) return false;
    }
    char after = peek(2 + element.size());
    return is_space(after) || after == '>' || after == '/';
  }

  std::string_view source_;
  ScannedHtml& out_;
  std::size_t at_ = 0;
  std::size_t text_begin_ = 0;
  std::size_t next_span_ = 0;
};

}  // namespace

HtmlAttribute const* HtmlEvent::attribute(std::string_view wanted) const {
  for (auto const& candidate : attributes) {
    if (candidate.name == wanted) return &candidate;
  }
  return nullptr;
}

ScannedHtml scan_html(std::string_view source) {
  ScannedHtml scanned{.spans = template_spans(source)};
  Scanner(source, scanned).run();
  return scanned;
}

std::vector<TemplateSpan> spans_within(std::vector<TemplateSpan> const& spans, std::size_t begin, std::size_t end) {
  auto first = std::lower_bound(spans.begin(), spans.end(), begin, [](TemplateSpan const& span, std::size_t at) { return span.end <= at; });
  auto last = first;
  while (last != spans.end() && last->begin < end) ++last;
  return {first, last};
}

}  // namespace postrider::content
