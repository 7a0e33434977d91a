// The rules for a contact's own values, in one place: what the API refuses one by one, the import refuses by the million.
#pragma once

#include <cstddef>
#include <string_view>

namespace postrider::contacts {

inline constexpr std::size_t most_attributes = 200;
inline constexpr std::size_t largest_attributes = 64 * 1024;  // all of them, as JSON
inline constexpr std::size_t most_tags = 100;
inline constexpr std::size_t longest_tag = 64;
inline constexpr std::size_t longest_name = 200;
inline constexpr std::size_t longest_locale = 35;
inline constexpr std::size_t longest_external_id = 200;

// 1 to 64 letters, digits, dots, dashes or underscores.
bool is_attribute_key(std::string_view key);
// 1 to 64 bytes without "|" and comma, which separate tags.
bool is_tag(std::string_view tag);

}  // namespace postrider::contacts
