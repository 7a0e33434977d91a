#include "contacts/import_csv.h"

#include <algorithm>
#include <cstring>

namespace postrider::contacts {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

bool looks_like_formula(std::string_view cell) {
  if (cell.empty()) return false;
  if (std::string_view("=+-@\t\r\n").find(cell.front()) != std::string_view::npos) return true;
  for (std::string_view const wide : {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"})
    if (cell.starts_with(wide)) return true;
  return false;
}

}  // namespace

CsvReader::CsvReader(CsvLimits limits, Take take, char delimiter) : limits_(limits), take_(std::move(take)) {
  if (delimiter != '\0') set_delimiter(delimiter);
}

void CsvReader::set_delimiter(char delimiter) {
  delimiter_ = delimiter;
  stops_.fill(false);
  for (char const c : {delimiter, '\r', '\n', '\0'}) stops_[static_cast<unsigned char>(c)] = true;
}

Result<void> CsvReader::feed(std::string_view bytes) {
  if (delimiter_ != '\0') return consume(bytes);
  head_ += bytes;
  for (; head_scanned_ < head_.size(); ++head_scanned_) {
    char const c = head_[head_scanned_];
    if (c == '"') head_quoted_ = !head_quoted_;
    bool const line_break = c == '\n' || c == '\r';
    if (!line_break) head_begun_ = true;  // blank lines come before the header
    bool const line_ends = line_break && !head_quoted_ && head_begun_;
    if (!line_ends && head_scanned_ < limits_.record) continue;
    detect();
    auto const head = std::move(head_);
    head_.clear();
    return consume(head);
  }
  return {};
}

void CsvReader::detect() {
  std::string_view const first = std::string_view(head_).substr(0, head_scanned_);
  if (first.size() == 5 && (first.starts_with("sep=") || first.starts_with("SEP="))) {
    set_delimiter(first[4]);
    after_cr_ = head_scanned_ < head_.size() && head_[head_scanned_] == '\r';  // its LF may come with the next piece
    head_.erase(0, std::min(head_scanned_ + 1, head_.size()));
    ++line_;
    record_line_ = line_;
    return;
  }
  constexpr std::string_view candidates = ",;\t";
  std::array<std::size_t, 3> counts{};
  bool quoted = false;
  for (char const c : first) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (auto const at = candidates.find(c); at != std::string_view::npos) ++counts[at];
  }
  auto const best = static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin());
  set_delimiter(counts[best] == 0 ? ',' : candidates[best]);
}

void CsvReader::append(std::string_view text) {
  auto const room = std::min(limits_.cell - std::min(limits_.cell, text_.size() - cell_begin_), limits_.record - std::min(limits_.record, text_.size()));
  if (text.size() > room) cut_ = true;
  text_.append(text.substr(0, room));
}

void CsvReader::end_cell() {
  if (ends_.size() <= limits_.columns) ends_.push_back(text_.size());  // one more than allowed, so that it shows
  cell_begin_ = text_.size();
  state_ = State::cell_start;
}

void CsvReader::end_record() {
  end_cell();
  bool const blank = ends_.size() == 1 && text_.empty() && !was_quoted_;
  if (!blank) {
    CsvRecord record;
    record.row = row_;
    record.line = record_line_;
    record.cut = cut_;
    record.has_nul = has_nul_;
    record.cells.reserve(ends_.size());
    std::size_t begin = 0;
    for (auto const end : ends_) {
      record.cells.push_back(std::string_view(text_).substr(begin, end - begin));
      begin = end;
    }
    take_(record);
  }
  ++row_;
  text_.clear();
  ends_.clear();
  cell_begin_ = 0;
  was_quoted_ = cut_ = has_nul_ = false;
}

Error CsvReader::quote_missing(std::string why) const {
  return invalid("row " + std::to_string(row_) + ": the quote opened in line " + std::to_string(quote_line_) + " " + why +
                 "; close it, or double every quote that belongs to the text");
}

Result<void> CsvReader::consume(std::string_view bytes) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    char const c = bytes[i];
    if (after_cr_) {
      after_cr_ = false;
      if (c == '\n') {
        ++i;
        continue;
      }
    }
    if (state_ == State::quoted) {
      std::size_t j = i;
      while (j < bytes.size() && bytes[j] != '"' && bytes[j] != '\0') {
        if (bytes[j] == '\n') ++line_;
        ++j;
      }
      append(bytes.substr(i, j - i));
      quoted_bytes_ += j - i;
      if (quoted_bytes_ > limits_.quoted) return quote_missing("does not end within " + std::to_string(limits_.quoted / 1024) + " KB");
      i = j;
      if (i == bytes.size()) break;
      if (bytes[i] == '"') {
        state_ = State::after_quote;
      } else {
        has_nul_ = true;
        append(replacement);
      }
      ++i;
      continue;
    }
    if (state_ == State::after_quote && c == '"') {
      append("\"");
      ++quoted_bytes_;
      state_ = State::quoted;
      ++i;
      continue;
    }
    if (state_ == State::cell_start && c == '"') {
      text_.resize(cell_begin_);  // blanks before the quote
      quoted_bytes_ = 0;
      quote_line_ = line_;
      was_quoted_ = true;
      state_ = State::quoted;
      ++i;
      continue;
    }
    if (stops_[static_cast<unsigned char>(c)]) {
      ++i;
      if (c == delimiter_) {
        end_cell();
      } else if (c == '\0') {
        has_nul_ = true;
        append(replacement);
        state_ = State::plain;
      } else {
        end_record();
        ++line_;
        record_line_ = line_;
        after_cr_ = c == '\r';
      }
      continue;
    }
    if (state_ == State::cell_start && c == ' ') {
      append(bytes.substr(i, 1));
      ++i;
      continue;
    }
    if (state_ == State::after_quote && c == ' ') {  // before the delimiter
      ++i;
      continue;
    }
    std::size_t j = i;
    while (j < bytes.size() && !stops_[static_cast<unsigned char>(bytes[j])]) ++j;
    append(bytes.substr(i, j - i));
    state_ = State::plain;
    i = j;
  }
  return {};
}

Result<void> CsvReader::finish() {
  if (delimiter_ == '\0') {
    detect();
    auto const head = std::move(head_);
    head_.clear();
    auto const read = consume(head);
    if (!read) return read.error();
  }
  if (state_ == State::quoted) return quote_missing("never ends");
  if (state_ != State::cell_start || !ends_.empty() || !text_.empty()) end_record();
  return {};
}

void append_csv(std::string& out, std::string_view cell) {
  bool const edge_blank = !cell.empty() && (cell.front() == ' ' || cell.back() == ' ');
  if (!edge_blank && cell.find_first_of("\",;\t\r\n") == std::string_view::npos) {
    out += cell;
    return;
  }
  out += '"';
  for (char const c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string guarded(std::string_view cell) {
  auto const bare = cell.substr(std::min(cell.find_first_not_of('\''), cell.size()));
  // An apostrophe that was there already gets one more, or reading would take it for ours.
  return looks_like_formula(bare) ? "'" + std::string(cell) : std::string(cell);
}

std::string_view unguarded(std::string_view cell) {
  auto const bare = cell.substr(std::min(cell.find_first_not_of('\''), cell.size()));
  if (cell.starts_with('\'') && looks_like_formula(bare)) cell.remove_prefix(1);
  return cell;
}

}  // namespace postrider::contacts
