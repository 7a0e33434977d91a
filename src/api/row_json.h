// Rows of the database as JSON text, without a tree in between: what a list answers fifty or five hundred of at a time. JSON columns
// go out as the bytes the database holds; the rest is escaped and spelled as the codecs would (json/codecs.h). Names and kinds are
// those of the described struct that the OpenAPI document is made of, so the statement lists its columns in the struct's order.
#pragma once

#include "api/resource.h"
#include "postrider/db/row.h"

#include <array>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace postrider::api {

struct RowMember {
  enum class Kind { text, number, boolean, instant, json };
  std::string_view name;
  Kind kind = Kind::text;
};

template <class T>
struct RowKind {
  static constexpr auto value = std::integral<T> || std::floating_point<T> ? RowMember::Kind::number : RowMember::Kind::json;
};
template <class T>
struct RowKind<std::optional<T>> : RowKind<T> {};
template <class T>
struct RowKind<Id<T>> {
  static constexpr auto value = RowMember::Kind::text;
};
template <>
struct RowKind<Uuid> {
  static constexpr auto value = RowMember::Kind::text;
};
template <>
struct RowKind<std::string> {
  static constexpr auto value = RowMember::Kind::text;
};
template <>
struct RowKind<bool> {
  static constexpr auto value = RowMember::Kind::boolean;
};
template <>
struct RowKind<Instant> {
  static constexpr auto value = RowMember::Kind::instant;
};

// The members of a described struct, in its order.
template <class Out>
inline constexpr auto row_members = []<template <class...> class L, class... D>(L<D...>*) {
  return std::array{RowMember{D::name, RowKind<std::remove_cvref_t<decltype(std::declval<Out&>().*D::pointer)>>::value}...};
}(static_cast<json::MembersOf<Out>*>(nullptr));

// {"name": value, ...}: the row's columns from the first one on, in the order of the members. Null columns are null.
void append_row(std::string& out, db::Row row, std::span<RowMember const> members);

// 200 with one row.
http::Response row_answer(db::Row row, std::span<RowMember const> members);

// {"items": [...], "next_cursor": ...} as list_answer gives it, of up to limit + 1 rows. `key` makes of a row what the cursor carries.
http::Response list_of_rows(db::Rows const& rows, std::size_t limit, std::span<RowMember const> members, std::string_view cursor);
template <class Key>
http::Response rows_answer(http::Request const& request, Page const& page, db::Rows const& rows, std::span<RowMember const> members, Key&& key) {
  auto const limit = static_cast<std::size_t>(page.limit);
  return list_of_rows(rows, limit, members, rows.size() > limit ? next_cursor(request, page, key(rows[limit - 1])) : std::string());
}

}  // namespace postrider::api
