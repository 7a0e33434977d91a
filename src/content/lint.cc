#include "postrider/content/lint.h"

#include "postrider/content/compiled_template.h"

#include "content/html_scanner.h"
#include "content/liquid/characters.h"
#include "content/place.h"

#include <algorithm>

namespace postrider::content {

namespace {

constexpr std::string_view kRoots[] = {"contact",         "campaign", "sender",  "message", "unsubscribe_url",
                                       "preferences_url", "view_url", "journey", "event",   "variables"};
constexpr std::size_t kGmailCut = 102 * 1024;

std::string_view root_of(std::string_view path) { return path.substr(0, path.find_first_of(".[")); }

// What a contact may well not have. A missing value fails the message, a null one prints a gap.
bool may_be_missing(std::string_view path) {
  return path == "contact.first_name" || path == "contact.last_name" || path == "contact.phone" ||
         path.starts_with("contact.attributes.") || path.starts_with("contact.lead.");
}

class Linter {
 public:
  Linter(TemplateSource const& source, CompiledTemplate const& compiled) : source_(source), compiled_(compiled) {}

  std::vector<TemplateWarning> run() {
    bool email = source_.channel == TemplateChannel::email;
    names("subject", compiled_.subject);
    if (compiled_.has_html) names("html", compiled_.html);
    if (compiled_.has_text && !compiled_.text_is_derived) names("text", compiled_.text);
    if (email) {
      parts();
      if (compiled_.has_html) markup();
    } else if (!source_.html_body.empty()) {
      warn("ignored_part", "only mails have an HTML body: this one is ignored");
    }
    if (source_.channel == TemplateChannel::sms && strip(source_.text_body).empty())
      warn("missing_text", "the message is empty: give it a text");
    return std::move(warnings_);
  }

 private:
  void warn(std::string_view code, std::string message, std::string_view part = {}, Place place = {}) {
    // A template full of the same mistake needs no thousand lines about it.
    if (std::count_if(warnings_.begin(), warnings_.end(), [&](auto const& w) { return w.code == code; }) >= 50) return;
    warnings_.push_back(
        {.code = std::string(code), .message = std::move(message), .line = place.line, .column = place.column, .part = std::string(part)});
  }

  void names(std::string_view part, Program const& program) {
    for (auto const& use : variables(program)) {
      auto root = root_of(use.path);
      Place place{use.line, use.column};
      leaves_ |= root == "unsubscribe_url" || root == "preferences_url";
      bool known = std::find(std::begin(kRoots), std::end(kRoots), root) != std::end(kRoots);
      if (!known) {
        warn("unknown_variable",
             "there is no " + use.path + ": names begin with contact, campaign, sender, message, journey, event or variables", part, place);
      } else if (root == "message" && use.path != "message.id") {
        warn("unknown_variable", "a message has no " + use.path + ", only message.id", part, place);
      } else if (use.path == "contact" || use.path == "campaign" || use.path == "sender") {
        if (!use.has_default)
          warn("unknown_variable", use.path + " is a whole object: name one of its fields, such as " + use.path + ".name", part, place);
      } else if (may_be_missing(use.path) && !use.has_default) {
        warn("no_default", "a contact without " + use.path + " would not get this message: add | default: \"...\"", part, place);
      }
    }
  }

  void parts() {
    if (strip(source_.subject).empty()) warn("missing_subject", "the mail has no subject", "subject");
    if (!compiled_.has_html && !compiled_.has_text) warn("missing_html", "the mail has no body", "html");
    if (compiled_.has_html && source_.text_body.empty()) {
      warn("missing_plain_text",
           compiled_.text_is_derived ? "there is no plain text: it is made from the HTML"
                                     : "there is no plain text, and none can be made from this HTML",
           "text");
    }
    if (!leaves_)
      warn("missing_unsubscribe", "there is no way out: link {{ unsubscribe_url }} or {{ preferences_url }}",
           compiled_.has_html ? "html" : "text");
    if (source_.html_body.size() > kGmailCut) {
      warn("too_large", "the HTML has " + std::to_string(source_.html_body.size() / 1024) + " KB: Gmail shows only the first 102", "html");
    }
  }

  void markup() {
    auto const& html = source_.html_body;
    auto scanned = scan_html(html);
    Places places(html);
    for (auto const& event : scanned.events) {
      if (event.is != HtmlEvent::Is::open) continue;
      auto place = places.of(event.begin);
      if (event.name == "img" && !event.attribute("alt"))
        warn("missing_alt", "this image has no alt text, which many readers see instead of it", "html", place);
      static constexpr std::string_view kActive[] = {"script", "iframe", "object", "embed", "form", "applet"};
      if (std::find(std::begin(kActive), std::end(kActive), event.name) != std::end(kActive)) {
        warn("active_content", "mail programs remove <" + event.name + ">", "html", place);
      }
      bool unquoted = event.loose_output;
      for (auto const& attribute : event.attributes) {
        if (attribute.name.starts_with("on") && attribute.name.size() > 3 && attribute.has_value) {
          warn("active_content", "mail programs remove " + attribute.name, "html", place);
        }
        if (attribute.quoted || !attribute.has_value || (event.name == "a" && attribute.name == "href")) continue;
        for (auto const& span : spans_within(scanned.spans, attribute.value_begin, attribute.value_end))
          unquoted |= span.is == TemplateSpan::Is::output;
      }
      if (unquoted)
        warn("unquoted_output", "put quotes around this attribute's value: without them, data can add attributes of its own", "html",
             place);
    }
  }

  TemplateSource const& source_;
  CompiledTemplate const& compiled_;
  bool leaves_ = false;
  std::vector<TemplateWarning> warnings_;
};

}  // namespace

std::vector<TemplateWarning> lint_template(TemplateSource const& source, CompiledTemplate const& compiled) {
  return Linter(source, compiled).run();
}

}  // namespace postrider::content
