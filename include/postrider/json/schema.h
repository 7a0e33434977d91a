// JSON Schema (draft 2020-12, as OpenAPI 3.1 speaks it) from the same description that decoding uses, so that the published
// document cannot drift from what the server accepts. Structs and enums become named schemas that others refer to by $ref;
// the name is the type's own, or its `static constexpr std::string_view json_name`.
#pragma once

#include "postrider/json/problems.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

namespace postrider::json {

template <class T>
struct Codec;

class Schemas {
 public:
  // With `inlined`, structs are written out where they are used (recursive types are impossible then).
  explicit Schemas(bool inlined = false) : inlined_(inlined) {}

  // The schema of T as a body that is sent to us, or that we answer: a reference for structs and enums, which become named
  // here. In answers all members but Field and Given are there; in requests only those that must be.
  // Throws std::logic_error when two types claim one name.
  template <class T>
  boost::json::object request() {
    answering_ = false;
    return Codec<T>::schema(*this);
  }
  template <class T>
  boost::json::object answer() {
    answering_ = true;
    return Codec<T>::schema(*this);
  }
  // The name under which T stands here, for router metadata.
  template <class T>
  std::string request_name() {
    return name_in(request<T>());
  }
  template <class T>
  std::string answer_name() {
    return name_in(answer<T>());
  }
  // A schema written by hand.
  void add(std::string name, boost::json::object schema);
  // All named schemas, sorted: what belongs under components.schemas.
  boost::json::object named() const;

  // For codecs.
  enum class Need { always, when_answered, never };
  struct Member {
    std::string name;
    boost::json::object schema;
    Need need = Need::always;
    std::optional<boost::json::value> preset = {};
  };
  struct Structure {
    std::vector<Member> members = {};
    std::span<Rule const> rules = {};
  };
  boost::json::object structure(std::type_info const& type, std::string_view name, std::function<Structure(Schemas&)> const& describe);
  boost::json::object enumeration(std::type_info const& type, std::span<std::string_view const> names);

 private:
  struct Entry {
    std::optional<std::type_index> type;
    Structure structure;
    boost::json::object fixed;
    bool asked = false, answered = false;
  };
  static std::string name_in(boost::json::object const& schema);
  static boost::json::object written(Entry const& entry);
  Entry& claim(std::string const& name, std::optional<std::type_index> type);

  bool inlined_;
  bool answering_ = false;
  std::map<std::string, Entry> entries_;
};

// One schema with everything written out.
template <class T>
boost::json::object schema() {
  return Schemas(true).request<T>();
}

}  // namespace postrider::json
