// Reads CSV as it comes, in pieces of any size: RFC 4180 and what people's programs write instead (semicolons, tabs, CR or LF
// alone, a "sep=;" line, blanks around quotes, text after a closing quote). Memory is bounded by the limits whatever comes in.
#pragma once

#include "postrider/base/error.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::contacts {

struct CsvLimits {
  std::size_t columns = 500;
  std::size_t cell = 64 * 1024;           // a longer cell is cut, and its record marked
  std::size_t record = 256 * 1024;
  std::size_t quoted = 1024 * 1024;       // beyond it a quote is missing: the file cannot be read on
};

struct CsvRecord {
  std::int64_t row = 0;   // as a spreadsheet counts: 1 is the header, blank lines count
  std::int64_t line = 0;  // of the file, where it begins
  std::vector<std::string_view> cells;  // valid during the call
  bool cut = false;       // something was longer than its limit
  bool has_nul = false;   // NULs were replaced by U+FFFD
};

class CsvReader {
 public:
  using Take = std::function<void(CsvRecord const&)>;

  // Without a delimiter, the first line decides between comma, semicolon and tab.
  CsvReader(CsvLimits limits, Take take, char delimiter = '\0');

  // Fails with invalid, naming row and line, when a quote does not end. Nothing may be fed after that.
  Result<void> feed(std::string_view bytes);
  Result<void> finish();
  // '\0' until it is known.
  char delimiter() const { return delimiter_; }

 private:
  enum class State { cell_start, plain, quoted, after_quote };

  void detect();
  void set_delimiter(char delimiter);
  Result<void> consume(std::string_view bytes);
  void append(std::string_view text);
  void end_cell();
  void end_record();
  Error quote_missing(std::string why) const;

  CsvLimits limits_;
  Take take_;
  char delimiter_ = '\0';
  std::array<bool, 256> stops_{};  // what ends a run of plain bytes

  // Until the delimiter is known.
  std::string head_;
  std::size_t head_scanned_ = 0;
  bool head_quoted_ = false;
  bool head_begun_ = false;

  State state_ = State::cell_start;
  std::string text_;
  std::vector<std::size_t> ends_;
  std::size_t cell_begin_ = 0;
  std::size_t quoted_bytes_ = 0;
  std::int64_t row_ = 1;
  std::int64_t line_ = 1;
  std::int64_t record_line_ = 1;
  std::int64_t quote_line_ = 1;
  bool was_quoted_ = false;  // somewhere in this record
  bool cut_ = false;
  bool has_nul_ = false;
  bool after_cr_ = false;
};

// Writing: a cell, quoted where it must be.
void append_csv(std::string& out, std::string_view cell);
// Spreadsheets run a cell that begins with = + - @ (or a tab, or one of them full-width) as a formula: an apostrophe before it says
// that it is text. `unguarded` takes it off again, so that what we wrote comes back as it was.
std::string guarded(std::string_view cell);
std::string_view unguarded(std::string_view cell);

}  // namespace postrider::contacts
