#include "postrider/json/codecs.h"

#include <algorithm>
#include <cmath>

namespace postrider::json {

namespace bj = boost::json;

namespace {

constexpr std::size_t longest_string = 1'000'000;

std::string_view kind_of(bj::value const& value) {
  switch (value.kind()) {
    case bj::kind::null: return "null";
    case bj::kind::bool_: return "a boolean";
    case bj::kind::int64:
    case bj::kind::uint64:
    case bj::kind::double_: return "a number";
    case bj::kind::string: return "a string";
    case bj::kind::array: return "an array";
    case bj::kind::object: return "an object";
  }
  return "something else";
}

void wrong_type(bj::value const& value, std::string_view wanted, Pointer const& at, Problems& problems) {
  problems.add(at, "wrong_type", "must be " + std::string(wanted) + ", not " + std::string(kind_of(value)));
}

// 5.0 and 1e3 are integers too (JSON has one kind of number); NaN cannot come.
std::optional<std::int64_t> whole(bj::value const& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_double()) {
    double const d = value.get_double();
    if (d == std::trunc(d) && std::abs(d) <= 9007199254740992.0) return static_cast<std::int64_t>(d);
  }
  return std::nullopt;
}

}  // namespace

bool read_string(bj::value const& value, Pointer const& at, Problems& problems, std::string& out) {
  auto const* text = value.if_string();
  if (!text) {
    wrong_type(value, "a string", at, problems);
    return false;
  }
  if (text->size() > longest_string) {
    problems.add(at, "too_long", "must not be longer than " + std::to_string(longest_string) + " bytes");
    return false;
  }
  out.assign(text->data(), text->size());
  return true;
}

bool read_signed(bj::value const& value, Pointer const& at, Problems& problems, std::int64_t min, std::int64_t max, std::int64_t& out) {
  auto const read = whole(value);
  if (!read && !value.is_uint64()) {
    wrong_type(value, "a whole number", at, problems);
    return false;
  }
  if (!read || *read < min || *read > max) {
    problems.add(at, "out_of_range", "must lie between " + std::to_string(min) + " and " + std::to_string(max));
    return false;
  }
  out = *read;
  return true;
}

bool read_unsigned(bj::value const& value, Pointer const& at, Problems& problems, std::uint64_t max, std::uint64_t& out) {
  if (value.is_uint64()) {
    out = value.get_uint64();
  } else if (auto const read = whole(value)) {
    out = static_cast<std::uint64_t>(*read);
    if (*read < 0) out = max, problems.add(at, "out_of_range", "must not be negative");
    if (*read < 0) return false;
  } else {
    wrong_type(value, "a whole number", at, problems);
    return false;
  }
  if (out <= max) return true;
  problems.add(at, "out_of_range", "must not be greater than " + std::to_string(max));
  return false;
}

bool read_double(bj::value const& value, Pointer const& at, Problems& problems, double& out) {
  if (!value.is_number()) {
    wrong_type(value, "a number", at, problems);
    return false;
  }
  out = value.is_double()  ? value.get_double()
        : value.is_int64() ? static_cast<double>(value.get_int64())
                           : static_cast<double>(value.get_uint64());
  return true;
}

bool read_uuid(bj::value const& value, Pointer const& at, Problems& problems, Uuid& out) {
  auto const* text = value.if_string();
  if (!text) {
    wrong_type(value, "a UUID as a string", at, problems);
    return false;
  }
  auto const read = Uuid::parse(std::string_view(text->data(), text->size()));
  if (!read) {
    problems.add(at, "invalid_value", "must be a UUID, like 0198c5a2-7d1e-7000-8000-3f2b1a0c9d8e");
    return false;
  }
  out = *read;
  return true;
}

bj::object const* expect_object(bj::value const& value, Pointer const& at, Problems& problems) {
  auto const* object = value.if_object();
  if (!object) wrong_type(value, "an object", at, problems);
  return object;
}

