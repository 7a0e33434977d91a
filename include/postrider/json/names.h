// Names of described enumerations (BOOST_DESCRIBE_ENUM): one word serves C++, JSON, SQL and the documentation.
#pragma once

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/list.hpp>

#include <array>
#include <optional>
#include <string_view>
#include <type_traits>

namespace postrider::json {

template <class E>
concept DescribedEnum = std::is_enum_v<E> && boost::describe::has_describe_enumerators<E>::value;

template <DescribedEnum E>
struct Named {
  std::string_view name;
  E value;
};

template <DescribedEnum E>
inline constexpr auto enumerators_of = []<template <class...> class L, class... D>(L<D...>*) {
  return std::array<Named<E>, sizeof...(D)>{Named<E>{D::name, D::value}...};
}(static_cast<boost::describe::describe_enumerators<E>*>(nullptr));

// Every enumerator of E with its name, in the order of declaration.
template <DescribedEnum E>
constexpr auto const& enumerators() {
  return enumerators_of<E>;
}

// The enumerator's own word; empty for a value that has none.
template <DescribedEnum E>
constexpr std::string_view name_of(E value) {
  for (auto const& each : enumerators<E>())
    if (each.value == value) return each.name;
  return {};
}

// The enumerator with this name. Nothing when there is none.
template <DescribedEnum E>
constexpr std::optional<E> named(std::string_view name) {
  for (auto const& each : enumerators<E>())
    if (each.name == name) return each.value;
  return std::nullopt;
}

}  // namespace postrider::json
