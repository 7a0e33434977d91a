#include "mail_address.h"

#include "mime_encoding.h"

#include <idn2.h>

#include <algorithm>
#include <memory>

namespace postrider::delivery {
namespace {

bool is_atom_character(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80 ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(static_cast<char>(c)) != std::string_view::npos;
}

bool is_dot_atom(std::string_view local) {
  if (local.empty() || local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) return false;
  return std::all_of(local.begin(), local.end(), [](unsigned char c) { return c == '.' || is_atom_character(c); });
}

// "a b" without its quotes; nothing when the quotes are not well formed.
bool unquote(std::string_view local, std::string& out) {
  if (local.size() < 2 || local.front() != '"' || local.back() != '"') return false;
  auto const inner = local.substr(1, local.size() - 2);
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '"') return false;
    if (inner[i] == '\\' && ++i == inner.size()) return false;
    out += inner[i];
  }
  return true;
}

bool is_plain_domain(std::string_view domain) {
  if (domain.empty() || domain.size() > 253) return false;
  std::size_t label = 0;
  char previous = '.';
  for (char const c : domain) {
    auto const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (c == '.') {
      if (label == 0 || previous == '-') return false;
      label = 0;
    } else if (letter || (c == '-' && label > 0)) {
      if (++label > 63) return false;
    } else {
      return false;
    }
    previous = c;
  }
  return label > 0 && previous != '-';
}

bool is_address_literal(std::string_view domain) {
  return domain.size() > 2 && domain.size() < 60 && domain.front() == '[' && domain.back() == ']' &&
         std::all_of(domain.begin() + 1, domain.end() - 1, [](unsigned char c) { return std::isxdigit(c) != 0 || c == '.' || c == ':' || c == 'I' || c == 'P' || c == 'v'; });
}

}  // namespace

Result<MailAddress> parse_mail_address(std::string_view text) {
  if (text.empty()) return invalid("the mail address is empty");
  if (text.size() > 1000) return invalid("the mail address is too long");
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
    return invalid("the mail address contains a control character or a line break");
  }
  if (!is_valid_utf8(text)) return invalid("the mail address is not valid UTF-8");
  // U+0080 to U+009F and U+2028, U+2029: line ends for some readers.
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    auto const two = text.substr(i, 2);
    auto const c1 = two[0] == '\xC2' && static_cast<unsigned char>(two[1]) < 0xA0;
    if (c1 || text.substr(i, 3) == "\xE2\x80\xA8" || text.substr(i, 3) == "\xE2\x80\xA9") return invalid("the mail address contains a line separator");
  }
  auto const at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return invalid("the mail address lacks an @ or one side of it");
  auto const local = text.substr(0, at);
  auto const domain = text.substr(at + 1);

  MailAddress address;
  if (is_dot_atom(local)) {
    address.local = local;
  } else {
    // What is quoted already keeps its meaning; anything else, such as two dots in a row, gets quotes.
    std::string plain;
    if (!unquote(local, plain)) {
      if (local.find_first_of("\"\\@ <>()[],;:") != std::string_view::npos) return invalid("the part before the @ contains a character that needs quotes");
      plain = local;
    }
    address.local = '"';
    for (char const c : plain) {
      if (c == '"' || c == '\\') address.local += '\\';
      address.local += c;
    }
    address.local += '"';
  }
  if (address.local.size() > 64) return invalid("the part before the @ is longer than 64 bytes");
  address.needs_smtputf8 = std::any_of(local.begin(), local.end(), [](unsigned char c) { return c >= 0x80; });

  if (is_plain_domain(domain) || is_address_literal(domain)) {
    address.domain = domain;
    return address;
  }
  // libidn2 drops what it does not like: only names with other letters go there, and nothing else in them.
  auto const foreign = std::any_of(domain.begin(), domain.end(), [](unsigned char c) { return c >= 0x80; });
  auto const clean = std::all_of(domain.begin(), domain.end(), [](unsigned char c) { return c >= 0x80 || c == '.' || c == '-' || std::isalnum(c) != 0; });
  if (!foreign || !clean) return invalid("the part after the @ is not a domain name");
  char* ascii = nullptr;
  auto const code = idn2_to_ascii_8z(std::string(domain).c_str(), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES);
  std::unique_ptr<char, decltype(&idn2_free)> const held(ascii, [](void* text_of) { idn2_free(text_of); });
  if (code != IDN2_OK || !is_plain_domain(ascii)) return invalid("the part after the @ is not a domain name");
  address.domain = ascii;
  return address;
}

}  // namespace postrider::delivery
