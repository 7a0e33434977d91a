// The one judgement about where a link may lead, used when a template is saved and again when its address is rendered.
#pragma once

#include <string>
#include <string_view>

namespace postrider::content {

struct CheckedAddress {
  std::string address;  // what may stand in a Location header: ASCII, percent-encoded
  std::string problem;  // why not; empty when it may

  explicit operator bool() const { return problem.empty(); }
  std::string const& operator*() const { return address; }
  std::string const& error() const { return problem; }
};

inline constexpr std::size_t longest_address = 4096;

// Accepts absolute http and https URLs with a plain host. Blanks and other foreign characters behind the host are encoded.
CheckedAddress checked_address(std::string_view text);

// "https" of "https://...", lower case; empty when the text does not begin with a scheme.
std::string scheme_of(std::string_view text);

}  // namespace postrider::content
