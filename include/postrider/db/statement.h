// A named SQL statement, as `sql/*.sql` holds it and the build embeds it. Its name labels log lines, metrics and errors.
// `tag` says how it meets a distributed database (docs/decisions, scale-out rules); lints check it.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/id.h"

#include <boost/json/fwd.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace postrider::db {

enum class Dialect { postgres, sqlite };

enum class Tag {
  router,     // one tenant
  shard,      // tenants of one shard
  fanout,     // all tenants; background work only
  reference,  // tables that every node has whole
  utility,    // no table at all
};

struct Statement {
  std::string_view module;
  std::string_view name;
  Tag tag = Tag::router;
  std::string_view postgres;
  std::string_view sqlite;
  bool dynamic = false;  // built at run time: not prepared by name. The texts must outlive the call.

  std::string_view text(Dialect dialect) const { return dialect == Dialect::postgres ? postgres : sqlite; }
};

// Every statement embedded into this binary, for the lints and the coverage test.
std::vector<Statement const*> const& catalogue();

// A list parameter. PostgreSQL gets an array (`= any($2::uuid[])`), SQLite a JSON array (`in (select value from json_each($2))`).
struct TextArray {
  std::vector<std::string> items;
};

// Many rows at once. Takes as many parameter positions as it has columns:
// PostgreSQL reads `unnest($2::uuid[], $3::text[])`, SQLite `json_each($2)` with `value ->> 0`, `value ->> 1`.
struct Columns {
  explicit Columns(std::size_t width) : columns(width) {}
  std::vector<std::vector<std::optional<std::string>>> columns;

  // One row; as many values as there are columns. Ids, instants, numbers, booleans, texts and optionals of them.
  template <class... Values>
  void add(Values const&... values) {
    std::size_t at = 0;
    (columns.at(at++).push_back(cell(values)), ...);
  }
  std::size_t rows() const { return columns.empty() ? 0 : columns.front().size(); }

 private:
  static std::optional<std::string> cell(std::string_view value) { return std::string(value); }
  static std::optional<std::string> cell(std::string const& value) { return value; }
  static std::optional<std::string> cell(char const* value) { return std::string(value); }
  static std::optional<std::string> cell(bool value) { return std::string(value ? "true" : "false"); }
  static std::optional<std::string> cell(Instant value) { return to_text(value); }
  static std::optional<std::string> cell(Uuid const& value) { return value.str(); }
  static std::optional<std::string> cell(std::nullopt_t) { return std::nullopt; }
  static std::optional<std::string> cell(double value);
  template <class T>
  static std::optional<std::string> cell(Id<T> const& value) {
    return value.str();
  }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  static std::optional<std::string> cell(T value) {
    return std::to_string(value);
  }
  template <class T>
  static std::optional<std::string> cell(std::optional<T> const& value) {
    if (!value) return std::nullopt;
    return cell(*value);
  }
};

// One value bound to a statement. Built implicitly from what modules hold.
class Parameter {
 public:
  using Value = std::variant<std::monostate, std::int64_t, double, bool, std::string, TextArray, Columns>;

  Parameter(std::nullopt_t) {}
  Parameter(std::string_view text) : value_(std::string(text)) {}
  Parameter(std::string text) : value_(std::move(text)) {}
  Parameter(char const* text) : value_(std::string(text)) {}
  Parameter(bool value) : value_(value) {}
  Parameter(double value) : value_(value) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Parameter(T value) : value_(static_cast<std::int64_t>(value)) {}
  Parameter(Instant instant) : value_(to_text(instant)) {}
  Parameter(Uuid const& uuid) : value_(uuid.str()) {}
  template <class T>
  Parameter(Id<T> const& id) : value_(id.str()) {}
  Parameter(boost::json::value const& json);  // JSON null becomes SQL null
  Parameter(boost::json::object const& json);
  Parameter(boost::json::array const& json);
  Parameter(TextArray list) : value_(std::move(list)) {}
  Parameter(Columns rows) : value_(std::move(rows)) {}
  template <class T>
  Parameter(std::optional<T> const& value) {
    if (value) *this = Parameter(*value);
  }

  Value const& value() const { return value_; }

 private:
  Value value_;
};

using Parameters = std::vector<Parameter>;

// A list of ids or texts as a TextArray.
template <class Range>
TextArray text_array(Range const& values) {
  TextArray list;
  for (auto const& value : values) {
    if constexpr (std::convertible_to<decltype(value), std::string_view>) {
      list.items.emplace_back(value);
    } else {
      list.items.push_back(value.str());
    }
  }
  return list;
}

}  // namespace postrider::db
