// Encodings of files. UTF-8 and UTF-16 are known by their byte order mark; without one, the first record that is not ASCII decides
// between UTF-8 and Windows-1252 (which holds Latin-1), for the whole file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::contacts {

enum class Encoding { unknown, utf_8, utf_16le, utf_16be, windows_1252 };
std::string_view name(Encoding encoding);

bool is_ascii(std::string_view text);
bool is_utf8(std::string_view text);
std::string from_windows_1252(std::string_view text);

// Takes the mark off, and turns UTF-16 into UTF-8; all else passes as it is.
class TextDecoder {
 public:
  // What can be said so far; the rest stays for the next piece.
  std::string feed(std::string_view bytes);
  // The end: what is left over. A lone half of a character becomes U+FFFD.
  std::string finish();

  Encoding encoding() const { return encoding_; }
  // For records without a mark: settles the encoding at the first one that is not ASCII. False when it breaks what was settled.
  bool settle(std::string_view record);

 private:
  std::string decode_utf16(std::string_view bytes);

  Encoding encoding_ = Encoding::unknown;
  bool begun_ = false;
  std::string waiting_;
  unsigned high_ = 0;  // first half of a surrogate pair
};

}  // namespace postrider::contacts