bj::array const* expect_array(bj::value const& value, Pointer const& at, Problems& problems) {
  auto const* array = value.if_array();
  if (!array) wrong_type(value, "an array", at, problems);
  return array;
}

void refuse_name(bj::value const& value, Pointer const& at, Problems& problems, std::span<std::string_view const> allowed) {
  std::string list;
  for (auto const name : allowed) list += (list.empty() ? "" : ", ") + std::string(name);
  problems.add(at, value.is_string() ? "invalid_value" : "wrong_type", "must be one of: " + list);
}

void refuse_unknown(bj::object const& object, std::span<std::string_view const> known, std::span<std::string_view const> read_only,
                    Pointer const& at, Problems& problems) {
  for (auto const& member : object) {
    std::string_view const key(member.key().data(), member.key().size());
    if (std::ranges::find(known, key) != known.end()) continue;
    if (std::ranges::find(read_only, key) != read_only.end()) {
      problems.add(at / key, "read_only", "is set by the server; leave it out");
    } else {
      problems.add(at / key, "unknown_field", "is not a field of this object; check its spelling or leave it out");
    }
  }
}

void refuse_absent(Pointer const& at, Problems& problems) { problems.add(at, "required", "is required"); }

bj::object plain_schema(std::string_view type, std::string_view format) {
  bj::object schema;
  schema["type"] = bj::string_view(type.data(), type.size());
  if (!format.empty()) schema["format"] = bj::string_view(format.data(), format.size());
  return schema;
}

bj::object nullable(bj::object schema) {
  if (schema.empty()) return schema;  // anything goes already
  if (auto const* type = schema.if_contains("type"); type && type->is_string() && !schema.contains("enum")) {
    bj::array both;
    both.push_back(*type);
    both.push_back("null");
    schema["type"] = std::move(both);
    return schema;
  }
  bj::array choices;
  choices.push_back(std::move(schema));
  choices.push_back(plain_schema("null"));
  bj::object either;
  either["anyOf"] = std::move(choices);
  return either;
}

void Codec<bool>::read(bj::value const& value, Pointer const& at, Problems& problems, bool& out) {
  if (auto const* flag = value.if_bool()) {
    out = *flag;
  } else {
    wrong_type(value, "true or false", at, problems);
  }
}

void Codec<Secret>::read(bj::value const& value, Pointer const& at, Problems& problems, Secret& out) {
  std::string text;
  if (read_string(value, at, problems, text)) out = Secret(std::move(text));
}

bj::object Codec<Secret>::schema(Schemas&) {
  auto schema = plain_schema("string", "password");
  schema["writeOnly"] = true;
  return schema;
}

void Codec<Instant>::read(bj::value const& value, Pointer const& at, Problems& problems, Instant& out) {
  auto const* text = value.if_string();
  auto const read = text ? parse_instant(std::string_view(text->data(), text->size())) : std::nullopt;
  if (read) {
    out = *read;
  } else {
    problems.add(at, text ? "invalid_value" : "wrong_type", "must be a time with its zone (RFC 3339), like 2026-11-22T10:00:00Z");
  }
}

bj::value Codec<Instant>::write(Instant value) { return bj::value(to_rfc3339(value)); }

void Codec<Duration>::read(bj::value const& value, Pointer const& at, Problems& problems, Duration& out) {
  auto const* text = value.if_string();
  auto const read = text ? parse_duration(std::string_view(text->data(), text->size())) : std::nullopt;
  if (read) {
    out = *read;
  } else {
    problems.add(at, text ? "invalid_value" : "wrong_type", "must be a duration, like 90s, 15m, 24h or 3d");
  }
}

bj::value Codec<Duration>::write(Duration value) { return bj::value(to_text(value)); }

bj::object Codec<Duration>::schema(Schemas&) {
  auto schema = plain_schema("string");
  schema["pattern"] = "^[0-9]+(ms|s|m|h|d|w)$";
  return schema;
}

}  // namespace postrider::json
