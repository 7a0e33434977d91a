#include "postrider/json/schema.h"

#include "postrider/json/codecs.h"

#include <boost/core/demangle.hpp>

#include <stdexcept>

namespace postrider::json {

namespace bj = boost::json;

namespace {

constexpr std::string_view reference_start = "#/components/schemas/";

// "postrider::api::(anonymous namespace)::CreateSegment" -> "CreateSegment"
std::string own_name(std::type_info const& type) {
  auto const full = boost::core::demangle(type.name());
  auto const colon = full.rfind(':');
  return colon == std::string::npos ? full : full.substr(colon + 1);
}

bj::object reference(std::string const& name) {
  bj::object schema;
  schema["$ref"] = std::string(reference_start) + name;
  return schema;
}

// A type may be "string" or ["string", "null"].
bool is_of(bj::object const& schema, std::string_view wanted) {
  auto const* type = schema.if_contains("type");
  if (!type) return false;
  bj::string_view const name(wanted.data(), wanted.size());
  if (auto const* one = type->if_string()) return *one == name;
  if (auto const* several = type->if_array())
    for (auto const& each : *several)
      if (each.is_string() && each.get_string() == name) return true;
  return false;
}

bj::value limit(double value) {
  if (value == static_cast<double>(static_cast<std::int64_t>(value))) return static_cast<std::int64_t>(value);
  return value;
}

void apply(Rule const& rule, bj::object& schema) {
  bool const map = is_of(schema, "object");
  if (rule.min_length && *rule.min_length > 0) schema["minLength"] = *rule.min_length;
  if (rule.max_length) schema["maxLength"] = *rule.max_length;
  if (rule.minimum) schema["minimum"] = limit(*rule.minimum);
  if (rule.maximum) schema["maximum"] = limit(*rule.maximum);
  if (rule.min_items && *rule.min_items > 0) schema[map ? "minProperties" : "minItems"] = *rule.min_items;
  if (rule.max_items) schema[map ? "maxProperties" : "maxItems"] = *rule.max_items;
  if (!rule.format.empty()) schema["format"] = bj::string_view(rule.format.data(), rule.format.size());
}

}  // namespace

void Schemas::add(std::string name, bj::object schema) { claim(name, std::nullopt).fixed = std::move(schema); }

bj::object Schemas::named() const {
  bj::object all;
  for (auto const& [name, entry] : entries_) all[name] = written(entry);
  return all;
}

std::string Schemas::name_in(bj::object const& schema) {
  auto const* ref = schema.if_contains("$ref");
  if (!ref) throw std::logic_error("only a described struct or enum has a name in the OpenAPI document");
  return std::string(std::string_view(ref->get_string().data(), ref->get_string().size()).substr(reference_start.size()));
}

Schemas::Entry& Schemas::claim(std::string const& name, std::optional<std::type_index> type) {
  auto const [place, fresh] = entries_.try_emplace(name);
  if (!fresh && (!type || place->second.type != type))
    throw std::logic_error("two types want to be called '" + name + "' in the OpenAPI document; give one a json_name");
  place->second.type = type;
  return place->second;
}

bj::object Schemas::structure(std::type_info const& type, std::string_view given, std::function<Structure(Schemas&)> const& describe) {
  if (inlined_) {
    Entry entry;
    entry.structure = describe(*this);
    (answering_ ? entry.answered : entry.asked) = true;
    return written(entry);
  }
  auto const name = given.empty() ? own_name(type) : std::string(given);
  auto& entry = claim(name, std::type_index(type));  // stays put: std::map
  auto& seen = answering_ ? entry.answered : entry.asked;
  if (!seen) {
    seen = true;  // before describing, so that a type may hold itself
    entry.structure = describe(*this);
  }
  return reference(name);
}

bj::object Schemas::enumeration(std::type_info const& type, std::span<std::string_view const> names) {
  auto schema = plain_schema("string");
  bj::array values;
  for (auto const name : names) values.push_back(bj::string_view(name.data(), name.size()));
  schema["enum"] = std::move(values);
  if (inlined_) return schema;
  auto const name = own_name(type);
  claim(name, std::type_index(type)).fixed = std::move(schema);
  return reference(name);
}

bj::object Schemas::written(Entry const& entry) {
  if (!entry.fixed.empty()) return entry.fixed;
  auto schema = plain_schema("object");
  bj::object properties;
  bj::array required;
  for (auto const& member : entry.structure.members) {
    auto property = member.schema;
    for (auto const& rule : entry.structure.rules)
      if (rule.member == member.name) apply(rule, property);
    if (member.preset) property["default"] = *member.preset;
    properties[member.name] = std::move(property);
    if (member.need == Need::always || (member.need == Need::when_answered && !entry.asked))
      required.push_back(bj::value(member.name));
  }
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  if (entry.asked) schema["additionalProperties"] = false;
  return schema;
}

}  // namespace postrider::json
