#include "content/address.h"

#include "content/liquid/characters.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace postrider::content {

namespace {

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

CheckedAddress refused(std::string why) { return {.problem = std::move(why)}; }

void append_encoded(std::string& out, std::string_view rest) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  static constexpr std::string_view kAllowed = "-._~:/?@!$&'()*+,;=";
  bool in_fragment = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    char c = rest[i];
    bool escape = c == '%' && i + 2 < rest.size() && is_hex(rest[i + 1]) && is_hex(rest[i + 2]);
    bool fragment = c == '#' && !in_fragment;
    in_fragment |= fragment;
    if (is_alphanumeric(c) || escape || fragment || kAllowed.find(c) != std::string_view::npos) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

}  // namespace

std::string scheme_of(std::string_view text) {
  std::string scheme;
  for (char c : text) {
    if (c == ':') return scheme;
    if (!is_alphanumeric(c) && c != '+' && c != '-' && c != '.') return {};
    scheme += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return {};
}

CheckedAddress checked_address(std::string_view text) {
  text = strip(text);
  if (text.empty()) return refused("it is empty");
  if (text.size() > longest_address) return refused("it is longer than " + std::to_string(longest_address) + " characters");
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return refused("it holds a control character");
  }
  auto scheme = scheme_of(text);
  if (scheme.empty()) return refused("it does not begin with http:// or https://");
  if (scheme != "http" && scheme != "https") return refused("its scheme is " + scheme);
  auto rest = text.substr(scheme.size() + 1);
  if (!rest.starts_with("//")) return refused("// is missing behind the scheme");
  rest.remove_prefix(2);
  auto authority = rest.substr(0, rest.find_first_of("/?#\\"));
  rest.remove_prefix(authority.size());
  if (authority.empty() || authority.front() == ':') return refused("it has no host");
  for (char c : authority) {
    bool bracket = c == '[' || c == ']';
    if (static_cast<unsigned char>(c) >= 0x80) return refused("its host must be written in its xn-- form");
    if (c == '@') return refused("it names a user before the host");
    if (!is_alphanumeric(c) && c != '.' && c != '-' && c != '_' && c != ':' && !bracket) return refused("its host is malformed");
  }
  if (rest.starts_with('\\')) return refused("its host is malformed");
  CheckedAddress checked{.address = scheme + "://"};
  for (char c : authority) checked.address += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  append_encoded(checked.address, rest);
  auto parsed = boost::urls::parse_uri(checked.address);
  if (!parsed || parsed->host().empty()) return refused("it is no valid URL");
  return checked;
}

}  // namespace postrider::content
