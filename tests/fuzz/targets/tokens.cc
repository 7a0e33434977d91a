// Tokens of addresses in mail: nobody makes one but us, and each has one spelling.
#include "fuzz/target.h"
#include "postrider/crypto/encoding.h"
#include "postrider/crypto/tokens.h"

namespace postrider::fuzz {

void feed(std::string_view bytes) {
  static auto const keys = crypto::Keys::from_secrets({Secret("7f0c2a9e5b8d4163a0e7c5f19b3d8264"), Secret("e41b6d0f92c8a7357de05b1c48f9a263")});
  static crypto::Tokens const tokens(*keys);
  require(!tokens.open(bytes) && !tokens.click(bytes) && !tokens.unsubscribe(bytes) && !tokens.preferences(bytes) && !tokens.confirm(bytes) && !tokens.view(bytes) &&
              !tokens.sender(bytes) && !tokens.bounced_message(bytes),
          "nobody else makes a token");
  for (auto const& [text, back] : {std::pair(crypto::from_base64(bytes), &crypto::base64), std::pair(crypto::from_base64url(bytes), &crypto::base64url)})
    require(!text || back(*text) == bytes, "bytes have one spelling");
  require(*crypto::from_base64url(crypto::base64url(bytes)) == bytes && *crypto::from_base32(crypto::base32(bytes)) == bytes && *crypto::from_hex(crypto::hex(bytes)) == bytes,
          "what was spelled is read the same");
  // A good token, changed in one place.
  auto rest = bytes;
  Uuid tenant;
  for (auto& byte : tenant.bytes) byte = take_byte(rest);
  crypto::UnsubscribeToken const token{.tenant = TenantId(tenant), .message = {}, .contact = {}};
  auto text = tokens.encode(token);
  require(tokens.unsubscribe(text) == token, "a token is read the same");
  require(!tokens.open(text) && !tokens.preferences(text) && !tokens.view(text), "a token is good for one purpose");
  auto const at = (take_byte(rest) * std::size_t(256) + take_byte(rest)) % text.size();
  auto const other = static_cast<char>(take_byte(rest));
  if (text[at] == other) return;
  text[at] = other;
  require(!tokens.unsubscribe(text), "a changed token is none");
}

std::vector<Pattern> patterns() { return {{"", "A"}, {"", "AAAA", "="}, {"b+", "a"}, {"", "\xff"}}; }

}  // namespace postrider::fuzz
