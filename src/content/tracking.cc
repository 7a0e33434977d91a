#include "postrider/content/tracking.h"

#include "content/address.h"
#include "content/escape.h"
#include "content/html_scanner.h"
#include "content/liquid/characters.h"
#include "content/liquid/program.h"
#include "content/place.h"

#include <algorithm>

namespace postrider::content {

namespace {

template <std::size_t n>
bool is_one_of(std::string_view word, std::string_view const (&words)[n]) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

constexpr std::string_view kSystemUrls[] = {"unsubscribe_url", "preferences_url", "view_url"};
constexpr std::string_view kTrustedRoots[] = {"campaign", "sender", "variables", "journey"};
constexpr std::string_view kDangerousSchemes[] = {"javascript", "data",  "vbscript", "file",       "blob",
                                                  "filesystem", "about", "jar",      "view-source"};

class LinkFinder {
 public:
  LinkFinder(std::string_view source, bool tracking)
      : source_(source), tracking_(tracking), scanned_(scan_html(source)), places_(source), parsed_(parse_liquid(source)) {}

  FoundLinks find() {
    std::optional<std::size_t> body_end, html_end;
    for (auto const& event : scanned_.events) {
      if (event.is == HtmlEvent::Is::close && event.name == "body") body_end = event.begin;
      if (event.is == HtmlEvent::Is::close && event.name == "html") html_end = event.begin;
      if (event.is != HtmlEvent::Is::open) continue;
      for (auto const& attribute : event.attributes) {
        bool link = attribute.name == "href" && (event.name == "a" || event.name == "area");
        if (link) {
          judge(event, attribute);
        } else if (attribute.name == "href" || attribute.name == "src" || attribute.name == "action" || attribute.name == "formaction" ||
                   attribute.name == "xlink:href") {
          refuse_script(attribute);
        }
      }
    }
    if (tracking_) found_.pixel_at = body_end ? *body_end : html_end ? *html_end : source_.size();
    return std::move(found_);
  }

 private:
  std::string_view written(HtmlAttribute const& attribute) const {
    return source_.substr(attribute.value_begin, attribute.value_end - attribute.value_begin);
  }

  void refuse(HtmlAttribute const& attribute, std::string message) {
    auto place = places_.of(attribute.value_begin);
    found_.refused.push_back({.fault = TemplateFault::link, .message = std::move(message), .line = place.line, .column = place.column});
  }

  void warn(HtmlAttribute const& attribute, std::string message) {
    auto place = places_.of(attribute.value_begin);
    found_.warnings.push_back(
        {.code = "broken_link", .message = std::move(message), .line = place.line, .column = place.column, .part = "html"});
  }

  void insecure(HtmlAttribute const& attribute) {
    auto place = places_.of(attribute.value_begin);
    found_.warnings.push_back({.code = "insecure_link",
                               .message = "this link is not encrypted: use https:// if the site has it",
                               .line = place.line,
                               .column = place.column,
                               .part = "html"});
  }

  // Browsers drop tabs and line breaks inside an address, and decode references before they look for the scheme.
  static std::string normalised(std::string_view text) {
    auto decoded = unescaped_html(text);
    std::erase_if(decoded, [](char c) { return c == '\t' || c == '\n' || c == '\r' || c == '\0'; });
    std::size_t begin = 0;
    while (begin < decoded.size() && static_cast<unsigned char>(decoded[begin]) <= 0x20) ++begin;
    return decoded.substr(begin);
  }

  void refuse_script(HtmlAttribute const& attribute) {
    auto spans = spans_within(scanned_.spans, attribute.value_begin, attribute.value_end);
    auto prefix_end = spans.empty() ? attribute.value_end : spans.front().begin;
    auto scheme = scheme_of(normalised(source_.substr(attribute.value_begin, prefix_end - attribute.value_begin)));
    if (scheme == "javascript" || scheme == "vbscript") refuse(attribute, "addresses with " + scheme + ": are not allowed");
  }

  // The name an output begins with: "campaign" of {{ campaign.url | strip }}.
  std::string_view root_of(TemplateSpan const& span) const {
    auto inner = source_.substr(span.begin + 2, span.end - span.begin - 4);
    if (inner.starts_with('-')) inner.remove_prefix(1);
    inner = strip_left(inner);
    std::size_t end = 0;
    while (end < inner.size() && (std::isalnum(static_cast<unsigned char>(inner[end])) || inner[end] == '_' || inner[end] == '-')) ++end;
    return inner.substr(0, end);
  }

  // A name the template gives a value to is nobody's but the template's: `{% for campaign in event.offers %}`.
  bool from_context(std::string_view root) const {
    if (!parsed_) return true;
    auto const& image = parsed_->image();
    auto known = image.symbol_of.find(root);
    return known == image.symbol_of.end() || image.symbols[known->second].local == none;
  }

