#include "postrider/http/outbound.h"

#include "postrider/http/request.h"

#include <curl/curl.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

namespace postrider::http {

namespace {

// Services that speak something else, and could be made to act on what looks like HTTP.
constexpr std::uint16_t refused_ports[] = {1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 4444, 5432, 5672, 5984,
                                           6000, 6379, 6443, 9042, 9092, 9200, 9300, 10250, 11211, 15672, 27017};

bool port_refused(std::uint16_t port) {
  if (port < 1024) return port != 80 && port != 443;
  return std::ranges::find(refused_ports, port) != std::end(refused_ports);
}

bool allows(Allowance const& allowance, IpAddress const& address, std::uint16_t port) {
  return (!allowance.port || *allowance.port == port) && allowance.network.contains(address);
}

std::optional<std::uint16_t> port_of(std::string_view digits) {
  unsigned value = 0;
  auto const* const end = digits.data() + digits.size();
  auto const [stop, failure] = std::from_chars(digits.data(), end, value);
  if (failure != std::errc() || stop != end || value == 0 || value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

struct CurlFree {
  void operator()(char* text) const { curl_free(text); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part(CURLU* url, CURLUPart what, unsigned flags = 0) {
  char* raw = nullptr;
  if (curl_url_get(url, what, &raw, flags) != CURLUE_OK) return {};
  std::unique_ptr<char, CurlFree> const text(raw);
  return text.get();
}

Error refused(std::string why) { return invalid_field("/url", "invalid_value", "this address cannot be used: " + std::move(why)); }

// A last label of digits or 0x... is a number to some parsers, so a host that ends in one must be a plain IPv4 address.
bool ends_in_number(std::string_view host) {
  auto const label = host.substr(host.rfind('.') + 1);
  if (label.empty()) return false;
  if (label.starts_with("0x")) return true;
  return std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<Allowance> Allowance::parse(std::string_view text) {
  std::string_view network = text;
  Allowance allowance;
  auto const colon = text.rfind(':');
  if (text.starts_with('[')) {
    auto const close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    network = text.substr(1, close - 1);
    if (close + 1 < text.size()) {
      if (text[close + 1] != ':') return std::nullopt;
      allowance.port = port_of(text.substr(close + 2));
      if (!allowance.port) return std::nullopt;
    }
  } else if (colon != std::string_view::npos && text.find(':') == colon) {
    network = text.substr(0, colon);
    allowance.port = port_of(text.substr(colon + 1));
    if (!allowance.port) return std::nullopt;
  }
  auto const cidr = Cidr::parse(network);
  if (!cidr) return std::nullopt;
  allowance.network = *cidr;
  return allowance;
}

std::optional<std::string> refusal(IpAddress const& address, std::uint16_t port, OutboundPolicy const& policy) {
  for (auto const& allowance : policy.allowed)
    if (allows(allowance, address, port)) return std::nullopt;
  if (auto const what = special_range(address); !what.empty()) return address.str() + " is a " + std::string(what) + " address";
  if (std::ranges::find(policy.own_addresses, address) != policy.own_addresses.end()) return address.str() + " is this machine itself";
  if (port_refused(port)) return "port " + std::to_string(port) + " is not one for HTTP";
  return std::nullopt;
}

Result<CheckedUrl> check_url(std::string_view url, OutboundPolicy const& policy) {
  if (url.size() > 8192) return refused("it is longer than 8192 characters");
  for (char const c : url)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f || c == '\\')
      return refused("it holds a blank, a backslash, a control character or a letter beyond ASCII; percent-encode it, "
                     "and write the host in its xn-- form");
  std::unique_ptr<CURLU, CurlFree> const handle(curl_url());
  auto const result = curl_url_set(handle.get(), CURLUPART_URL, std::string(url).c_str(), CURLU_DISALLOW_USER);
  if (result == CURLUE_UNSUPPORTED_SCHEME) return refused("it must begin with http:// or https://");
  if (result == CURLUE_USER_NOT_ALLOWED) return refused("it must not hold a user name");
  if (result != CURLUE_OK) return refused(curl_url_strerror(result));

  CheckedUrl checked;
  checked.scheme = part(handle.get(), CURLUPART_SCHEME);
  if (checked.scheme != "http" && checked.scheme != "https") return refused("it must begin with http:// or https://");
  // "http:host", "http:///host": other parsers read these in other ways.
  auto const start = checked.scheme.size() + 3;
  if (url.size() <= start || url.substr(checked.scheme.size(), 3) != "://")
    return refused("write it as " + checked.scheme + "://host/path");
  auto const authority = url.substr(start, url.find_first_of("/?#", start) - start);
  if (authority.empty() || authority.find_first_of("%@") != std::string_view::npos) return refused("its host is malformed");

  auto const port = port_of(part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT));
  if (!port) return refused("its port is malformed");
  checked.port = *port;
  checked.host = part(handle.get(), CURLUPART_HOST);
  for (char& c : checked.host)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  if (checked.host.starts_with('[')) checked.host = checked.host.substr(1, checked.host.size() - 2);
  if (checked.host.ends_with('.')) checked.host.pop_back();
  if (checked.host.empty()) return refused("its host is empty");

  bool const local_name = checked.host == "localhost" || checked.host.ends_with(".localhost");
  auto const literal = local_name ? IpAddress::parse("127.0.0.1") : IpAddress::parse(checked.host);
  if (literal) {
    if (auto const why = refusal(*literal, checked.port, policy)) return refused(*why);
    return checked;
  }
  if (ends_in_number(checked.host) || checked.host.find(':') != std::string::npos) return refused("its host is a malformed IP address");
  for (char const c : checked.host)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_')) return refused("its host is malformed");
  if (std::ranges::find(policy.own_hosts, checked.host) != policy.own_hosts.end()) return refused(checked.host + " is this server itself");
  auto const speaks = [&](Allowance const& allowance) { return !allowance.port || *allowance.port == checked.port; };
  if (port_refused(checked.port) && std::ranges::none_of(policy.allowed, speaks))
    return refused("port " + std::to_string(checked.port) + " is not one for HTTP");
  return checked;
}

std::vector<IpAddress> interface_addresses() {
  std::vector<IpAddress> all;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return all;
  for (auto const* each = first; each; each = each->ifa_next) {
    if (!each->ifa_addr) continue;
    if (each->ifa_addr->sa_family == AF_INET) {
      all.push_back(IpAddress::v4(ntohl(reinterpret_cast<sockaddr_in const*>(each->ifa_addr)->sin_addr.s_addr)));
    } else if (each->ifa_addr->sa_family == AF_INET6) {
      IpAddress address;
      std::memcpy(address.bytes.data(), &reinterpret_cast<sockaddr_in6 const*>(each->ifa_addr)->sin6_addr, 16);
      all.push_back(address);
    }
  }
  freeifaddrs(first);
  return all;
}

}  // namespace postrider::http
