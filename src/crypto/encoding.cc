#include "postrider/crypto/encoding.h"

#include <array>
#include <cstdint>

namespace postrider::crypto {
namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kBase64Url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr char kBase32[] = "abcdefghijklmnopqrstuvwxyz234567";
constexpr char kHex[] = "0123456789abcdef";

using Table = std::array<std::int8_t, 256>;

constexpr Table table_of(char const* alphabet, int size, bool either_case) {
  Table table{};
  for (auto& entry : table) entry = -1;
  for (int i = 0; i < size; ++i) {
    auto const c = static_cast<unsigned char>(alphabet[i]);
    table[c] = static_cast<std::int8_t>(i);
    if (either_case && c >= 'a' && c <= 'z') table[c - 'a' + 'A'] = static_cast<std::int8_t>(i);
  }
  return table;
}

constexpr Table kFromBase64 = table_of(kBase64, 64, false);
constexpr Table kFromBase64Url = table_of(kBase64Url, 64, false);
constexpr Table kFromBase32 = table_of(kBase32, 32, true);
constexpr Table kFromHex = table_of(kHex, 16, true);

template <int bits>
std::string encode(std::string_view bytes, char const* alphabet) {
  std::string text;
  text.reserve((bytes.size() * 8 + bits - 1) / bits + 3);
  std::uint32_t held = 0;
  int have = 0;
  for (auto const c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    have += 8;
    while (have >= bits) {
      have -= bits;
      text += alphabet[held >> have & ((1U << bits) - 1)];
    }
  }
  if (have > 0) text += alphabet[held << (bits - have) & ((1U << bits) - 1)];
  return text;
}

template <int bits>
std::optional<std::string> decode(std::string_view text, Table const& table) {
  std::string bytes;
  bytes.reserve(text.size() * bits / 8);
  std::uint32_t held = 0;
  int have = 0;
  for (auto const c : text) {
    auto const value = table[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    held = held << bits | static_cast<std::uint32_t>(value);
    have += bits;
    if (have >= 8) {
      have -= 8;
      bytes += static_cast<char>(held >> have & 0xFF);
    }
  }
  if (have >= bits || (held & ((1U << have) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::string base64(std::string_view bytes) {
  auto text = encode<6>(bytes, kBase64);
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return decode<6>(text, kFromBase64);
}

std::string base64url(std::string_view bytes) { return encode<6>(bytes, kBase64Url); }

std::optional<std::string> from_base64url(std::string_view text) { return decode<6>(text, kFromBase64Url); }

std::string hex(std::string_view bytes) { return encode<4>(bytes, kHex); }

std::optional<std::string> from_hex(std::string_view text) { return decode<4>(text, kFromHex); }

std::string base32(std::string_view bytes) { return encode<5>(bytes, kBase32); }

std::optional<std::string> from_base32(std::string_view text) { return decode<5>(text, kFromBase32); }

}  // namespace postrider::crypto
