// What a query answers: rows of text cells, read by position with types. Only this file knows how the two databases
// spell true, time and JSON. A wrong type or an unexpected null throws: the statement and its reader disagree.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/id.h"

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::db {

class Rows;

class Row {
 public:
  Row(Rows const& rows, std::size_t index) : rows_(&rows), index_(index) {}

  bool is_null(std::size_t column) const;
  std::string_view view(std::size_t column) const;  // valid as long as the Rows live
  std::string text(std::size_t column) const { return std::string(view(column)); }
  std::int64_t integer(std::size_t column) const;
  double real(std::size_t column) const;
  bool boolean(std::size_t column) const;
  Instant instant(std::size_t column) const;
  boost::json::value json(std::size_t column) const;
  Uuid uuid(std::size_t column) const;
  template <class T>
  T id(std::size_t column) const {
    return T(uuid(column));
  }

  // The same, with null as nothing.
  std::optional<std::string> maybe_text(std::size_t column) const;
  std::optional<std::int64_t> maybe_integer(std::size_t column) const;
  std::optional<Instant> maybe_instant(std::size_t column) const;
  template <class T>
  std::optional<T> maybe_id(std::size_t column) const {
    if (is_null(column)) return std::nullopt;
    return T(uuid(column));
  }

 private:
  Rows const* rows_;
  std::size_t index_;
};

// A whole answer; movable, owns its text.
class Rows {
 public:
  Rows() = default;
  explicit Rows(std::size_t columns) : columns_(columns) {}

  std::size_t columns() const { return columns_; }
  std::size_t size() const { return columns_ == 0 ? 0 : cells_.size() / columns_; }
  bool empty() const { return cells_.empty(); }
  Row operator[](std::size_t index) const { return Row(*this, index); }
  // Rows touched by an update or delete. Never used to count inserts (RETURNING does that).
  std::int64_t affected() const { return affected_; }

  struct Iterator {
    Rows const* rows;
    std::size_t index;
    Row operator*() const { return Row(*rows, index); }
    Iterator& operator++() {
      ++index;
      return *this;
    }
    bool operator!=(Iterator const& other) const { return index != other.index; }
  };
  Iterator begin() const { return Iterator{this, 0}; }
  Iterator end() const { return Iterator{this, size()}; }

  // More rows of the same columns.
  void append(Rows const& more);
  void add_cell(std::string_view text);
  void add_null();
  void set_affected(std::int64_t count) { affected_ = count; }

 private:
  friend class Row;
  struct Cell {
    std::size_t offset;
    std::int32_t length;  // -1: null
  };
  std::size_t columns_ = 0;
  std::vector<Cell> cells_;
  std::string text_;
  std::int64_t affected_ = 0;
};

// One row that owns its text: what `one` and `maybe` give. Reads like a Row.
class OwnedRow : private std::unique_ptr<Rows>, public Row {
 public:
  explicit OwnedRow(Rows rows) : OwnedRow(std::make_unique<Rows>(std::move(rows))) {}

 private:
  explicit OwnedRow(std::unique_ptr<Rows> rows) : std::unique_ptr<Rows>(std::move(rows)), Row(*get(), 0) {}
};

}  // namespace postrider::db
