// Codecs of what is made of other types: lists, maps, members that may be missing, and described structs. See codecs.h.
#pragma once

#include "postrider/json/codecs.h"
#include "postrider/json/field.h"

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace postrider::json {

template <class T>
struct Codec<std::vector<T>> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, std::vector<T>& out) {
    auto const* array = expect_array(value, at, problems);
    if (!array) return;
    out.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
      T element{};
      Codec<T>::read((*array)[i], at / i, problems, element);
      out.push_back(std::move(element));
    }
  }
  static boost::json::value write(std::vector<T> const& value) {
    boost::json::array array;
    array.reserve(value.size());
    for (auto const& each : value) array.push_back(Codec<T>::write(each));
    return array;
  }
  static boost::json::object schema(Schemas& schemas) {
    auto schema = plain_schema("array");
    schema["items"] = Codec<T>::schema(schemas);
    return schema;
  }
};

template <class T>
struct Codec<std::map<std::string, T>> {
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, std::map<std::string, T>& out) {
    auto const* object = expect_object(value, at, problems);
    if (!object) return;
    for (auto const& [key, each] : *object) {
      std::string name(key.data(), key.size());
      T element{};
      Codec<T>::read(each, at / name, problems, element);
      out.insert_or_assign(std::move(name), std::move(element));
    }
  }
  static boost::json::value write(std::map<std::string, T> const& value) {
    boost::json::object object;
    for (auto const& [key, each] : value) object[key] = Codec<T>::write(each);
    return object;
  }
  static boost::json::object schema(Schemas& schemas) {
    auto schema = plain_schema("object");
    schema["additionalProperties"] = Codec<T>::schema(schemas);
    return schema;
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static void absent(std::optional<T>& out) { out.reset(); }
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, std::optional<T>& out) {
    out.reset();
    if (!value.is_null()) Codec<T>::read(value, at, problems, out.emplace());
  }
  static boost::json::value write(std::optional<T> const& value) { return value ? Codec<T>::write(*value) : boost::json::value(nullptr); }
  static boost::json::object schema(Schemas& schemas) { return nullable(Codec<T>::schema(schemas)); }
};

template <class T>
struct Codec<Field<T>> {
  static void absent(Field<T>& out) { out = Field<T>(); }
  static bool omitted(Field<T> const& value) { return value.absent(); }
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, Field<T>& out) {
    if (value.is_null()) {
      out = Field<T>::null();
      return;
    }
    T inner{};
    Codec<T>::read(value, at, problems, inner);
    out = Field<T>(std::move(inner));
  }
  static boost::json::value write(Field<T> const& value) {
    return value.has_value() ? Codec<T>::write(*value) : boost::json::value(nullptr);
  }
  static boost::json::object schema(Schemas& schemas) { return nullable(Codec<T>::schema(schemas)); }
};

template <class T>
struct Codec<Given<T>> {
  static void absent(Given<T>& out) { out = Given<T>(); }
  static bool omitted(Given<T> const& value) { return value.absent(); }
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, Given<T>& out) {
    T inner{};
    Codec<T>::read(value, at, problems, inner);
    out = Given<T>(std::move(inner));
  }
  static boost::json::value write(Given<T> const& value) { return value ? Codec<T>::write(*value) : boost::json::value(nullptr); }
  static boost::json::object schema(Schemas& schemas) { return Codec<T>::schema(schemas); }
};

template <class T>
struct Codec<Defaulted<T>> {
  static void absent(Defaulted<T>&) {}
  static boost::json::value preset(Defaulted<T> const& value) { return Codec<T>::write(*value); }
  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, Defaulted<T>& out) {
    T inner{};
    Codec<T>::read(value, at, problems, inner);
    out = Defaulted<T>(std::move(inner));
  }
  static boost::json::value write(Defaulted<T> const& value) { return Codec<T>::write(*value); }
  static boost::json::object schema(Schemas& schemas) { return Codec<T>::schema(schemas); }
};

template <class T>
using MembersOf = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T>
  requires(std::is_class_v<T> && boost::describe::has_describe_members<T>::value)
struct Codec<T> {
  static constexpr std::size_t count = boost::mp11::mp_size<MembersOf<T>>::value;

  static constexpr std::array<std::string_view, count> names() {
    return []<template <class...> class L, class... D>(L<D...>*) {
      return std::array<std::string_view, count>{D::name...};
    }(static_cast<MembersOf<T>*>(nullptr));
  }
  static constexpr std::span<std::string_view const> read_only() {
    if constexpr (requires { T::json_read_only; }) return T::json_read_only;
    return {};
  }
  static constexpr std::span<Rule const> rules() {
    if constexpr (requires { T::json_rules; }) {
      static_assert(
          [] {
            for (auto const& rule : T::json_rules) {
              bool found = false;
              for (auto const name : names()) found = found || name == rule.member;
              if (!found) return false;
            }
            return true;
          }(),
          "a rule names a member that the struct does not describe");
      return T::json_rules;
    }
    return {};
  }

  static void read(boost::json::value const& value, Pointer const& at, Problems& problems, T& out) {
    auto const* object = expect_object(value, at, problems);
    if (!object) return;
    auto const before = problems.size();
    std::size_t known = 0;
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
      using M = std::remove_cvref_t<decltype(out.*member.pointer)>;
      auto const here = at / std::string_view(member.name);
      if (auto const* found = object->if_contains(member.name)) {
        ++known;
        Codec<M>::read(*found, here, problems, out.*member.pointer);
      } else if constexpr (requires(M& m) { Codec<M>::absent(m); }) {
        Codec<M>::absent(out.*member.pointer);
      } else {
        refuse_absent(here, problems);
      }
    });
    static constexpr auto all = names();
    if (known != object->size()) refuse_unknown(*object, all, read_only(), at, problems);
    for (auto const& rule : rules())
      if (auto const* found = object->if_contains(boost::json::string_view(rule.member.data(), rule.member.size())))
        check(rule, *found, at / rule.member, problems);
    if constexpr (requires { validate(out, problems); }) {
      if (problems.size() != before) return;
      auto const* const outer = problems.standing_at(&at);
      validate(out, problems);
      problems.standing_at(outer);
    }
  }

  static boost::json::value write(T const& value) {
    boost::json::object object;
    object.reserve(count);
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
      using M = std::remove_cvref_t<decltype(value.*member.pointer)>;
      if constexpr (requires(M const& m) { Codec<M>::omitted(m); })
        if (Codec<M>::omitted(value.*member.pointer)) return;
      object.emplace(member.name, Codec<M>::write(value.*member.pointer));
    });
    return object;
  }

  static boost::json::object schema(Schemas& schemas) {
    std::string_view name;
    if constexpr (requires { T::json_name; }) name = T::json_name;
    return schemas.structure(typeid(T), name, [](Schemas& inner) {
      Schemas::Structure structure;
      structure.rules = rules();
      T const fresh{};
      boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
          using M = std::remove_cvref_t<decltype(fresh.*member.pointer)>;
          Schemas::Member entry;
          entry.name = member.name;
          entry.schema = Codec<M>::schema(inner);
          if constexpr (requires(M& m) { Codec<M>::absent(m); }) entry.need = Schemas::Need::when_answered;
          if constexpr (requires(M const& m) { Codec<M>::omitted(m); }) entry.need = Schemas::Need::never;
          if constexpr (requires(M const& m) { Codec<M>::preset(m); }) entry.preset = Codec<M>::preset(fresh.*member.pointer);
          structure.members.push_back(std::move(entry));
        });
      return structure;
    });
  }
};

}  // namespace postrider::json
