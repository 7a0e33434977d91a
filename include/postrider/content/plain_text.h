// The plain-text part of a mail whose author wrote only HTML. It is made once, from the template's source: Liquid tags stay
// where they were, so the text is rendered from the same data as the HTML and costs no HTML parsing per message.
#pragma once

#include <string>
#include <string_view>

namespace postrider::content {

// Links become `text (address)`, list items `- item` or `1. item`, headings and paragraphs stand between blank lines, rows of
// data tables (those with <th>) become `a | b`, images their alt text; entities are decoded; head, script, style and hidden
// elements are dropped. The result is Liquid source for text: filters that only make sense in HTML are taken off.
std::string plain_text_of(std::string_view html);

}  // namespace postrider::content
