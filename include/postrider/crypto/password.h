// Passwords: argon2id (19 MiB, two passes). Each call takes some 50 ms of one core: callers run it through Offload.
#pragma once

#include <string>
#include <string_view>

namespace postrider::crypto {

// The hash in its own text form ("$argon2id$v=19$..."), with a fresh salt.
std::string hash_password(std::string_view password);
bool verify_password(std::string_view hash, std::string_view password);
// True when the hash was made with weaker settings than today's: hash again after the next good login.
bool needs_rehash(std::string_view hash);
// Takes as long as a real verification and always answers false: for unknown users, so that time tells nothing.
bool verify_dummy_password(std::string_view password);

}  // namespace postrider::crypto
