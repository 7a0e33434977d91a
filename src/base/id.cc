#include "postrider/base/id.h"

#include "postrider/base/clock.h"
#include "postrider/base/random.h"

#include <openssl/sha.h>

#include <algorithm>

namespace postrider {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void stamp_version(Uuid& uuid, std::uint8_t version) {
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | (version << 4));
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
}

}  // namespace

std::string Uuid::str() const {
  std::string text(36, '-');
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
    text[at++] = hex_digits[bytes[i] >> 4];
    text[at++] = hex_digits[bytes[i] & 15];
  }
  return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid uuid;
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      if (text[at] != '-') return std::nullopt;
      ++at;
    }
    int const high = hex_value(text[at]);
    int const low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    uuid.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  return uuid;
}

Uuid UuidV7Ids::next() {
  auto const now = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now().time_since_epoch()).count();
  auto millis = std::max<std::uint64_t>(static_cast<std::uint64_t>(std::max<std::int64_t>(now, 0)), last_millis_);
  // rand_a (12 bits) and the top of rand_b count within a millisecond (RFC 9562, 6.2 method 1), so ids keep their order.
  if (millis == last_millis_) {
    if (++sequence_ >= (1U << 26)) {
      ++millis;
      sequence_ = 0;
    }
  } else {
    sequence_ = static_cast<std::uint32_t>(random_.next() & 0xffffU);
  }
  last_millis_ = millis;

  Uuid uuid;
  for (int i = 0; i < 6; ++i) uuid.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
  uuid.bytes[6] = static_cast<std::uint8_t>(sequence_ >> 22 & 0x0f);
  uuid.bytes[7] = static_cast<std::uint8_t>(sequence_ >> 14);
  uuid.bytes[8] = static_cast<std::uint8_t>(sequence_ >> 8 & 0x3f);
  uuid.bytes[9] = static_cast<std::uint8_t>(sequence_);
  auto const noise = random_.next();
  for (std::size_t i = 0; i < 6; ++i) uuid.bytes[10 + i] = static_cast<std::uint8_t>(noise >> (8 * i));
  stamp_version(uuid, 7);
  return uuid;
}

Uuid uuid_from_name(std::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<unsigned char const*>(text.data()), text.size(), digest);
  Uuid uuid;
  std::copy_n(digest, 16, uuid.bytes.begin());
  stamp_version(uuid, 8);
  return uuid;
}

}  // namespace postrider
