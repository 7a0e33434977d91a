#include "support/mail_reader.h"

#include "postrider/crypto/encoding.h"

#include <algorithm>
#include <regex>

namespace postrider::test {
namespace {

bool equal_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string unquote_printable(std::string_view text, std::vector<std::string>& problems) {
  std::string out;
  while (!text.empty()) {
    auto const end = text.find("\r\n");
    auto line = text.substr(0, end);
    if (line.size() > 76) problems.push_back("a quoted-printable line of " + std::to_string(line.size()));
    if (!line.empty() && (line.back() == ' ' || line.back() == '\t')) problems.push_back("a quoted-printable line ends with a blank");
    if (line.starts_with("From ")) problems.push_back("a line begins with From");
    auto soft = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
      auto const c = static_cast<unsigned char>(line[i]);
      if (c == '=') {
        if (i + 1 == line.size()) {
          soft = true;
          break;
        }
        auto const byte = crypto::from_hex(line.substr(i + 1, 2));
        if (!byte || byte->size() != 1) {
          problems.push_back("a bad = in quoted-printable");
          return out;
        }
        out += *byte;
        i += 2;
      } else {
        if (c != '\t' && (c < 0x20 || c > 0x7E)) problems.push_back("a raw byte in quoted-printable");
        out += static_cast<char>(c);
      }
    }
    if (end == std::string_view::npos) break;
    if (!soft) out += "\r\n";
    text.remove_prefix(end + 2);
  }
  return out;
}

using RawHeaders = std::vector<std::pair<std::string, std::string>>;

RawHeaders split_headers(std::string_view& bytes, std::vector<std::string>& problems) {
  RawHeaders headers;
  while (true) {
    auto const end = bytes.find("\r\n");
    if (end == std::string_view::npos) {
      problems.push_back("the headers do not end");
      return headers;
    }
    auto const line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    if (line.empty()) return headers;
    if (line.front() == ' ' || line.front() == '\t') {
      if (line.find_first_not_of(" \t") == std::string_view::npos) problems.push_back("a folded line of blanks only");
      if (headers.empty()) {
        problems.push_back("a fold before any header");
      } else {
        headers.back().second += line;
      }
      continue;
    }
    auto const colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      problems.push_back("a header line without a name");
      continue;
    }
    for (unsigned char const c : line.substr(0, colon)) {
      if (c <= 0x20 || c >= 0x7F) problems.push_back("a bad character in a header name");
    }
    auto value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    headers.emplace_back(std::string(line.substr(0, colon)), std::string(value));
  }
}

std::string find(RawHeaders const& headers, std::string_view name) {
  for (auto const& [key, value] : headers) {
    if (equal_name(key, name)) return value;
  }
  return {};
}

void read_part(std::string_view bytes, RawHeaders const& headers, ReadMail& mail) {
  auto const type = find(headers, "Content-Type");
  if (!type.ends_with("; charset=utf-8")) mail.problems.push_back("a part without charset");
  if (find(headers, "Content-Transfer-Encoding") != "quoted-printable") mail.problems.push_back("an unexpected transfer encoding");
  mail.parts.push_back({type.substr(0, type.find(';')), unquote_printable(bytes, mail.problems)});
}

}  // namespace

int ReadMail::count(std::string_view name) const {
  return static_cast<int>(std::count_if(headers.begin(), headers.end(), [&](auto const& header) { return equal_name(header.first, name); }));
}

std::string ReadMail::header(std::string_view name) const { return find(headers, name); }

std::string decode_words(std::string_view value, std::vector<std::string>& problems) {
  static std::regex const word(R"(=\?([^? ]+)\?([QB])\?([^? ]*)\?=)");
  std::string out;
  std::string const text(value);
  auto at = text.cbegin();
  bool after_word = false;
  for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it) {
    auto const& match = *it;
    std::string const between(at, match[0].first);
    if (!(after_word && between.find_first_not_of(' ') == std::string::npos)) out += between;
    if (match.length(0) > 75) problems.push_back("an encoded word of " + std::to_string(match.length(0)));
    if (match.str(1) != "UTF-8") problems.push_back("an encoded word in another charset");
    std::string bytes;
    if (match.str(2) == "B") {
      auto const decoded = crypto::from_base64(match.str(3));
      if (!decoded) problems.push_back("an encoded word with bad base64");
      bytes = decoded.value_or("");
    } else {
      auto const inner = match.str(3);
      for (std::size_t i = 0; i < inner.size(); ++i) {
        if (inner[i] == '_') {
          bytes += ' ';
        } else if (inner[i] == '=') {
          bytes += crypto::from_hex(inner.substr(i + 1, 2)).value_or("?");
          i += 2;
        } else {
          bytes += inner[i];
        }
      }
    }
    // Whole characters only: the first byte begins one, and the last character is complete.
    if (!bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0xC0) == 0x80) problems.push_back("an encoded word begins within a character");
    std::size_t tail = 0;
    while (tail < bytes.size() && tail < 3 && (static_cast<unsigned char>(bytes[bytes.size() - 1 - tail]) & 0xC0) == 0x80) ++tail;
    if (!bytes.empty()) {
      auto const lead = static_cast<unsigned char>(bytes[bytes.size() - 1 - tail]);
      std::size_t const need = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
      if (need != tail) problems.push_back("an encoded word ends within a character");
    }
    out += bytes;
    at = match[0].second;
    after_word = true;
  }
  out += std::string(at, text.cend());
  return out;
}

