#include "contacts/import_mapping.h"

#include "postrider/contacts/field_rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace postrider::contacts {

namespace {

struct Word {
  std::string_view name;
  Target target;
};

constexpr std::array own_names{Word{"email", Target::email},           Word{"phone", Target::phone},     Word{"first_name", Target::first_name},
                               Word{"last_name", Target::last_name},   Word{"time_zone", Target::time_zone}, Word{"locale", Target::locale},
                               Word{"external_id", Target::external_id}, Word{"lead_id", Target::lead_id}, Word{"tracking", Target::tracking},
                               Word{"tags", Target::tags}};

// What our own exports hold and nobody may set.
constexpr std::array<std::string_view, 5> never_set{"id", "created_at", "updated_at", "import_row", "import_reason"};

// How people head such columns; compared without case, blanks and punctuation.
constexpr std::array spellings{
    Word{"emailaddress", Target::email},   Word{"mail", Target::email},          Word{"mailaddress", Target::email},    Word{"emailadresse", Target::email},
    Word{"emailaddr", Target::email},      Word{"courriel", Target::email},      Word{"correo", Target::email},         Word{"correoelectronico", Target::email},
    Word{"phonenumber", Target::phone},    Word{"telephone", Target::phone},     Word{"telephonenumber", Target::phone}, Word{"mobile", Target::phone},
    Word{"mobilephone", Target::phone},    Word{"mobilenumber", Target::phone},  Word{"cellphone", Target::phone},      Word{"tel", Target::phone},
    Word{"telefon", Target::phone},        Word{"handy", Target::phone},         Word{"givenname", Target::first_name}, Word{"forename", Target::first_name},
    Word{"fname", Target::first_name},     Word{"vorname", Target::first_name},  Word{"prenom", Target::first_name},    Word{"nombre", Target::first_name},
    Word{"surname", Target::last_name},    Word{"familyname", Target::last_name}, Word{"lname", Target::last_name},     Word{"nachname", Target::last_name},
    Word{"apellido", Target::last_name},   Word{"apellidos", Target::last_name}, Word{"tz", Target::time_zone},         Word{"lang", Target::locale},
    Word{"customerid", Target::external_id}, Word{"tag", Target::tags},          Word{"labels", Target::tags}};

std::string trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return std::string(text);
}

// "E-Mail Address" -> "emailaddress".
std::string squeezed(std::string_view text) {
  std::string out;
  for (unsigned char const c : text)
    if (std::isalnum(c) || c >= 0x80) out += static_cast<char>(std::tolower(c));
  return out;
}

// "Company Name" -> "company_name"; empty when nothing is left of it.
std::string as_key(std::string_view text) {
  std::string out;
  for (unsigned char const c : text) {
    if (std::isalnum(c)) out += static_cast<char>(std::tolower(c));
    else if (!out.empty() && out.back() != '_') out += '_';
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  return out.substr(0, 64);
}

std::string_view word(Target target) {
  for (auto const& own : own_names)
    if (own.target == target) return own.name;
  return "";
}

Error at_column(std::size_t index, std::string const& name, std::string const& what) {
  return invalid("column " + std::to_string(index + 1) + " ('" + name.substr(0, 100) + "') " + what);
}

bool identifies(Target target) { return target == Target::email || target == Target::external_id || target == Target::phone; }

}  // namespace

std::optional<std::string> ColumnMapping::field() const {
  if (target == Target::ignored) return std::nullopt;
  if (target == Target::attribute) return "attributes." + attribute;
  return std::string(word(target));
}

std::optional<ColumnMapping> parse_field(std::string_view field) {
  constexpr std::string_view attributes = "attributes.";
  ColumnMapping mapping;
  if (field.starts_with(attributes)) {
    mapping.target = Target::attribute;
    mapping.attribute = field.substr(attributes.size());
    if (!is_attribute_key(mapping.attribute)) return std::nullopt;
    return mapping;
  }
  for (auto const& own : own_names) {
    if (own.name != field) continue;
    mapping.target = own.target;
    return mapping;
  }
  return std::nullopt;
}

