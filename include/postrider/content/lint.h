// What a good colleague would say about a template before it is sent. Never refuses anything; see compiled_template.h.
#pragma once

#include "postrider/content/tracking.h"

namespace postrider::content {

struct TemplateSource;
struct CompiledTemplate;

// Codes: missing_unsubscribe, unknown_variable, no_default, too_large (over 102 KB of HTML, where Gmail cuts), broken_link, insecure_link,
// missing_plain_text, missing_html, missing_text (sms), missing_subject, missing_alt, unquoted_output, active_content, ignored_part.
std::vector<TemplateWarning> lint_template(TemplateSource const& source, CompiledTemplate const& compiled);

}  // namespace postrider::content
