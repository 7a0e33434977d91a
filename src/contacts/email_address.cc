#include "postrider/contacts/email_address.h"

#include <date/tz.h>
#include <idn2.h>

#include <algorithm>
#include <cctype>

namespace postrider::contacts {

namespace {

bool is_atom(unsigned char c) {
  return std::isalnum(c) || c >= 0x80 || std::string_view("!#$%&'*+-/=?^_`{|}~.").find(static_cast<char>(c)) != std::string_view::npos;
}

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::optional<std::string> ascii_domain(std::string const& domain) {
  if (std::ranges::all_of(domain, [](unsigned char c) { return c < 0x80; })) return lower(domain);
  if (domain.find('\0') != std::string::npos) return std::nullopt;  // libidn2 would read up to there
  char* out = nullptr;
  if (idn2_to_ascii_8z(domain.c_str(), &out, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK) return std::nullopt;
  std::string ascii = out;
  idn2_free(out);
  return ascii;
}

bool is_domain(std::string_view domain) {
  if (domain.size() > 253 || domain.find('.') == std::string_view::npos) return false;
  while (!domain.empty()) {
    auto const dot = std::min(domain.find('.'), domain.size());
    auto const label = domain.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(label, [](unsigned char c) { return std::isalnum(c) || c == '-'; })) return false;
    if (dot + 1 == domain.size()) return false;
    domain.remove_prefix(std::min(dot + 1, domain.size()));
  }
  return true;
}

}  // namespace

std::optional<EmailAddress> parse_email(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  auto const at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254) return std::nullopt;
  auto const local = text.substr(0, at);
  if (!std::ranges::all_of(local, [](char c) { return is_atom(static_cast<unsigned char>(c)); })) return std::nullopt;
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) return std::nullopt;
  auto const domain = ascii_domain(std::string(text.substr(at + 1)));
  if (!domain || !is_domain(*domain)) return std::nullopt;
  return EmailAddress{.original = std::string(text), .key = lower(std::string(local)) + "@" + *domain};
}

bool is_phone(std::string_view text) {
  if (text.size() < 8 || text.size() > 16 || text[0] != '+' || text[1] < '1' || text[1] > '9') return false;
  return std::ranges::all_of(text.substr(1), [](unsigned char c) { return std::isdigit(c); });
}

bool is_time_zone(std::string_view text) {
  if (text.empty() || text.size() > 60) return false;
  try {
    date::locate_zone(std::string(text));
    return true;
  } catch (std::exception const&) {
    return false;
  }
}

}  // namespace postrider::contacts