Result<std::vector<ColumnMapping>> map_columns(std::vector<std::string> const& header, WantedMapping const& wanted) {
  std::vector<ColumnMapping> columns(header.size());
  std::set<std::string> used;
  std::set<Target> taken;
  auto take = [&](std::size_t i, ColumnMapping mapping, std::string origin) -> Result<void> {
    auto const target = mapping.target;
    mapping.name = columns[i].name;
    mapping.origin = std::move(origin);
    if (target == Target::attribute) {
      for (auto const& other : columns)
        if (other.target == Target::attribute && other.attribute == mapping.attribute)
          return at_column(i, mapping.name, "would be the attribute '" + mapping.attribute + "' a second time; leave one of them out with ?mapping=");
    } else if (target != Target::tags && !taken.insert(target).second) {
      return at_column(i, mapping.name, "would be the field " + std::string(word(target)) + " a second time; leave one of them out with ?mapping=");
    }
    columns[i] = std::move(mapping);
    return {};
  };
  std::vector<bool> settled(header.size());

  for (std::size_t i = 0; i < header.size(); ++i) {
    columns[i].name = trimmed(header[i]);
    auto const said = wanted.find(columns[i].name);
    if (said == wanted.end()) continue;
    used.insert(said->first);
    settled[i] = true;
    columns[i].origin = "mapping";
    if (!said->second || said->second->empty()) continue;
    auto mapping = parse_field(*said->second);
    if (!mapping) return invalid_field("?mapping", "invalid_value", "?mapping: there is no field '" + *said->second + "'; use a contact's field, tags, attributes.KEY or null");
    auto const done = take(i, std::move(*mapping), "mapping");
    if (!done) return done.error();
  }
  for (auto const& [name, field] : wanted)
    if (!used.contains(name)) return invalid_field("?mapping", "invalid_value", "?mapping: the file has no column '" + name + "'");

  // The field's own names claim first, then the spellings, and what is left becomes attributes.
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (settled[i]) continue;
    auto lower = columns[i].name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower.empty() || std::ranges::find(never_set, lower) != never_set.end()) {
      columns[i].origin = lower.empty() ? "empty" : "name";
      settled[i] = true;
      continue;
    }
    constexpr std::string_view attributes = "attributes.";
    auto mapping = parse_field(lower);
    if (lower.starts_with(attributes)) {
      mapping = parse_field("attributes." + columns[i].name.substr(attributes.size()));
      if (!mapping) return at_column(i, columns[i].name, "is no attribute: its name has 1 to 64 letters, digits, dots, dashes or underscores; rename it or use ?mapping=");
    }
    if (!mapping) continue;
    auto const done = take(i, std::move(*mapping), "name");
    if (!done) return done.error();
    settled[i] = true;
  }
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (settled[i]) continue;
    auto const text = squeezed(columns[i].name);
    std::optional<Target> target;
    for (auto const& own : own_names)
      if (squeezed(own.name) == text) target = own.target;
    for (auto const& spelling : spellings)
      if (spelling.name == text) target = spelling.target;
    if (!target || (*target != Target::tags && taken.contains(*target))) continue;
    ColumnMapping mapping;
    mapping.target = *target;
    auto const done = take(i, std::move(mapping), "spelling");
    if (!done) return done.error();
    settled[i] = true;
  }
  std::set<std::string> keys;
  for (auto const& column : columns)
    if (column.target == Target::attribute) keys.insert(column.attribute);
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (settled[i]) continue;
    auto key = as_key(columns[i].name);
    if (key.empty()) key = "column_" + std::to_string(i + 1);
    auto unique = key;
    for (int n = 2; !keys.insert(unique).second; ++n) unique = key.substr(0, 60) + "_" + std::to_string(n);
    columns[i].target = Target::attribute;
    columns[i].attribute = unique;
    columns[i].origin = "unknown";
  }
  if (keys.size() > most_attributes) return invalid("the file would give a contact " + std::to_string(keys.size()) + " attributes; at most 200 are kept: leave some out with ?mapping=");
  if (std::ranges::none_of(columns, [](ColumnMapping const& column) { return identifies(column.target); })) {
    std::string names;
    for (auto const& column : columns) names += (names.empty() ? "'" : ", '") + column.name.substr(0, 40) + "'";
    return invalid("no column tells who a row is about: one must be email, external_id or phone. The first row has " + names.substr(0, 500) +
                   "; name them there, or say which is which with ?mapping=");
  }
  return columns;
}

}  // namespace postrider::contacts
