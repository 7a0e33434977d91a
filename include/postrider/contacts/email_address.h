// E-mail addresses as people write them, and the key under which they are one: local part folded to lower case, domain
// lower-cased in its A-label form (IDNA). The original is kept for sending.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::contacts {

struct EmailAddress {
  std::string original;
  std::string key;
};

// Trims; nothing when it is no address (RFC 5321 in practice: a dot-atom local part of at most 64 bytes, a domain with a dot).
std::optional<EmailAddress> parse_email(std::string_view text);

// "+491701234567": E.164, strictly.
bool is_phone(std::string_view text);
// Known to the system's IANA time zone database.
bool is_time_zone(std::string_view text);

}  // namespace postrider::contacts
