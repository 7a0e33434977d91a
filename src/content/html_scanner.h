// A tokenizer for the HTML of templates: tags, attributes and text with their places in the source, after the rules of the
// HTML standard's tokenizer, with Liquid standing where it likes. Linear in time and without recursion on any input, which
// tree builders are not (docs/decisions/html-scanner.md).
#pragma once

#include "content/liquid/lexer.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::content {

struct HtmlAttribute {
  std::string name;  // lower case
  std::size_t begin = 0;
  std::size_t value_begin = 0;  // without quotes
  std::size_t value_end = 0;
  bool quoted = false;
  bool has_value = false;
};

struct HtmlEvent {
  enum class Is { text, open, close, raw_text, comment };  // raw_text: the inside of script, style, title, ...
  Is is = Is::text;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string name = {};  // open, close: of the element, lower case; raw_text: of the element around it
  std::vector<HtmlAttribute> attributes = {};
  bool loose_output = false;  // an output stands where an attribute would

  HtmlAttribute const* attribute(std::string_view name) const;
};

struct ScannedHtml {
  std::vector<TemplateSpan> spans;
  std::vector<HtmlEvent> events;
};

ScannedHtml scan_html(std::string_view source);

// The spans inside [begin, end).
std::vector<TemplateSpan> spans_within(std::vector<TemplateSpan> const& spans, std::size_t begin, std::size_t end);

}  // namespace postrider::content
