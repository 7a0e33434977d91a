#include "content/address.h"

#include "content/liquid/characters.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <array>

namespace postrider::content {

namespace {

constexpr bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

CheckedAddress refused(std::string why) { return {.problem = std::move(why)}; }

constexpr std::array<bool, 256> kAllowed = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0; c < 128; ++c) table[c] = is_alphanumeric(static_cast<char>(c));
  for (unsigned char c : std::string_view("-._~:/?@!$&'()*+,;=")) table[c] = true;
  return table;
}();

void append_encoded(std::string& out, std::string_view rest) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  bool in_fragment = false;
  std::size_t done = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    char c = rest[i];
    auto byte = static_cast<unsigned char>(c);
    if (kAllowed[byte]) continue;
    bool escape = c == '%' && i + 2 < rest.size() && is_hex(rest[i + 1]) && is_hex(rest[i + 2]);
    bool fragment = c == '#' && !in_fragment;
    in_fragment |= fragment;
    if (escape || fragment) continue;
    out.append(rest, done, i - done);
    done = i + 1;
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  out.append(rest, done, rest.size() - done);
}

// "host", "host:port" or "[v6]:port".
std::string host_problem(std::string_view authority) {
  if (authority.find('@') != std::string_view::npos) return "it names a user before the host";
  auto host = authority;
  if (host.starts_with('[')) {
    // Seldom enough to leave to the library.
    if (!boost::urls::parse_uri("https://" + std::string(authority) + "/")) return "its host is malformed";
    return {};
  }
  auto colon = host.find(':');
  if (colon != std::string_view::npos) {
    auto port = host.substr(colon + 1);
    if (port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos) return "its port is malformed";
    host = host.substr(0, colon);
  }
  if (host.empty()) return "it has no host";
  for (char c : host) {
    if (static_cast<unsigned char>(c) >= 0x80) return "its host must be written in its xn-- form";
    if (!is_alphanumeric(c) && c != '.' && c != '-' && c != '_') return "its host is malformed";
  }
  return {};
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
  if (auto problem = host_problem(authority); !problem.empty()) return refused(std::move(problem));
  if (rest.starts_with('\\')) return refused("its host is malformed");
  CheckedAddress checked;
  checked.address.reserve(text.size() + 16);
  checked.address.append(scheme).append("://");
  for (char c : authority) checked.address += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  append_encoded(checked.address, rest);
  return checked;
}

}  // namespace postrider::content
