#include "postrider/content/plain_text.h"

#include "content/escape.h"
#include "content/html_scanner.h"
#include "content/liquid/characters.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace postrider::content {

namespace {

template <std::size_t n>
bool is_one_of(std::string_view word, std::string_view const (&words)[n]) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

constexpr std::string_view kParagraphs[] = {"p",   "h1",    "h2", "h3", "h4", "h5", "h6",   "blockquote",
                                            "pre", "table", "ul", "ol", "dl", "hr", "form", "figure"};
constexpr std::string_view kLines[] = {"div",     "section", "article", "header", "footer", "main",    "nav",        "aside",    "center",
                                       "address", "tr",      "li",      "dt",     "dd",     "caption", "figcaption", "fieldset", "option"};
constexpr std::string_view kVoid[] = {"area",  "base", "br",   "col",   "embed",  "hr",    "img",
                                      "input", "link", "meta", "param", "source", "track", "wbr"};
// Tags that steer or assign; they are kept even where their surroundings are dropped, so that blocks stay whole.
constexpr std::string_view kStructure[] = {"if",      "elsif",      "else",      "endif",        "unless", "endunless", "case",
                                           "when",    "endcase",    "for",       "endfor",       "break",  "continue",  "assign",
                                           "capture", "endcapture", "ifchanged", "endifchanged", "abort"};

class TextWriter {
 public:
  explicit TextWriter(std::string_view source) : source_(source), scanned_(scan_html(source)) { find_grids(); }

  std::string write() {
    for (auto const& event : scanned_.events) {
      switch (event.is) {
        case HtmlEvent::Is::text: text(event); break;
        case HtmlEvent::Is::open: open(event); break;
        case HtmlEvent::Is::close: close(event); break;
        case HtmlEvent::Is::raw_text:
        case HtmlEvent::Is::comment: structure_only(event.begin, event.end); break;
      }
    }
    return std::move(out_ += '\n');
  }

 private:
  static constexpr int deepest = 8;  // indents and quote marks grow no further

  // What stands between two pieces of text: nothing, a blank, or line ends. It is written late, when the next piece comes, but
  // before a Liquid block begins or ends, so that every branch and every turn of a loop finds the same.
  enum Gap { nothing = 0, blank = 1, line = 2, paragraph = 3 };

  struct Block {
    Gap gap;                     // what stood before it
    Gap end = paragraph;         // what surely stands behind each branch so far
    Gap wanted_first = nothing;  // loops: what the first piece of the body wanted before it
    bool has_else = false;
    bool fresh = true;  // nothing printed yet
  };

  struct List {
    bool numbered = false;
    int next = 1;
    int loops = 0;  // how many Liquid loops were open where it began
  };

  // Tables with header cells hold data: their rows become lines. The others are layout.
  void find_grids() {
    std::vector<std::size_t> open;
    for (auto const& event : scanned_.events) {
      if (event.name == "table" && event.is == HtmlEvent::Is::open) {
        open.push_back(grids_.size());
        grids_.push_back(false);
      } else if (event.name == "table" && event.is == HtmlEvent::Is::close && !open.empty()) {
        open.pop_back();
      } else if (event.name == "th" && event.is == HtmlEvent::Is::open && !open.empty()) {
        grids_[open.back()] = true;
      }
    }
  }

  void need(Gap gap) {
    wanted_ = std::max(wanted_, gap);
    if (!blocks_.empty() && blocks_.back().fresh) blocks_.back().wanted_first = std::max(blocks_.back().wanted_first, gap);
  }

  void flush() {
    if (wanted_ > written_) {
      if (wanted_ == blank) {
        out_ += ' ';
      } else {
        while (!out_.empty() && out_.back() == ' ') out_.pop_back();
        out_.append(static_cast<std::size_t>(wanted_ - std::max<int>(written_, blank)), '\n');
        at_line_start_ = true;
      }
      written_ = wanted_;
    }
    wanted_ = nothing;
  }

