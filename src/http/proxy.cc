#include "http/proxy.h"

#include <algorithm>

namespace postrider::http {

namespace {

std::string_view trimmed(std::string_view text) {
  auto const first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// "192.0.2.1", "192.0.2.1:4711", "2001:db8::1" or "[2001:db8::1]:4711"
std::optional<IpAddress> hop(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('[')) return IpAddress::parse(text.substr(1, text.find(']') - 1));
  if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
  return IpAddress::parse(text);
}

}  // namespace

Caller caller_of(IpAddress const& peer, Headers const& headers, std::span<Cidr const> trusted) {
  auto const is_trusted = [&](IpAddress const& ip) {
    return std::ranges::any_of(trusted, [&](Cidr const& cidr) { return cidr.contains(ip); });
  };
  Caller caller{.ip = peer};
  if (!is_trusted(peer)) return caller;

  std::string chain;  // several headers are one list
  for (auto const value : headers.all("X-Forwarded-For")) chain += (chain.empty() ? "" : ",") + std::string(value);
  std::string_view rest = chain;
  while (!rest.empty() && is_trusted(caller.ip)) {
    auto const comma = rest.rfind(',');
    auto const before = hop(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    if (!before) break;
    caller.ip = *before;
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
  }
  auto const protocols = headers.all("X-Forwarded-Proto");
  if (!protocols.empty()) caller.secure = same_ignoring_case(trimmed(protocols.back().substr(protocols.back().rfind(',') + 1)), "https");
  return caller;
}

}  // namespace postrider::http