std::string display_name(std::string_view raw_value, std::vector<std::string>& problems) {
  auto const angle = raw_value.rfind('<');
  if (angle == std::string_view::npos) return {};
  auto name = raw_value.substr(0, angle);
  while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
  while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
  if (!name.starts_with('"')) {
    if (name.find_first_of("\"<>@,;:()[]\\.") != std::string_view::npos) problems.push_back("a display name with specials outside quotes");
    return decode_words(name, problems);
  }
  std::string out;
  for (std::size_t i = 1; i + 1 < name.size(); ++i) {
    if (name[i] == '\\') ++i;
    out += name[i];
  }
  return out;
}

ReadMail read_mail(std::string_view bytes) {
  ReadMail mail;
  if (!bytes.ends_with("\r\n")) mail.problems.push_back("the message does not end with CRLF");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto const c = static_cast<unsigned char>(bytes[i]);
    if (c == '\n' && (i == 0 || bytes[i - 1] != '\r')) mail.problems.push_back("a bare LF");
    if (c == '\r' && (i + 1 == bytes.size() || bytes[i + 1] != '\n')) mail.problems.push_back("a bare CR");
    if (c == 0 || c > 0x7E) mail.problems.push_back("a byte outside ASCII");
    if (c == '.' && (i == 0 || bytes[i - 1] == '\n')) mail.problems.push_back("a line begins with a dot");
  }
  for (auto rest = bytes; !rest.empty();) {
    auto const end = std::min(rest.find("\r\n"), rest.size());
    if (end > 998) mail.problems.push_back("a line of " + std::to_string(end));
    if (rest.substr(0, end).find("=?UTF-8?") != std::string_view::npos && rest.substr(0, end).find("?=") != std::string_view::npos && end > 76) {
      mail.problems.push_back("a line with an encoded word of " + std::to_string(end));
    }
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  auto rest = bytes;
  auto const raw = split_headers(rest, mail.problems);
  for (auto const& [name, value] : raw) mail.headers.emplace_back(name, decode_words(value, mail.problems));
  for (auto const* name : {"Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"}) {
    if (mail.count(name) != 1) mail.problems.push_back(std::string(name) + " occurs " + std::to_string(mail.count(name)) + " times");
  }
  for (auto const* name : {"Bcc", "Cc", "Sender", "Return-Path"}) {
    if (mail.count(name) != 0) mail.problems.push_back(std::string(name) + " occurs");
  }
  auto const type = find(raw, "Content-Type");
  static std::regex const multipart("multipart/alternative; boundary=\"([^\"]{1,70})\"");
  std::smatch match;
  if (!std::regex_match(type, match, multipart)) {
    read_part(rest, raw, mail);
    return mail;
  }
  auto const boundary = "--" + match.str(1);
  if (!rest.starts_with(boundary + "\r\n")) {
    mail.problems.push_back("the first boundary is missing");
    return mail;
  }
  rest.remove_prefix(boundary.size() + 2);
  while (true) {
    auto const end = rest.find("\r\n" + boundary);
    if (end == std::string_view::npos) {
      mail.problems.push_back("the last boundary is missing");
      return mail;
    }
    auto part = rest.substr(0, end + 2);
    auto const headers = split_headers(part, mail.problems);
    read_part(part, headers, mail);
    rest.remove_prefix(end + 2 + boundary.size());
    if (rest == "--\r\n") return mail;
    if (!rest.starts_with("\r\n")) {
      mail.problems.push_back("text after a boundary");
      return mail;
    }
    rest.remove_prefix(2);
  }
}

}  // namespace postrider::test
