#include "mime_encoding.h"

#include "postrider/crypto/encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace postrider::delivery {
namespace {

constexpr std::size_t kLine = 76;
constexpr std::size_t kWord = 75;
constexpr char kHex[] = "0123456789ABCDEF";

// The length of the UTF-8 character that begins here, 0 when it is not one.
std::size_t utf8_length(std::string_view text) {
  auto const at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto const follows = [&](std::size_t i) { return (at(i) & 0xC0) == 0x80; };
  auto const lead = at(0);
  if (lead < 0x80) return text.empty() ? 0 : 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if ((lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F)) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if ((lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F)) return 0;
    return 4;
  }
  return 0;
}

// Eight ASCII bytes at a time: bodies are mostly that.
std::size_t ascii_prefix(std::string_view text) {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    if ((word & 0x8080808080808080ULL) != 0) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
  return i;
}

// 0: as it is. 1: line end. 2: blank (as it is unless it ends a line). 3: always encoded.
constexpr std::array<std::uint8_t, 256> quoted_printable_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t c = 0; c < 256; ++c) classes[c] = c >= 33 && c <= 126 && c != '=' ? 0 : 3;
  classes['\r'] = classes['\n'] = 1;
  classes[' '] = classes['\t'] = 2;
  return classes;
}
constexpr auto kClasses = quoted_printable_classes();

// What may stand unencoded in a Q word inside a display name (RFC 2047, section 5 rule 3); a subset of what a subject allows.
bool is_q_safe(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

bool is_plain(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7F; }) && value.find("=?") == std::string_view::npos;
}

// Appends encoded words; `column` is where the line stands. Each word holds whole characters only.
void append_words(std::string& out, std::size_t column, std::string_view text) {
  std::size_t q_size = 0;
  for (unsigned char const c : text) q_size += is_q_safe(c) || c == ' ' ? 1 : 3;
  auto const as_q = q_size * 2 <= (text.size() + 2) / 3 * 4 * 3;  // readable unless that costs more than half as much again
  constexpr std::size_t kFrame = 12;  // =?UTF-8?Q? and ?=
  bool first = true;
  while (!text.empty()) {
    if (!first || column + kFrame + 16 > kLine) {
      out += "\r\n ";
      column = 1;
    }
    first = false;
    auto const room = std::min(kWord, kLine - column) - kFrame;
    std::size_t taken = 0;
    std::size_t used = 0;
    while (taken < text.size()) {
      auto const length = std::max<std::size_t>(utf8_length(text.substr(taken)), 1);
      std::size_t cost = 0;
      if (as_q) {
        for (std::size_t i = 0; i < length; ++i) {
          auto const c = static_cast<unsigned char>(text[taken + i]);
          cost += is_q_safe(c) || c == ' ' ? 1 : 3;
        }
        if (used + cost > room) break;
        used += cost;
      } else if ((taken + length + 2) / 3 * 4 > room) {
        break;
      }
      taken += length;
    }
    auto const piece = text.substr(0, taken);
    if (as_q) {
      out += "=?UTF-8?Q?";
      for (unsigned char const c : piece) {
        if (c == ' ') {
          out += '_';
        } else if (is_q_safe(c)) {
          out += static_cast<char>(c);
        } else {
          out += '=';
          out += kHex[c >> 4];
          out += kHex[c & 15];
        }
      }
    } else {
      out += "=?UTF-8?B?";
      out += crypto::base64(piece);
    }
    out += "?=";
    column = kLine;  // one word a line, so that every line with one stays within 76
    text.remove_prefix(taken);
  }
}

