// UTF-8 as Liquid counts it: in code points. Bytes that are no UTF-8 count as one character each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::content {

std::size_t count_characters(std::string_view text);
// Byte offset of the n-th character; the size when there are fewer.
std::size_t offset_of_character(std::string_view text, std::size_t n);
// Decodes the character at `at` and moves `at` behind it.
char32_t next_character(std::string_view text, std::size_t& at);
void append_character(std::string& out, char32_t character);

// Unicode's simple case mappings (and the sharp s).
std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string capitalized(std::string_view text);

inline bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
std::string_view strip_left(std::string_view text);
std::string_view strip_right(std::string_view text);
inline std::string_view strip(std::string_view text) { return strip_left(strip_right(text)); }

}  // namespace postrider::content
