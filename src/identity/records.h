// Rows of the identity tables as what they mean, and the few small things that all of identity's rooms share.
#pragma once

#include "postrider/identity/identity.h"

namespace postrider::identity {

inline constexpr std::size_t shortest_password = 10;
inline constexpr std::size_t longest_password = 1000;

User read_user(db::Row row);
Tenant read_tenant(db::Row row);
ApiKey read_api_key(db::Row row);
// For the audit.
boost::json::object shown(User const& user);

std::string lower(std::string text);
std::string slug_of(std::string_view text);
bool looks_like_email(std::string_view text);
// base64url of so many random bytes.
std::string random_text(Random& random, std::size_t bytes);
std::string hash_of(std::string_view secret);
// Nothing when the password may be used for this address.
std::optional<FieldError> password_mistake(Secret const& password, std::string_view email, std::string_view pointer);
Error not_logged_in();

}  // namespace postrider::identity
