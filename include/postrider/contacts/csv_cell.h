// One cell of a CSV file that people will open in a spreadsheet: quoted where it must be, and never a formula. What would be one gets an
// apostrophe in front; reading takes exactly that one away again, so that export and import give back the same text.
#pragma once

#include <string>
#include <string_view>

namespace postrider::contacts {

// Appends the cell, quoted when it holds a comma, a quote, a line break, or blanks at its ends.
void append_csv_cell(std::string& out, std::string_view text);
// A cell as it was before `append_csv_cell` (quotes are off already).
std::string_view without_formula_guard(std::string_view cell);

}  // namespace postrider::contacts
