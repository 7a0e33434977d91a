// Which column of a file becomes which field of a contact: by the field's own name, by how people head their spreadsheets, or
// as the caller says. Columns that nobody knows become attributes, so that nothing is lost silently; the answer shows all of it.
#pragma once

#include "postrider/base/error.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::contacts {

enum class Target { ignored, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, tracking, tags, attribute };

struct ColumnMapping {
  std::string name;       // as the header has it
  Target target = Target::ignored;
  std::string attribute;  // its key, for attributes
  std::string origin;     // name, spelling, mapping, unknown, empty
  // "email", "attributes.plan"; nothing when left out.
  std::optional<std::string> field() const;
};

// Column name -> field, as the caller wants it; nothing leaves the column out.
using WantedMapping = std::map<std::string, std::optional<std::string>>;

// Fails with invalid: a field twice, a malformed attribute key, a mapped column that is not there, nothing to know a contact by.
Result<std::vector<ColumnMapping>> map_columns(std::vector<std::string> const& header, WantedMapping const& wanted);

// The field a mapping names; nothing when there is none of that name.
std::optional<ColumnMapping> parse_field(std::string_view field);

}  // namespace postrider::contacts
