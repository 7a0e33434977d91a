#include "postrider/contacts/csv_cell.h"

namespace postrider::contacts {

namespace {

// Spreadsheets also take the full-width forms for their own.
bool begins_formula(std::string_view text) {
  while (text.starts_with('\'')) text.remove_prefix(1);
  if (text.empty()) return false;
  if (std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos) return true;
  return text.starts_with("\xef\xbc\x9d") || text.starts_with("\xef\xbc\x8b") || text.starts_with("\xef\xbc\x8d") || text.starts_with("\xef\xbc\xa0");
}

}  // namespace

void append_csv_cell(std::string& out, std::string_view text) {
  bool const guarded = begins_formula(text);
  bool const quoted = text.find_first_of(",;\"\r\n\t") != std::string_view::npos || (!text.empty() && (text.front() == ' ' || text.back() == ' '));
  if (quoted) out += '"';
  if (guarded) out += '\'';
  for (char const c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  if (quoted) out += '"';
}

std::string_view without_formula_guard(std::string_view cell) {
  if (cell.starts_with('\'') && begins_formula(cell)) cell.remove_prefix(1);
  return cell;
}

}  // namespace postrider::contacts
