// The escapes of HTML and URLs, both ways.
#pragma once

#include <string>
#include <string_view>

namespace postrider::content {

// & < > " ' become entities. Text without any of them is appended in one piece.
void append_escaped_html(std::string& out, std::string_view text);
// Numeric references and the named ones of HTML 4; anything else stays.
std::string unescaped_html(std::string_view text);

// application/x-www-form-urlencoded, as Ruby's CGI.escape: letters, digits and `_.-~` stay, a blank becomes `+`.
void append_url_encoded(std::string& out, std::string_view text);
std::string url_decoded(std::string_view text);

}  // namespace postrider::content
