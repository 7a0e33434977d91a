// The encodings of mail: quoted-printable bodies and RFC 2047 words in headers. All input is taken for UTF-8 and mended
// where it is not; all output is printable ASCII with CRLF line ends.
#pragma once

#include <string>
#include <string_view>

namespace postrider::delivery {

bool is_valid_utf8(std::string_view text);
// Wrong bytes become U+FFFD.
std::string mend_utf8(std::string_view text);

// Appends `text` as quoted-printable: lines of at most 76 characters, every kind of line end becomes CRLF, ends with CRLF.
// No line begins with a dot or with "From ", none contains "=_".
void append_quoted_printable(std::string& out, std::string_view text);

// One line of free text: runs of control characters and line breaks become one blank, ends are trimmed, UTF-8 is mended.
std::string one_line(std::string_view text);

// Appends "Name: value" CRLF for free text (Subject): folded at 76, as encoded words where it is not plain ASCII.
// `value` has been through `one_line`.
void append_text_header(std::string& out, std::string_view name, std::string_view value);
// Appends "Name: " and the display name, address in angle brackets, CRLF. `display` has been through `one_line`.
void append_address_header(std::string& out, std::string_view name, std::string_view display, std::string_view address);

}  // namespace postrider::delivery
