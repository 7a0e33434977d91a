#include "postrider/http/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace postrider::http {

namespace {

constexpr std::array<std::uint8_t, 12> mapped_start{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct Range4 {
  std::uint32_t network;
  int prefix;
  std::string_view what;
};
constexpr std::uint32_t quad(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) { return a << 24 | b << 16 | c << 8 | d; }

constexpr Range4 ranges4[] = {
    {quad(0, 0, 0, 0), 8, "this network"},
    {quad(10, 0, 0, 0), 8, "private"},
    {quad(100, 64, 0, 0), 10, "carrier-grade NAT"},
    {quad(127, 0, 0, 0), 8, "loopback"},
    {quad(169, 254, 0, 0), 16, "link-local"},
    {quad(172, 16, 0, 0), 12, "private"},
    {quad(192, 0, 0, 0), 24, "protocol assignments"},
    {quad(192, 0, 2, 0), 24, "documentation"},
    {quad(192, 88, 99, 0), 24, "6to4 relay"},
    {quad(192, 168, 0, 0), 16, "private"},
    {quad(198, 18, 0, 0), 15, "benchmarking"},
    {quad(198, 51, 100, 0), 24, "documentation"},
    {quad(203, 0, 113, 0), 24, "documentation"},
    {quad(224, 0, 0, 0), 4, "multicast"},
    {quad(240, 0, 0, 0), 4, "reserved"},
};

std::string_view special_v4(std::uint32_t address) {
  for (auto const& range : ranges4)
    if ((address >> (32 - range.prefix)) == (range.network >> (32 - range.prefix))) return range.what;
  return {};
}

struct Range6 {
  char const* cidr;
  std::string_view what;
};
// Those whose meaning is in an embedded IPv4 address come first, so that the answer names what they lead to.
constexpr Range6 ranges6[] = {
    {"::/128", "unspecified"},
    {"::1/128", "loopback"},
    {"64:ff9b::/96", "NAT64"},
    {"64:ff9b:1::/48", "NAT64"},
    {"::/96", "IPv4-compatible"},
    {"100::/64", "discard"},
    {"2001::/23", "protocol assignments"},
    {"2001:db8::/32", "documentation"},
    {"2002::/16", "6to4"},
    {"3fff::/20", "documentation"},
    {"5f00::/16", "segment routing"},
    {"fc00::/7", "private"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"ff00::/8", "multicast"},
};

std::uint32_t quad_at(IpAddress const& address, std::size_t at) {
  auto const& b = address.bytes;
  return quad(b[at], b[at + 1], b[at + 2], b[at + 3]);
}

bool starts(IpAddress const& address, std::uint32_t first, std::uint32_t second_and_third_must_be_zero_from = 16) {
  if (quad_at(address, 0) != first) return false;
  for (std::size_t i = 4; i < second_and_third_must_be_zero_from; ++i)
    if (address.bytes[i] != 0) return false;
  return true;
}

// The IPv4 address that an IPv6 one stands for, when it does.
std::optional<std::uint32_t> embedded_v4(IpAddress const& address) {
  if (quad_at(address, 0) == 0x20010000U) return ~quad_at(address, 12);                              // Teredo, client, inverted
  if (address.bytes[0] == 0x20 && address.bytes[1] == 0x02) return quad_at(address, 2);               // 6to4
  if (starts(address, 0x0064ff9bU, 12)) return quad_at(address, 12);                                  // NAT64, well-known prefix
  if (starts(address, 0, 12) && quad_at(address, 12) > 1) return quad_at(address, 12);                // IPv4-compatible
  return std::nullopt;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() > 45) return std::nullopt;
  std::string const copy(text);
  in_addr four{};
  if (inet_pton(AF_INET, copy.c_str(), &four) == 1) {
    // glibc accepts no leading zeros here, nor fewer than four parts
    return v4(ntohl(four.s_addr));
  }
  IpAddress six;
  if (copy.find('\0') == std::string::npos && inet_pton(AF_INET6, copy.c_str(), six.bytes.data()) == 1) return six;
  return std::nullopt;
}

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress address;
  std::copy(mapped_start.begin(), mapped_start.end(), address.bytes.begin());
  for (std::size_t i = 0; i < 4; ++i) address.bytes[12 + i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return address;
}

bool IpAddress::is_v4() const { return std::memcmp(bytes.data(), mapped_start.data(), mapped_start.size()) == 0; }

std::uint32_t IpAddress::as_v4() const { return quad_at(*this, 12); }

std::string IpAddress::str() const {
  char buffer[INET6_ADDRSTRLEN];
  if (is_v4()) {
    inet_ntop(AF_INET, bytes.data() + 12, buffer, sizeof buffer);
  } else {
    inet_ntop(AF_INET6, bytes.data(), buffer, sizeof buffer);
  }
  return buffer;
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  auto const slash = text.find('/');
  auto const address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  bool const four = text.find(':') == std::string_view::npos;
  int prefix = four ? 32 : 128;
  if (slash != std::string_view::npos) {
    auto const digits = text.substr(slash + 1);
    auto const* const end = digits.data() + digits.size();
    int const most = prefix;
    auto const [stop, failure] = std::from_chars(digits.data(), end, prefix);
    if (failure != std::errc() || stop != end || prefix < 0 || prefix > most) return std::nullopt;
  }
  Cidr cidr{.network = *address, .prefix = four ? prefix + 96 : prefix};
  // "10.1.2.3/8" means 10.0.0.0/8
  for (int bit = cidr.prefix; bit < 128; ++bit)
    cidr.network.bytes[static_cast<std::size_t>(bit) / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  return cidr;
}

bool Cidr::contains(IpAddress const& address) const {
  int left = prefix;
  for (std::size_t i = 0; i < 16 && left > 0; ++i, left -= 8) {
    auto const mask = static_cast<std::uint8_t>(left >= 8 ? 0xff : 0xff << (8 - left));
    if ((address.bytes[i] & mask) != (network.bytes[i] & mask)) return false;
  }
  return true;
}

std::string Cidr::str() const {
  bool const four = network.is_v4() && prefix >= 96;
  return network.str() + "/" + std::to_string(four ? prefix - 96 : prefix);
}

std::string_view special_range(IpAddress const& address) {
  if (address.is_v4()) return special_v4(address.as_v4());
  if (auto const inner = embedded_v4(address))
    if (auto const what = special_v4(*inner); !what.empty()) return what;
  static auto const six = [] {
    std::array<Cidr, std::size(ranges6)> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = *Cidr::parse(ranges6[i].cidr);
    return all;
  }();
  for (std::size_t i = 0; i < six.size(); ++i)
    if (six[i].contains(address)) return ranges6[i].what;
  // Only 2000::/3 is given out to the public internet.
  if ((address.bytes[0] & 0xe0) != 0x20) return "reserved";
  return {};
}

}  // namespace postrider::http
