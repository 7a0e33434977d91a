#include "postrider/db/row.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <charconv>
#include <stdexcept>

namespace postrider::db {

namespace {

[[noreturn]] void disagree(std::size_t column, std::string_view wanted, std::string_view text) {
  throw std::logic_error("column " + std::to_string(column) + " is not " + std::string(wanted) + ": '" + std::string(text.substr(0, 80)) + "'");
}

}  // namespace

void Rows::append(Rows const& more) {
  if (columns_ == 0) columns_ = more.columns_;
  for (auto cell : more.cells_) {
    cell.offset += text_.size();
    cells_.push_back(cell);
  }
  text_ += more.text_;
}

void Rows::add_cell(std::string_view text) {
  cells_.push_back(Cell{text_.size(), static_cast<std::int32_t>(text.size())});
  text_ += text;
}

void Rows::add_null() { cells_.push_back(Cell{0, -1}); }

bool Row::is_null(std::size_t column) const { return rows_->cells_.at(index_ * rows_->columns_ + column).length < 0; }

std::string_view Row::view(std::size_t column) const {
  auto const& cell = rows_->cells_.at(index_ * rows_->columns_ + column);
  if (cell.length < 0) disagree(column, "expected to be null", "null");
  return std::string_view(rows_->text_).substr(cell.offset, static_cast<std::size_t>(cell.length));
}

std::int64_t Row::integer(std::size_t column) const {
  auto const text = view(column);
  std::int64_t value = 0;
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  // numeric sums print as "12" or "12.0"
  if (failure != std::errc() || (end != text.data() + text.size() && *end != '.')) disagree(column, "an integer", text);
  return value;
}

double Row::real(std::size_t column) const {
  auto const text = view(column);
  double value = 0;
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc()) disagree(column, "a number", text);
  return value;
}

bool Row::boolean(std::size_t column) const {
  auto const text = view(column);
  if (text == "t" || text == "true" || text == "1") return true;
  if (text == "f" || text == "false" || text == "0") return false;
  disagree(column, "a boolean", text);
}

Instant Row::instant(std::size_t column) const {
  auto const text = view(column);
  auto const value = parse_instant(text);
  if (!value) disagree(column, "an instant", text);
  return *value;
}

boost::json::value Row::json(std::size_t column) const { return boost::json::parse(view(column)); }

Uuid Row::uuid(std::size_t column) const {
  auto const text = view(column);
  auto const value = Uuid::parse(text);
  if (!value) disagree(column, "a UUID", text);
  return *value;
}

std::optional<std::string> Row::maybe_text(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<std::int64_t> Row::maybe_integer(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<Instant> Row::maybe_instant(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return instant(column);
}

}  // namespace postrider::db