// Appends printable ASCII, broken before blanks. False when a piece is too long for that.
bool append_folded(std::string& out, std::size_t column, std::string_view text) {
  if (column + text.size() <= kLine) {
    out += text;
    return true;
  }
  std::string folded;
  while (!text.empty()) {
    // A piece is its leading blanks and the word after them.
    auto const word = text.find_first_not_of(' ');
    auto const end = std::min(text.find(' ', word), text.size());
    auto const piece = text.substr(0, end);
    if (piece.size() > kLine) return false;
    if (column + piece.size() > kLine) {
      // A fold keeps the blanks that follow it, so there must be one to begin the next line with.
      if (word == 0) return false;
      folded += "\r\n";
      column = 0;
    }
    folded += piece;
    column += piece.size();
    text.remove_prefix(end);
  }
  out += folded;
  return true;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  while (true) {
    text.remove_prefix(ascii_prefix(text));
    if (text.empty()) return true;
    auto const length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
}

std::string mend_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  while (!text.empty()) {
    if (auto const plain = ascii_prefix(text); plain > 0) {
      out += text.substr(0, plain);
      text.remove_prefix(plain);
      continue;
    }
    auto const length = utf8_length(text);
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

namespace {

// Printable ASCII and blanks, no "=": what a line may hold as it is. Written so that the compiler vectorises it.
bool is_clean(char const* text, std::size_t size) {
  unsigned bad = 0;
  for (std::size_t i = 0; i < size; ++i) {
    auto const c = static_cast<unsigned char>(text[i]);
    bad |= static_cast<unsigned>(c < 0x20) | static_cast<unsigned>(c > 0x7E) | static_cast<unsigned>(c == '=');
  }
  return bad == 0;
}

bool begins_badly(std::string_view line) { return line[0] == '.' || line.starts_with("From "); }

}  // namespace

void append_quoted_printable(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + text.size() / 8 + 64);
  std::size_t column = 0;
  std::size_t i = 0;
  std::size_t line_end = 0;  // of the line that i is in
  auto const soft_break = [&] {
    out += "=\r\n";
    column = 0;
  };
  auto const encoded = [&](unsigned char c) {
    if (column + 3 > kLine - 1) soft_break();
    char const triple[3] = {'=', kHex[c >> 4], kHex[c & 15]};
    out.append(triple, 3);
    column += 3;
  };
  while (i < text.size()) {
    if (i >= line_end) line_end = std::min(text.find('\n', i), text.size());
    if (column == 0) {
      // Whole lines, and whole pieces of long ones, are copied at once where nothing in them needs encoding.
      auto const carriage = line_end < text.size() && line_end > i && text[line_end - 1] == '\r' ? 1U : 0U;
      auto const length = line_end - i - carriage;
      auto const whole = length <= kLine;
      auto const piece = text.substr(i, whole ? length : kLine - 1);
      if (!piece.empty() && !begins_badly(piece) && is_clean(piece.data(), piece.size()) && !(whole && piece.back() == ' ')) {
        out += piece;
        i += piece.size();
        if (!whole) {
          out += "=\r\n";
        } else if (line_end < text.size()) {
          out += "\r\n";
          i = line_end + 1;
        } else {
          column = piece.size();
        }
        continue;
      }
    }
    auto const c = static_cast<unsigned char>(text[i]);
    switch (kClasses[c]) {
      case 0: {
        if (column == kLine - 1) soft_break();
        if (column == 0 && begins_badly(text.substr(i, 5))) {
          encoded(c);
          ++i;
          break;
        }
        // A run of plain characters and blanks is copied at once, but for blanks that may end the line.
        auto const most = std::min(text.size(), i + (kLine - 1 - column));
        auto end = i + 1;
        while (end < most && (kClasses[static_cast<unsigned char>(text[end])] == 0 || text[end] == ' ')) ++end;
        while (text[end - 1] == ' ') --end;
        out.append(text.data() + i, end - i);
        column += end - i;
        i = end;
        break;
      }
      case 1:
        i += c == '\r' && i + 1 < text.size() && text[i + 1] == '\n' ? 2 : 1;
        out += "\r\n";
        column = 0;
        break;
      case 2: {
        auto const ends_line = i + 1 == text.size() || text[i + 1] == '\r' || text[i + 1] == '\n';
        if (ends_line) {
          encoded(c);
        } else {
          if (column == kLine - 1) soft_break();
          out += static_cast<char>(c);
          ++column;
        }
        ++i;
        break;
      }
      default:
        encoded(c);
        ++i;
    }
  }
  if (column > 0) out += "\r\n";
}

std::string one_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += c;
    }
  }
  auto const begin = out.find_first_not_of(' ');
  if (begin == std::string::npos) return {};
  auto const end = out.find_last_not_of(' ');
  out = out.substr(begin, end - begin + 1);
  return is_valid_utf8(out) ? out : mend_utf8(out);
}

void append_text_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  auto const column = name.size() + 2;
  if (!is_plain(value) || !append_folded(out, column, value)) append_words(out, column, value);
  out += "\r\n";
}

void append_address_header(std::string& out, std::string_view name, std::string_view display, std::string_view address) {
  out += name;
  out += ": ";
  auto const begin = out.size() - name.size() - 2;
  if (display.empty()) {
    out += address;
    out += "\r\n";
    return;
  }
  auto const atoms = std::all_of(display.begin(), display.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == ' ' || c == '-' || c == '_' || c == '\'' || c == '+' || c == '!' || c == '&';
  });
  if (is_plain(display) && display.size() <= 60 && name.size() <= 10) {
    if (atoms && display.find("  ") == std::string_view::npos) {
      out += display;
    } else {
      out += '"';
      for (char const c : display) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
      }
      out += '"';
    }
  } else {
    append_words(out, name.size() + 2, display);
  }
  auto const line_begin = std::max(out.rfind('\n') + 1, begin);
  if (out.size() - line_begin + address.size() + 3 > kLine) out += "\r\n";
  out += " <";
  out += address;
  out += ">\r\n";
}

}  // namespace postrider::delivery
