#include "postrider/identity/tenant_settings.h"

#include <boost/json/value.hpp>

#include <algorithm>
#include <cctype>

namespace postrider::identity {

namespace {

constexpr Duration shortest_validity = std::chrono::minutes(10);
constexpr Duration longest_validity = std::chrono::hours(24 * 90);

bool is_color(std::string const& text) {
  return text.size() == 7 && text[0] == '#' && std::all_of(text.begin() + 1, text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

boost::json::object without_nulls(boost::json::object const& object) {
  boost::json::object out;
  for (auto const& member : object) {
    if (member.value().is_null()) continue;
    if (auto const* const inner = member.value().if_object()) out[member.key()] = without_nulls(*inner);
    else out[member.key()] = member.value();
  }
  return out;
}

}  // namespace

void validate(Brand const& brand, json::Problems& problems) {
  if (brand.color && !is_color(*brand.color)) problems.add("color", "invalid_value", "must be a colour like #1f5fd0");
}

void validate(DoubleOptIn const& wishes, json::Problems& problems) {
  if (wishes.valid_for && (*wishes.valid_for < shortest_validity || *wishes.valid_for > longest_validity))
    problems.add("valid_for", "out_of_range", "must be from 10m to 90d");
}

boost::json::object TenantSettings::stored() const { return without_nulls(json::encode(*this).as_object()); }

TenantSettings TenantSettings::read(boost::json::object const& stored) {
  auto settings = json::decode<TenantSettings>(stored);
  return settings ? std::move(*settings) : TenantSettings();
}

}  // namespace postrider::identity
