// Files of contacts: any encoding, any split; what is written as CSV is read the same.
#include "contacts/import_csv.h"
#include "contacts/import_text.h"
#include "fuzz/target.h"

namespace postrider::fuzz {

namespace {

std::string outcome(std::string_view bytes, std::size_t step) {
  std::string told;
  contacts::TextDecoder decoder;
  contacts::CsvReader reader(contacts::CsvLimits{.columns = 50, .cell = 2000, .record = 8000, .quoted = 100'000}, [&told](contacts::CsvRecord const& record) {
    told += std::to_string(record.row) + (record.cut ? " cut" : "") + ":";
    for (auto const cell : record.cells) told.append(" [").append(cell).append("]");
    told += "\n";
  });
  for (std::size_t at = 0; at < bytes.size(); at += step)
    if (!reader.feed(decoder.feed(bytes.substr(at, step)))) return told + "refused";
  if (!reader.feed(decoder.finish()) || !reader.finish()) return told + "refused";
  return told;
}

}  // namespace

void feed(std::string_view bytes) {
  auto const whole = outcome(bytes, bytes.size() + 1);
  for (std::size_t const step : {std::size_t(1), std::size_t(7)}) require(outcome(bytes, step) == whole, "every split of the bytes is read the same");
  std::string cell;
  contacts::append_csv(cell, bytes);
  cell += ",x\r\n";
  if (bytes.size() > 2000 || bytes.find('\0') != std::string_view::npos) return;
  std::string back = "nothing";
  contacts::CsvReader reader(contacts::CsvLimits(), [&back](contacts::CsvRecord const& record) { back = record.cells.empty() ? "" : std::string(record.cells.front()); }, ',');
  require(reader.feed(cell).has_value() && reader.finish().has_value(), "what was written is read");
  require(back == bytes, "a cell that was written is read the same");
  require(contacts::unguarded(contacts::guarded(bytes)) == bytes, "a guarded cell is itself again");
}

std::vector<Pattern> patterns() {
  return {{"email\n", "a@b.example\n"}, {"", "\""}, {"", ","}, {"", "\"\","}, {"", "\r"}, {"\xff\xfe", std::string("a\0", 2)}, {"", "x"}, {"\"", "a\n", "\""}, {"", "\xe9,"}};
}

}  // namespace postrider::fuzz
