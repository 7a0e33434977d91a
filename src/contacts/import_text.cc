#include "contacts/import_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace postrider::contacts {

namespace {

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

constexpr std::uint32_t unknown_character = 0xFFFD;

// 0x80 to 0x9F; the five that mean nothing become U+FFFD.
constexpr std::array<std::uint16_t, 32> windows_upper{0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
                                                      0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                                                      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};

}  // namespace

std::string_view name(Encoding encoding) {
  switch (encoding) {
    case Encoding::utf_16le: return "utf-16le";
    case Encoding::utf_16be: return "utf-16be";
    case Encoding::windows_1252: return "windows-1252";
    case Encoding::unknown:
    case Encoding::utf_8: return "utf-8";
  }
  return "utf-8";
}

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c >= 0x80; });
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    auto const c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      ++i;
      continue;
    }
    std::size_t const length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0xC2 || c > 0xF4 || i + length > text.size()) return false;
    std::uint32_t value = c & (0xFF >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      auto const next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      value = (value << 6) | (next & 0x3F);
    }
    if ((length == 3 && value < 0x800) || (length == 4 && (value < 0x10000 || value > 0x10FFFF)) || (value >= 0xD800 && value < 0xE000)) return false;
    i += length;
  }
  return true;
}

std::string from_windows_1252(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (unsigned char const c : text) {
    if (c < 0x80) out += static_cast<char>(c);
    else append_utf8(out, c < 0xA0 ? windows_upper[c - 0x80U] : c);
  }
  return out;
}

std::string TextDecoder::feed(std::string_view bytes) {
  std::string joined;
  if (!waiting_.empty()) {
    joined = std::move(waiting_);
    waiting_.clear();
    joined += bytes;
    bytes = joined;
  }
  if (!begun_) {
    constexpr std::string_view mark_8 = "\xef\xbb\xbf";
    if (bytes.size() < 3) {
      waiting_ = bytes;
      return {};
    }
    begun_ = true;
    if (bytes.starts_with(mark_8)) {
      encoding_ = Encoding::utf_8;
      bytes.remove_prefix(3);
    } else if (bytes.starts_with("\xff\xfe")) {
      encoding_ = Encoding::utf_16le;
      bytes.remove_prefix(2);
    } else if (bytes.starts_with("\xfe\xff")) {
      encoding_ = Encoding::utf_16be;
      bytes.remove_prefix(2);
    }
  }
  if (encoding_ == Encoding::utf_16le || encoding_ == Encoding::utf_16be) return decode_utf16(bytes);
  return std::string(bytes);
}

std::string TextDecoder::decode_utf16(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  std::size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2) {
    auto const first = static_cast<unsigned char>(bytes[i]);
    auto const second = static_cast<unsigned char>(bytes[i + 1]);
    unsigned const unit = encoding_ == Encoding::utf_16le ? first | (second << 8U) : second | (first << 8U);
    bool const low = unit >= 0xDC00 && unit < 0xE000;
    if (high_ != 0) {
      append_utf8(out, low ? 0x10000 + ((high_ - 0xD800) << 10U) + (unit - 0xDC00) : unknown_character);
      high_ = 0;
      if (low) continue;
    }
    if (unit >= 0xD800 && unit < 0xDC00) high_ = unit;
    else append_utf8(out, low ? unknown_character : unit);
  }
  waiting_ = bytes.substr(i);
  return out;
}

std::string TextDecoder::finish() {
  std::string out;
  if (!begun_) {
    begun_ = true;
    if (waiting_ == "\xff\xfe" || waiting_ == "\xfe\xff") return {};
    return std::move(waiting_);
  }
  if (high_ != 0 || !waiting_.empty()) append_utf8(out, unknown_character);
  high_ = 0;
  waiting_.clear();
  return out;
}

bool TextDecoder::settle(std::string_view record) {
  if (is_ascii(record)) return true;
  if (encoding_ == Encoding::windows_1252) return true;
  bool const good = is_utf8(record);
  if (encoding_ == Encoding::unknown) {
    encoding_ = good ? Encoding::utf_8 : Encoding::windows_1252;
    return true;
  }
  return good;
}

}  // namespace postrider::contacts
