#include "identity/records.h"

#include "postrider/base/random.h"
#include "postrider/crypto/encoding.h"

#include <algorithm>
#include <cctype>
#include <span>

namespace postrider::identity {

User read_user(db::Row row) {
  return User{.id = row.id<UserId>(0),
              .tenant = row.id<TenantId>(1),
              .email = row.text(2),
              .name = row.text(3),
              .role = parse_role(row.view(4)).value_or(Role::viewer),
              .can_send = row.boolean(5),
              .disabled = row.boolean(6),
              .created_at = row.instant(7),
              .updated_at = row.instant(8)};
}

Tenant read_tenant(db::Row row) {
  return Tenant{.id = row.id<TenantId>(0),
                .name = row.text(1),
                .slug = row.text(2),
                .time_zone = row.text(3),
                .settings = TenantSettings::read(row.json(4).as_object()),
                .created_at = row.instant(5),
                .updated_at = row.instant(6)};
}

ApiKey read_api_key(db::Row row) {
  return ApiKey{.id = row.id<ApiKeyId>(0),
                .tenant = row.id<TenantId>(1),
                .name = row.text(2),
                .prefix = row.text(3),
                .role = parse_role(row.view(4)).value_or(Role::viewer),
                .can_send = row.boolean(5),
                .created_at = row.instant(6),
                .last_used_at = row.maybe_instant(7),
                .revoked_at = row.maybe_instant(8)};
}

boost::json::object shown(User const& user) {
  boost::json::object out;
  out["email"] = user.email;
  out["name"] = user.name;
  out["role"] = name(user.role);
  out["can_send"] = user.can_send;
  out["disabled"] = user.disabled;
  return out;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string slug_of(std::string_view text) {
  std::string slug;
  for (unsigned char const c : text) {
    if (std::isalnum(c)) slug += static_cast<char>(std::tolower(c));
    else if (!slug.empty() && slug.back() != '-') slug += '-';
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug.substr(0, 60);
}

bool looks_like_email(std::string_view text) {
  auto const at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.size() <= 254 && text.find_first_of(" \t\r\n<>") == std::string_view::npos;
}

std::string random_text(Random& random, std::size_t bytes) {
  std::string raw(bytes, '\0');
  random.fill(std::span(reinterpret_cast<std::uint8_t*>(raw.data()), raw.size()));
  return crypto::base64url(raw);
}

std::string hash_of(std::string_view secret) { return crypto::hex(crypto::sha256(secret)); }

Error not_logged_in() {
  return Error{.code = Code::unauthenticated, .message = "sign in, or send a valid API key as 'Authorization: Bearer KEY'"};
}

std::optional<FieldError> password_mistake(Secret const& password, std::string_view email, std::string_view pointer) {
  auto const& text = password.reveal();
  if (text.size() < shortest_password) return FieldError{std::string(pointer), "too_short", "must have at least " + std::to_string(shortest_password) + " characters"};
  if (text.size() > longest_password) return FieldError{std::string(pointer), "too_long", "must have at most " + std::to_string(longest_password) + " bytes"};
  auto const name = email.substr(0, email.find('@'));
  auto const spelled = lower(text);
  bool const repeats = std::ranges::all_of(text, [&text](char c) { return c == text.front(); });
  if (spelled == email || (name.size() >= 4 && spelled.starts_with(name) && text.size() < name.size() + 6) || repeats)
    return FieldError{std::string(pointer), "invalid_value", "is too easy to guess: do not make it of the e-mail address or of one character"};
  return std::nullopt;
}

}  // namespace postrider::identity
