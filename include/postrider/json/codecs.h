// Codec<T>: how one type is read, written and described. Specialise it for a type that is more than its members:
//   template <> struct postrider::json::Codec<Condition> {
//     static void read(boost::json::value const&, Pointer const& at, Problems&, Condition& out);   // adds problems, never throws
//     static boost::json::value write(Condition const&);
//     static boost::json::object schema(Schemas&);
//   };
// A codec whose member may be missing has `static void absent(T& out)`; one that may be left out when written has
// `static bool omitted(T const&)`. Callers use codec.h.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/id.h"
#include "postrider/base/secret.h"
#include "postrider/json/names.h"
#include "postrider/json/problems.h"
#include "postrider/json/schema.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <concepts>
#include <limits>
#include <span>
#include <string>
#include <typeinfo>

namespace postrider::json {

// Absent codec: the type is neither known here nor described. Add BOOST_DESCRIBE_STRUCT/ENUM or specialise Codec.
template <class T>
struct Codec;

// The readers that do not depend on a type; each adds a problem and returns false when the value is something else.
bool read_string(boost::json::value const& value, Pointer const& at, Problems& problems, std::string& out);
bool read_signed(boost::json::value const& value, Pointer const& at, Problems& problems, std::int64_t min, std::int64_t max,
                 std::int64_t& out);
bool read_unsigned(boost::json::value const& value, Pointer const& at, Problems& problems, std::uint64_t max, std::uint64_t& out);
bool read_double(boost::json::value const& value, Pointer const& at, Problems& problems, double& out);
bool read_uuid(boost::json::value const& value, Pointer const& at, Problems& problems, Uuid& out);
boost::json::object const* expect_object(boost::json::value const& value, Pointer const& at, Problems& problems);
boost::json::array const* expect_array(boost::json::value const& value, Pointer const& at, Problems& problems);
void refuse_name(boost::json::value const& value, Pointer const& at, Problems& problems, std::span<std::string_view const> allowed);
void refuse_unknown(boost::json::object const& object, std::span<std::string_view const> known,
                    std::span<std::string_view const> read_only, Pointer const& at, Problems& problems);
void refuse_absent(Pointer const& at, Problems& problems);
boost::json::object plain_schema(std::string_view type, std::string_view format = {});
boost::json::object nullable(boost::json::object schema);

template <>
struct Codec<bool> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, bool& out);
  static boost::json::value write(bool value) { return value; }
  static boost::json::object schema(Schemas&) { return plain_schema("boolean"); }
};

template <class T>
  requires(std::integral<T> && !std::same_as<T, bool>)
struct Codec<T> {
  using Limit = std::numeric_limits<T>;
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, T& out) {
    if constexpr (std::signed_integral<T>) {
      std::int64_t wide = 0;
      if (read_signed(value, at, problems, Limit::min(), Limit::max(), wide)) out = static_cast<T>(wide);
    } else {
      std::uint64_t wide = 0;
      if (read_unsigned(value, at, problems, Limit::max(), wide)) out = static_cast<T>(wide);
    }
  }
  static boost::json::value write(T value) { return value; }
  static boost::json::object schema(Schemas&) {
    auto schema = plain_schema("integer", sizeof(T) > 4 ? "int64" : "int32");
    if constexpr (std::unsigned_integral<T>) schema["minimum"] = 0;
    return schema;
  }
};

template <>
struct Codec<double> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, double& out) {
    read_double(value, at, problems, out);
  }
  static boost::json::value write(double value) { return value; }
  static boost::json::object schema(Schemas&) { return plain_schema("number", "double"); }
};

template <>
struct Codec<std::string> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, std::string& out) {
    read_string(value, at, problems, out);
  }
  static boost::json::value write(std::string const& value) { return boost::json::value(value); }
  static boost::json::object schema(Schemas&) { return plain_schema("string"); }
};

template <>
struct Codec<Secret> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, Secret& out);
  static boost::json::object schema(Schemas&);  // no `write`: a secret never goes out
};

template <>
struct Codec<Uuid> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, Uuid& out) {
    read_uuid(value, at, problems, out);
  }
  static boost::json::value write(Uuid const& value) { return boost::json::value(value.str()); }
  static boost::json::object schema(Schemas&) { return plain_schema("string", "uuid"); }
};

template <class Tag>
struct Codec<Id<Tag>> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, Id<Tag>& out) {
    Uuid uuid;
    if (read_uuid(value, at, problems, uuid)) out = Id<Tag>(uuid);
  }
  static boost::json::value write(Id<Tag> const& value) { return boost::json::value(value.str()); }
  static boost::json::object schema(Schemas&) { return plain_schema("string", "uuid"); }
};

template <>
struct Codec<Instant> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, Instant& out);
  static boost::json::value write(Instant value);
  static boost::json::object schema(Schemas&) { return plain_schema("string", "date-time"); }
};

template <>
struct Codec<Duration> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, Duration& out);
  static boost::json::value write(Duration value);
  static boost::json::object schema(Schemas&);
};

template <>
struct Codec<boost::json::value> {
  static void read(boost::json::value const& value, Pointer const&, Problems&, boost::json::value& out) { out = value; }
  static boost::json::value write(boost::json::value const& value) { return value; }
  static boost::json::object schema(Schemas&) { return {}; }
};

template <>
struct Codec<boost::json::object> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, boost::json::object& out) {
    if (auto const* object = expect_object(value, at, problems)) out = *object;
  }
  static boost::json::value write(boost::json::object const& value) { return value; }
  static boost::json::object schema(Schemas&) { return plain_schema("object"); }
};

template <>
struct Codec<boost::json::array> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, boost::json::array& out) {
    if (auto const* array = expect_array(value, at, problems)) out = *array;
  }
  static boost::json::value write(boost::json::array const& value) { return value; }
  static boost::json::object schema(Schemas&) { return plain_schema("array"); }
};

template <DescribedEnum E>
struct Codec<E> {
  static auto names() {
    std::array<std::string_view, enumerators<E>().size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = enumerators<E>()[i].name;
    return all;
  }
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, E& out) {
    if (auto const* text = value.if_string())
      if (auto found = named<E>(std::string_view(text->data(), text->size()))) {
        out = *found;
        return;
      }
    refuse_name(value, at, problems, names());
  }
  static boost::json::value write(E value) {
    auto const name = name_of(value);
    return boost::json::value(boost::json::string_view(name.data(), name.size()));
  }
  static boost::json::object schema(Schemas& schemas) { return schemas.enumeration(typeid(E), names()); }
};

}  // namespace postrider::json
