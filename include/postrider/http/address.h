// IP addresses and ranges, and the question whether an address belongs to the public internet. Pure; the SSRF guard and the
// list of trusted proxies both stand on it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::http {

// Always 16 bytes; IPv4 as ::ffff:a.b.c.d, so that both spellings of an IPv4 address are one.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  // Strict: four decimal parts without leading zeros, or IPv6 (a zone "%eth0" is refused). Nothing otherwise.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::uint32_t host_order);
  bool is_v4() const;
  std::uint32_t as_v4() const;  // host order; only when is_v4
  std::string str() const;
  bool operator==(IpAddress const&) const = default;
};

struct Cidr {
  IpAddress network;
  int prefix = 128;  // counted in the 16-byte form: IPv4 /8 is 104

  // "10.0.0.0/8", "::1/128", or a bare address for itself alone. Nothing when malformed.
  static std::optional<Cidr> parse(std::string_view text);
  bool contains(IpAddress const& address) const;
  std::string str() const;
};

// Why this address must not be connected to on behalf of somebody else: "loopback", "private", ... Empty for public addresses.
// Decides on the IPv4 address inside mapped, compatible, NAT64, 6to4 and Teredo addresses too.
std::string_view special_range(IpAddress const& address);

}  // namespace postrider::http