  void judge(HtmlEvent const& event, HtmlAttribute const& attribute) {
    auto value = written(attribute);
    auto spans = spans_within(scanned_.spans, attribute.value_begin, attribute.value_end);
    std::erase_if(spans, [](TemplateSpan const& span) { return span.is == TemplateSpan::Is::dropped; });
    bool tracked = tracking_ && !event.attribute("data-no-track");
    if (spans.empty()) return judge_fixed(attribute, value, tracked);
    auto before = source_.substr(attribute.value_begin, spans.front().begin - attribute.value_begin);
    auto prefix = normalised(before);
    if (prefix.empty()) return judge_leading(attribute, spans.front(), tracked);
    if (prefix.starts_with('#')) return;
    auto scheme = scheme_of(prefix);
    if (is_one_of(scheme, kDangerousSchemes)) return refuse(attribute, "links with " + scheme + ": are not allowed");
    if (scheme == "http" || scheme == "https") {
      auto rest = std::string_view(prefix).substr(scheme.size() + 1);
      auto host_begin = rest.starts_with("//") ? std::size_t{2} : rest.size();
      auto host_end = rest.find_first_of("/?#", host_begin);
      if (host_end == std::string_view::npos) {
        return refuse(attribute, "no merge tag or other Liquid may stand in the host of a link: write the host out, up to the / behind it");
      }
      auto host = checked_address(scheme + ":" + std::string(rest.substr(0, host_end)));
      if (!host) return refuse(attribute, "this link leads nowhere: " + host.error());
      if (scheme == "http") insecure(attribute);
      return dynamic(attribute, tracked);
    }
    if (scheme.empty()) return refuse(attribute, "a link with merge tags must begin with https:// and a host that is written out");
  }

  // A value that begins with Liquid: an address the system or the sender made, or somebody else's.
  void judge_leading(HtmlAttribute const& attribute, TemplateSpan const& first, bool tracked) {
    if (first.is != TemplateSpan::Is::output) {
      return refuse(attribute, "a link must not begin with a tag: put the whole link inside if, case or for");
    }
    auto root = root_of(first);
    auto rest = strip(source_.substr(first.end, attribute.value_end - first.end));
    bool ends_host = rest.empty() || rest.front() == '/' || rest.front() == '?' || rest.front() == '#' || rest.front() == '&';
    if (is_one_of(root, kSystemUrls) && ends_host && from_context(root)) return;
    if (is_one_of(root, kTrustedRoots) && ends_host && from_context(root)) return dynamic(attribute, tracked);
    refuse(attribute,
           "the host of a link must be written out, or the whole address must come from campaign, sender, variables or journey; '" +
               std::string(root) + "' may only fill what stands behind the host");
  }

  void judge_fixed(HtmlAttribute const& attribute, std::string_view value, bool tracked) {
    auto address = normalised(value);
    if (address.empty()) return warn(attribute, "this link is empty: give it an address, or take it away");
    if (address.starts_with('#')) return;
    auto scheme = scheme_of(address);
    if (is_one_of(scheme, kDangerousSchemes)) return refuse(attribute, "links with " + scheme + ": are not allowed");
    if (scheme.empty()) {
      // A reference we do not decode could still become the colon of a scheme in a browser.
      auto head = std::string_view(address).substr(0, address.find('/'));
      if (head.find('&') != std::string_view::npos) return refuse(attribute, "this link hides its beginning in character references");
      return warn(attribute, "this link leads nowhere from a mail: it must begin with https:// and a host");
    }
    if (scheme != "http" && scheme != "https") return;
    auto checked = checked_address(address);
    if (!checked) return warn(attribute, "this link leads nowhere: " + checked.error());
    if (scheme == "http") insecure(attribute);
    if (!tracked) return;
    auto index = add(attribute, *checked);
    found_.spans.push_back({.begin = attribute.value_begin, .end = attribute.value_end, .index = index, .address = *checked});
  }

  void dynamic(HtmlAttribute const& attribute, bool tracked) {
    auto index = tracked ? add(attribute, std::nullopt) : 0;
    found_.spans.push_back({.begin = attribute.value_begin, .end = attribute.value_end, .index = index, .tracked = tracked});
  }

  std::uint32_t add(HtmlAttribute const& attribute, std::optional<std::string> address) {
    auto place = places_.of(attribute.value_begin);
    found_.links.push_back(
        {.target = std::string(written(attribute)), .address = std::move(address), .line = place.line, .column = place.column});
    return static_cast<std::uint32_t>(found_.links.size() - 1);
  }

  std::string_view source_;
  bool tracking_;
  ScannedHtml scanned_;
  Places places_;
  TemplateResult<Program> parsed_;
  FoundLinks found_;
};

}  // namespace

FoundLinks find_links(std::string_view html, bool tracking) { return LinkFinder(html, tracking).find(); }

}  // namespace postrider::content
