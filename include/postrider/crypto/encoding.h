// Bytes as text: base64, base64url, hexadecimal and base32. Bytes travel as std::string / std::string_view.
// Decoders are strict: foreign characters, wrong padding and non-zero spare bits are refused, so that every byte string
// has exactly one text and a changed text never decodes to the same bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::crypto {

// RFC 4648 section 4, padded.
std::string base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

// RFC 4648 section 5, never padded: for tokens and cursors.
std::string base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

// Lower case out; either case in.
std::string hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);

// RFC 4648 section 6 in lower case, never padded; either case in: for local parts of addresses, whose case gets lost.
std::string base32(std::string_view bytes);
std::optional<std::string> from_base32(std::string_view text);

}  // namespace postrider::crypto
