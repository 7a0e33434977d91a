// What a tenant sets about itself: how its pages and mails to recipients look, and how double opt-in asks.
// Kept as one JSON object in tenants.settings; PATCH /tenant replaces it as a whole.
#pragma once

#include "postrider/base/id.h"
#include "postrider/base/clock.h"
#include "postrider/json/codec.h"
#include "postrider/json/codecs.h"

#include <boost/describe/class.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace postrider::identity {

struct Brand {
  std::optional<std::string> name;    // what recipients know the sender as; without it the tenant's own name
  std::optional<std::string> color;   // of buttons and links, "#1f5fd0"
  std::optional<std::string> footer;  // below every recipient page: who writes, and the postal address
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 200), json::length("footer", 1, 2000)};
  static constexpr std::string_view json_name = "Brand";
};
BOOST_DESCRIBE_STRUCT(Brand, (), (name, color, footer))
void validate(Brand const& brand, json::Problems& problems);

struct DoubleOptIn {
  std::optional<TemplateId> template_id;  // without one: a built-in mail in the contact's language
  std::optional<SenderId> sender_id;      // without one: the tenant's first verified sender
  std::optional<Duration> valid_for;      // how long the link works; 7 days unless set, from 10 minutes to 90 days
  static constexpr std::string_view json_name = "DoubleOptIn";
};
BOOST_DESCRIBE_STRUCT(DoubleOptIn, (), (template_id, sender_id, valid_for))
void validate(DoubleOptIn const& wishes, json::Problems& problems);

struct TenantSettings {
  std::optional<Brand> brand;
  std::optional<DoubleOptIn> double_opt_in;
  static constexpr std::string_view json_name = "TenantSettings";

  // Only what is set.
  boost::json::object stored() const;
  // What is kept was checked when it was written; what cannot be read any more counts as not set.
  static TenantSettings read(boost::json::object const& stored);
};
BOOST_DESCRIBE_STRUCT(TenantSettings, (), (brand, double_opt_in))

}  // namespace postrider::identity
