// Finds the links of an HTML template by their place in the source, judges where they lead, and says where tracking has to
// put its addresses and its open pixel. The author's bytes are never changed: parse_liquid takes the places (LinkSpan) and
// compiles an instruction there. Runs once per template version.
// Left alone: mailto:, tel: and other harmless schemes, #anchors, links with the attribute data-no-track, and links to
// unsubscribe_url, preferences_url and view_url.
#pragma once

#include "postrider/content/liquid.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::content {

struct TemplateWarning {
  std::string code;     // short machine word: "missing_unsubscribe", "broken_link", ...
  std::string message;  // a sentence for people that says how to mend it
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::string part = {};  // "subject", "html", "text"; empty for the whole template
};

// A link that is tracked. Its place in the list is its number, as LinkWriter::link is told it: an occurrence of link n has
// number n, and further occurrences of any link in the same message (links in loops) are numbered on from the list's size.
struct TrackedLink {
  std::string target;                       // as written: Liquid source inside an HTML attribute
  std::optional<std::string> address = {};  // where it leads, if that is the same for every recipient
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

struct FoundLinks {
  std::vector<TrackedLink> links;         // empty without tracking
  std::vector<LinkSpan> spans;            // for ParseOptions::links
  std::optional<std::size_t> pixel_at;    // for ParseOptions::pixel_at; nothing without tracking
  std::vector<TemplateError> refused;     // javascript: and its like; merge tags in the scheme or host of an address
  std::vector<TemplateWarning> warnings;  // links that lead nowhere
};

// Never fails as a whole: whoever saves a template refuses it if anything is in `refused`.
// Addresses that come whole from campaign.*, sender.*, variables.* or journey.* are allowed, and checked at each render;
// contact.* and event.* are written by strangers and may fill only what stands behind the host.
FoundLinks find_links(std::string_view html, bool tracking);

}  // namespace postrider::content
