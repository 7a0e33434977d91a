// Where requests on behalf of users may go: the guard against server-side request forgery. Pure. `check_url` judges an address when
// it is saved; what counts is `refusal`, which the client asks about the very address it connects to.
#pragma once

#include "postrider/base/error.h"
#include "postrider/http/address.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::http {

// An exception the operator makes: "10.1.0.0/16", "10.1.2.3:8080", "[fd00::/8]:443".
struct Allowance {
  Cidr network;
  std::optional<std::uint16_t> port = {};

  static std::optional<Allowance> parse(std::string_view text);
};

struct OutboundPolicy {
  std::vector<Allowance> allowed = {};
  std::vector<IpAddress> own_addresses = {};  // of this machine's interfaces: never, unless allowed
  std::vector<std::string> own_hosts = {};    // of the public address, in small letters
};

// Why nothing may connect there: "127.0.0.1 is a loopback address". Nothing when it may.
std::optional<std::string> refusal(IpAddress const& address, std::uint16_t port, OutboundPolicy const& policy);

struct CheckedUrl {
  std::string scheme;  // http or https
  std::string host;    // small letters, no trailing dot, no brackets
  std::uint16_t port = 0;
};
// Refuses all but plain http and https addresses: other schemes, user names, control characters, blanks, backslashes, letters beyond
// ASCII (write the xn-- form), zones, percent signs in the host, strange spellings of numbers, and what `refusal` refuses when the
// host is an IP address. *Fails with* invalid. The parser is the client's own (libcurl's).
Result<CheckedUrl> check_url(std::string_view url, OutboundPolicy const& policy);

// The addresses of all interfaces, for `own_addresses`.
std::vector<IpAddress> interface_addresses();

}  // namespace postrider::http
