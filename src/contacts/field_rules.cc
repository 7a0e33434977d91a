#include "postrider/contacts/field_rules.h"

#include <algorithm>
#include <cctype>

namespace postrider::contacts {

bool is_attribute_key(std::string_view key) {
  if (key.empty() || key.size() > 64) return false;
  return std::ranges::all_of(key, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_tag(std::string_view tag) { return !tag.empty() && tag.size() <= longest_tag && tag.find_first_of("|,") == std::string_view::npos; }

}  // namespace postrider::contacts