  void put(std::string_view piece) {
    if (piece.empty()) return;
    flush();
    for (int i = 0; at_line_start_ && i < std::min(quotes_, deepest); ++i) out_ += "> ";
    out_ += piece;
    at_line_start_ = false;
    written_ = nothing;
    if (!blocks_.empty()) blocks_.back().fresh = false;
  }

  // Author's text must not turn into Liquid: `{{` from a raw block or from &#123;&#123; is printed by an output.
  static std::string shielded(std::string_view text) {
    std::string safe;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '{' && i + 1 < text.size() && (text[i + 1] == '{' || text[i + 1] == '%')) {
        safe += text[i + 1] == '{' ? "{{ '{{' }}" : "{{ '{%' }}";
        ++i;
      } else {
        safe += text[i];
      }
    }
    return safe;
  }

  void words(std::string_view raw) {
    auto decoded = unescaped_html(raw);
    if (preformatted_ > 0) {
      std::size_t begin = 0;
      while (begin < decoded.size()) {
        auto end = std::min(decoded.find('\n', begin), decoded.size());
        put(shielded(std::string_view(decoded).substr(begin, end - begin)));
        if (end < decoded.size()) need(std::max(wanted_, written_) >= line ? paragraph : line);
        begin = end + 1;
      }
      return;
    }
    std::string run;
    for (std::size_t at = 0; at < decoded.size();) {
      auto begin = at;
      auto character = next_character(decoded, at);
      if (character == 0x200B || character == 0x200C || character == 0x200D || character == 0xFEFF || character == 0xAD) continue;
      if (character == ' ' || character == '\n' || character == '\t' || character == '\r' || character == '\f' || character == 0xA0) {
        put(shielded(run));
        run.clear();
        need(blank);
      } else {
        run.append(decoded, begin, at - begin);
      }
    }
    put(shielded(run));
  }

  std::string_view tag_of(TemplateSpan const& span) const {
    auto inner = source_.substr(span.begin + 2, span.end - span.begin - 4);
    if (inner.starts_with('-')) inner.remove_prefix(1);
    if (inner.ends_with('-')) inner.remove_suffix(1);
    return strip(inner);
  }

  // Filters that only make sense in HTML are taken off the end of an output.
  std::string output_of(TemplateSpan const& span) const {
    auto inner = tag_of(span);
    bool markup = false;
    while (true) {
      auto pipe = inner.rfind('|');
      if (pipe == std::string_view::npos) break;
      auto filter = strip(inner.substr(pipe + 1));
      static constexpr std::string_view kHtmlFilters[] = {"raw", "escape", "h", "escape_once", "newline_to_br"};
      if (!is_one_of(filter, kHtmlFilters)) break;
      markup |= filter == "raw";
      inner = strip(inner.substr(0, pipe));
    }
    return "{{ " + std::string(inner) + (markup ? " | strip_html }}" : " }}");
  }

  void control(TemplateSpan const& span) {
    auto tag = tag_of(span);
    auto name = tag_name(tag);
    auto written = std::string(source_.substr(span.begin, span.end - span.begin));
    if (name == "tablerow" || name == "endtablerow") {
      // tablerow writes markup of its own; a plain loop does for text.
      auto rest = std::string(tag.substr(name.size()));
      if (auto columns = rest.find("cols"); columns != std::string::npos) {
        rest.erase(columns, std::min(rest.find(' ', rest.find_first_not_of(": ", columns + 4)), rest.size()) - columns);
      }
      written = name == "tablerow" ? "{% for" + rest + " %}" : "{% endfor %}";
      name = name == "tablerow" ? "for" : "endfor";
    }
    if (name == "capture") {
      blocks_.push_back({.gap = written_, .end = wanted_});
      written_ = paragraph;
      wanted_ = nothing;
    } else if (name == "endcapture" && !blocks_.empty()) {
      written_ = blocks_.back().gap;
      wanted_ = blocks_.back().end;
      blocks_.pop_back();
    } else if (name == "if" || name == "unless" || name == "case" || name == "for" || name == "ifchanged") {
      flush();
      if (name == "for") ++loops_;
      blocks_.push_back({.gap = written_});
    } else if (name == "else" || name == "elsif" || name == "when") {
      end_branch(name == "else");
    } else if (name.starts_with("end") && !blocks_.empty()) {
      if (name == "endfor") {
        --loops_;
        wanted_ = std::max(wanted_, blocks_.back().wanted_first);
      }
      end_branch(false);
      auto const& block = blocks_.back();
      written_ = block.has_else ? block.end : std::min(block.end, block.gap);
      blocks_.pop_back();
    } else if (!is_one_of(name, kStructure) && name != "liquid" && name != "#") {
      return put(written);  // it prints: cycle, increment, render, ...
    }
    out_ += written;
  }

  void end_branch(bool by_else) {
    flush();
    if (blocks_.empty()) return;
    auto& block = blocks_.back();
    block.end = std::min(block.end, written_);
    block.has_else |= by_else;
    block.fresh = false;
    written_ = block.gap;
  }

  void structure_only(std::size_t begin, std::size_t end) {
    for (auto const& span : spans_within(scanned_.spans, begin, end)) {
      if (span.is == TemplateSpan::Is::tag && is_one_of(tag_name(tag_of(span)), kStructure)) control(span);
    }
  }

  void text(HtmlEvent const& event) {
    if (hidden_depth_ > 0 || head_) return structure_only(event.begin, event.end);
    auto at = event.begin;
    for (auto const& span : spans_within(scanned_.spans, event.begin, event.end)) {
      words(source_.substr(at, span.begin - at));
      if (span.is == TemplateSpan::Is::output) put(output_of(span));
      if (span.is == TemplateSpan::Is::tag) control(span);
      at = span.end;
    }
    words(source_.substr(at, event.end - at));
  }

  // An attribute's value as Liquid source: entities decoded, outputs kept, everything else dropped.
  std::string value_of(HtmlAttribute const* attribute) const {
    if (!attribute) return {};
    std::string value;
    auto at = attribute->value_begin;
    for (auto const& span : spans_within(scanned_.spans, attribute->value_begin, attribute->value_end)) {
      value += shielded(unescaped_html(source_.substr(at, span.begin - at)));
      if (span.is == TemplateSpan::Is::output) value += output_of(span);
      if (span.is == TemplateSpan::Is::tag && is_one_of(tag_name(tag_of(span)), kStructure))
        value += source_.substr(span.begin, span.end - span.begin);
      at = span.end;
    }
    value += shielded(unescaped_html(source_.substr(at, attribute->value_end - at)));
    return std::string(strip(value));
  }

  bool is_hidden(HtmlEvent const& event) const {
    if (event.attribute("hidden")) return true;
    auto const* style = event.attribute("style");
    if (!style) return false;
    std::string compact;
    for (char c : source_.substr(style->value_begin, style->value_end - style->value_begin)) {
      if (!is_space(c)) compact += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return compact.find("display:none") != std::string::npos;
  }

  void open(HtmlEvent const& event) {
    auto const& name = event.name;
    // Tags written between attributes belong to blocks that may end elsewhere; those inside the address go with it.
    auto const* href = name == "a" ? event.attribute("href") : nullptr;
    auto const* alt = name == "img" ? event.attribute("alt") : nullptr;
    for (auto const& span : spans_within(scanned_.spans, event.begin, event.end)) {
      bool in_value = (href && span.begin >= href->value_begin && span.end <= href->value_end) ||
                      (alt && span.begin >= alt->value_begin && span.end <= alt->value_end);
      if (span.is == TemplateSpan::Is::tag && !in_value && is_one_of(tag_name(tag_of(span)), kStructure)) control(span);
    }
    if (hidden_depth_ > 0) {
      if (name == hidden_element_) ++hidden_depth_;
      return;
    }
    if (name == "head") head_ = true;
    if (name == "body") head_ = false;
    if (head_) return;
    if (is_hidden(event) && !is_one_of(name, kVoid)) {
      hidden_element_ = name;
      hidden_depth_ = 1;
      return;
    }
    if (is_one_of(name, kParagraphs)) need(lists_.empty() || (name != "ul" && name != "ol") ? paragraph : line);
    if (is_one_of(name, kLines)) need(line);
    if (name == "br") need(std::max(wanted_, written_) >= line ? paragraph : line);
    if (name == "hr") {
      put("----------");
      need(paragraph);
    }
    if (name == "pre") ++preformatted_;
    if (name == "blockquote") ++quotes_;
    if (name == "ul" || name == "ol") lists_.push_back({.numbered = name == "ol", .loops = loops_});
    if (name == "li") bullet();
    if (name == "table") tables_.push_back(next_table_++);
    if (name == "tr") cells_ = 0;
    if (name == "td" || name == "th") cell();
    if (name == "img") put(value_of(alt));
    if (name == "a") {
      link_ = value_of(href);
      link_begin_ = out_.size();
    }
  }

  void bullet() {
    auto depth = std::clamp<std::size_t>(lists_.size(), 1, deepest);
    std::string mark((depth - 1) * 2, ' ');
    if (lists_.empty() || !lists_.back().numbered) {
      mark += "- ";
    } else if (loops_ > lists_.back().loops) {
      mark += "{{ forloop.index }}. ";
    } else {
      mark += std::to_string(lists_.back().next++) + ". ";
    }
    put(mark);
    written_ = paragraph;  // nothing more is wanted behind the mark
  }

  void cell() {
    bool grid = !tables_.empty() && grids_[tables_.back()];
    if (!grid) return need(line);
    if (cells_++ > 0) {
      wanted_ = nothing;
      put(" |");
      need(blank);
    }
  }

  void close(HtmlEvent const& event) {
    auto const& name = event.name;
    if (hidden_depth_ > 0) {
      if (name == hidden_element_) --hidden_depth_;
      return;
    }
    if (name == "head") head_ = false;
    if (head_) return;
    if (is_one_of(name, kParagraphs)) need(lists_.size() > 1 && (name == "ul" || name == "ol") ? line : paragraph);
    if (is_one_of(name, kLines)) need(line);
    if (name == "pre" && preformatted_ > 0) --preformatted_;
    if (name == "blockquote" && quotes_ > 0) --quotes_;
    if ((name == "ul" || name == "ol") && !lists_.empty()) lists_.pop_back();
    if (name == "table" && !tables_.empty()) tables_.pop_back();
    if (name == "a") end_link();
  }

  void end_link() {
    auto address = std::exchange(link_, {});
    if (address.empty() || address.front() == '#') return;
    auto shown = std::string(strip(std::string_view(out_).substr(std::min(link_begin_, out_.size()))));
    std::string_view bare = address;
    if (bare.starts_with("mailto:") || bare.starts_with("tel:")) bare.remove_prefix(bare.find(':') + 1);
    if (shown == bare || shown == address) return;
    if (shown.empty()) return put(bare);
    auto after = std::exchange(wanted_, blank);
    put("(" + std::string(bare) + ")");
    need(after);
  }

  std::string_view source_;
  ScannedHtml scanned_;
  std::vector<bool> grids_;
  std::string out_;
  Gap wanted_ = nothing;
  Gap written_ = paragraph;  // what stands at the end of `out_`; the beginning counts as a paragraph
  bool at_line_start_ = true;
  std::vector<Block> blocks_;
  int loops_ = 0;
  int quotes_ = 0;
  int preformatted_ = 0;
  bool head_ = false;
  std::string hidden_element_;
  int hidden_depth_ = 0;
  std::vector<List> lists_;
  std::vector<std::size_t> tables_;
  std::size_t next_table_ = 0;
  int cells_ = 0;
  std::string link_;
  std::size_t link_begin_ = 0;
};

}  // namespace

std::string plain_text_of(std::string_view html) { return TextWriter(html).write(); }

}  // namespace postrider::content
