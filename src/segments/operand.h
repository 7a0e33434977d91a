// One side of a comparison, as SQL for each database: a contact's column, or a value inside a JSON object. Private to the compiler.
#pragma once

#include "postrider/db/statement.h"
#include "postrider/segments/condition.h"

#include <string>

namespace postrider::segments {

// Collects what is bound, and says how it is spoken of: "$7".
class Binder {
 public:
  Binder(db::Dialect dialect, int first) : dialect_(dialect), next_(first) {}
  bool postgres() const { return dialect_ == db::Dialect::postgres; }
  std::string operator()(db::Parameter parameter) {
    parameters.push_back(std::move(parameter));
    return "$" + std::to_string(next_++);
  }
  std::string text(std::string value);       // PostgreSQL must be told that it is one
  std::string number(boost::json::value const& value);
  std::string instant(Instant value);

  db::Parameters parameters;

 private:
  db::Dialect dialect_;
  int next_;
};

class Operand {
 public:
  // A field of `contacts c`, or a key of a JSON column.
  Operand(Binder& bind, Condition const& condition, std::string const& json_column);

  // True, false or null (which counts as false); two-valued where it begins with not_.
  std::string holds(Condition const& condition, Instant now) const;

 private:
  std::string equals(boost::json::value const& value) const;
  std::string holds_member(boost::json::value const& value) const;
  std::string one_of(std::vector<boost::json::value> const& values) const;
  std::string ordered(char const* sign, boost::json::value const& value) const;
  std::string moment(char const* sign, Instant instant) const;
  std::string contains(boost::json::value const& value) const;
  std::string begins(boost::json::value const& value) const;
  std::string ends(boost::json::value const& value) const;
  std::string within(Condition const& condition, Instant now) const;

  std::string scalar_;   // the bare value: the column, or the JSON value as text (PostgreSQL) or as SQLite's own
  std::string text_;     // null unless it is a text
  std::string number_;   // null unless it reads as a number
  std::string moment_;   // null unless it reads as an instant
  std::string type_;     // of a JSON value
  std::string value_;    // the JSON value itself
  std::string indexed_;  // the JSON column, when PostgreSQL has an index over its members and the key is one of them
  std::string key_;
  FieldKind kind_;
  Binder& bind_;
};

}  // namespace postrider::segments
