// A template version made ready: parsed, its links found, its text part derived. Preview and sending render it with the one
// function below, so that what was looked at is what goes out. Immutable; cheap to keep in a cache and to share.
#pragma once

#include "postrider/content/lint.h"
#include "postrider/content/liquid.h"
#include "postrider/content/tracking.h"

#include <string>
#include <vector>

namespace postrider::content {

enum class TemplateChannel { email, sms, push };

struct TemplateSource {
  TemplateChannel channel = TemplateChannel::email;
  std::string subject = {};    // email; push: the title
  std::string html_body = {};  // email only
  std::string text_body = {};  // email: derived from the HTML when empty
  bool tracking = true;        // opens and clicks
};

struct CompiledTemplate {
  TemplateChannel channel = TemplateChannel::email;
  Program subject;
  Program html;
  Program text;
  bool has_html = false;
  bool has_text = false;
  bool text_is_derived = false;
  std::vector<TrackedLink> links;
  std::vector<VariableUse> variables;  // of all parts, each path once
  std::vector<TemplateWarning> warnings;
};

// Fails with invalid: a field error for each part that is no Liquid or holds a refused link (/subject, /html_body,
// /text_body), with line and column in the message and the fault's name as code.
Result<CompiledTemplate> compile_template(TemplateSource const& source);

struct TemplateRenderOptions {
  Clock const& clock;
  bool strict_variables = true;
  std::string_view time_zone = "UTC";
  LinkWriter* links = nullptr;  // sending: writes the tracked addresses. Preview: none, the targets stand as they are
  RenderBudgets budgets = {};   // of each part
};

struct Rendered {
  std::string subject;  // one line, never escaped
  std::string html;     // every output escaped
  std::string text;     // never escaped
};

// Fails with the faults of render_liquid; `source` of the error names the part. `aborted` means: skip this message, for the
// reason in `message`. Any other: do not send, the template or its data is wrong.
TemplateResult<Rendered> render_template(CompiledTemplate const& compiled, RenderContext const& context,
                                         TemplateRenderOptions const& options);

// Where link `number` of a message leads, found by rendering its HTML again: for redirects of links with merge tags.
// Nothing when the message has no such link. Links with a fixed address need no rendering: CompiledTemplate::links knows it.
TemplateResult<std::optional<std::string>> link_target(CompiledTemplate const& compiled, std::uint32_t number, RenderContext const& context,
                                                       TemplateRenderOptions const& options);

}  // namespace postrider::content
