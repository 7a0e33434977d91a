#include "contacts/import_staging.h"

#include "postrider/base/metrics.h"
#include "sql/imports.h"

#include <boost/asio/this_coro.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <functional>

namespace postrider::contacts {

namespace {

constexpr std::size_t samples_kept = 3;
constexpr std::size_t longest_sample = 80;

std::string shortened(std::string_view text) {
  if (text.size() <= longest_sample) return std::string(text);
  auto end = longest_sample;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos; }

void count_rows(std::string_view verdict, std::int64_t count) {
  if (count == 0) return;
  metrics::counter("postrider_contacts_import_rows_total", "Rows of imported files that were staged", {{"verdict", std::string(verdict)}}).add(static_cast<double>(count));
}

}  // namespace

bool SeenKeys::maybe(std::string_view key) const {
  std::uint64_t const hash = std::hash<std::string_view>()(key);
  std::uint64_t const step = (hash >> 32U) | 1U;
  for (std::uint64_t i = 0, at = hash; i < probes; ++i, at += step)
    if ((bits_[(at % size) / 64] >> (at % 64) & 1U) == 0) return false;
  return true;
}

void SeenKeys::add(std::string_view key) {
  std::uint64_t const hash = std::hash<std::string_view>()(key);
  std::uint64_t const step = (hash >> 32U) | 1U;
  for (std::uint64_t i = 0, at = hash; i < probes; ++i, at += step) bits_[(at % size) / 64] |= std::uint64_t{1} << (at % 64);
}

Staging::Staging(db::Store& store, Clock const& clock, Ids& ids, TenantId tenant, ImportId id, ImportRequest request, std::size_t batch)
    : store_(store),
      clock_(clock),
      ids_(ids),
      tenant_(tenant),
      id_(id),
      request_(std::move(request)),
      batch_size_(batch),
      csv_(CsvLimits(), [this](CsvRecord const& record) { take(record); }) {}

void Staging::take_header(CsvRecord const& record, std::vector<std::string_view> const& cells) {
  if (record.has_nul) {
    failure_ = invalid("the first row contains NUL bytes; if this is a UTF-16 file, save it with a byte order mark, or better as UTF-8");
    return;
  }
  if (record.cut || record.cells.size() > CsvLimits().columns) {
    failure_ = invalid("the first row is no header: it has more than 500 columns, or a name longer than 64 KB");
    return;
  }
  auto mapped = map_columns(std::vector<std::string>(cells.begin(), cells.end()), request_.mapping);
  if (!mapped) {
    failure_ = mapped.error();
    return;
  }
  int number = 0;
  for (auto const& mapping : *mapped) columns_.push_back(ImportColumn{++number, mapping.name, mapping.field(), mapping.origin, {}});
  rows_.emplace(std::move(*mapped), request_.tags);
}

void Staging::take(CsvRecord const& record) {
  if (failure_) return;
  std::string_view const whole(record.cells.front().data(), static_cast<std::size_t>(record.cells.back().data() + record.cells.back().size() - record.cells.front().data()));
  bool const readable = decoder_.settle(whole);
  std::vector<std::string> converted;
  auto cells = record.cells;
  if (!readable || (decoder_.encoding() == Encoding::windows_1252 && !is_ascii(whole))) {
    converted.reserve(cells.size());
    for (auto& cell : cells) {
      converted.push_back(from_windows_1252(cell));
      cell = converted.back();
    }
  }
  if (std::ranges::all_of(cells, is_blank)) return;  // what spreadsheets leave below a table
  if (!rows_) {
    take_header(record, cells);
    return;
  }
  auto row = rows_->read(record.row, cells);
  if (record.cut) row.refuse("a field is longer than 64 KB, or the whole row longer than 256 KB");
  if (record.has_nul) row.refuse("contains NUL bytes");
  if (!readable) row.refuse("is not valid UTF-8, as the rows before it are");
  for (std::size_t i = 0; i < std::min(cells.size(), columns_.size()); ++i)
    if (columns_[i].samples.size() < samples_kept && !is_blank(cells[i])) columns_[i].samples.push_back(shortened(cells[i]));
  last_row_ = record.row;
  ++total_;
  batch_.push_back(std::move(row));
}

Task<Result<void>> Staging::read(FileSource& source) {
  auto const executor = co_await boost::asio::this_coro::executor;
  TaskGroup writing(executor);
  Result<void> outcome;
  std::exception_ptr broken;
  try {
    outcome = co_await read_through(source, writing);
  } catch (...) {
    broken = std::current_exception();
  }
  co_await writing.join();  // throws what broke the writing
  if (broken) std::rethrow_exception(broken);
  if (outcome && given_up_) co_return conflict("the import was given up while its file was still being read");
  co_return outcome;
}

Task<Result<void>> Staging::read_through(FileSource& source, TaskGroup& writing) {
  for (;;) {
    auto piece = co_await source.next();
    if (!piece) {
      auto error = piece.error();
      error.message = "the file did not come to its end (row " + std::to_string(last_row_) + " was the last whole one): " + error.message;
      co_return error;
    }
    if (piece->empty()) break;
    bytes_ += static_cast<std::int64_t>(piece->size());
    auto const done = co_await consume(decoder_.feed(*piece), writing);
    if (!done) co_return done.error();
  }
  auto const done = co_await consume(decoder_.finish(), writing);
  if (!done) co_return done.error();
  auto const ended = csv_.finish();
  if (!ended) co_return ended.error();
  if (failure_) co_return *failure_;
  if (!rows_) co_return invalid("the file is empty; it needs a header with the names of the columns, and a row for each contact");
  if (total_ == 0) co_return invalid("the file has a header, but no rows below it");
  co_return co_await hand_over(writing);
}

// Long pieces are taken in parts, so that one never makes a batch much larger than it should be.
Task<Result<void>> Staging::consume(std::string text, TaskGroup& writing) {
  constexpr std::size_t part = 64 * 1024;
  for (std::size_t at = 0; at < text.size(); at += part) {
    auto const fed = csv_.feed(std::string_view(text).substr(at, part));
    if (!fed) co_return fed.error();
    if (failure_) co_return *failure_;
    if (batch_.size() < batch_size_) continue;
    auto const handed = co_await hand_over(writing);
    if (!handed) co_return handed.error();
  }
  co_return Result<void>();
}

// Rows of earlier batches that name the same person. Only what the filter has perhaps seen is looked up.
Task<void> Staging::find_earlier(db::Transaction& tx, Facts& facts) {
  db::TextArray emails, externals, phones;
  for (auto const& row : written_) {
    if (row.verdict == Verdict::reject) continue;
    if (row.email_key && seen_.maybe("e" + *row.email_key)) emails.items.push_back(*row.email_key);
    if (row.external_id && seen_.maybe("x" + *row.external_id)) externals.items.push_back(*row.external_id);
    if (row.phone && !row.email_key && !row.external_id && seen_.maybe("p" + *row.phone)) phones.items.push_back(*row.phone);
  }
  if (!emails.items.empty()) {
    auto const found = co_await tx.all(sql::imports::earlier_emails, tenant_, id_, emails);
    for (auto const row : found) facts.earlier_email.emplace(row.text(0), row.integer(1));
  }
  if (!externals.items.empty()) {
    auto const found = co_await tx.all(sql::imports::earlier_external_ids, tenant_, id_, externals);
    for (auto const row : found) facts.earlier_external.emplace(row.text(0), row.integer(1));
  }
  if (!phones.items.empty()) {
    auto const found = co_await tx.all(sql::imports::earlier_phones, tenant_, id_, phones);
    for (auto const row : found) facts.earlier_phone.emplace(row.text(0), row.integer(1));
  }
  if (matched_ && !facts.contacts.empty()) {
    db::TextArray known;
    for (auto const& contact : facts.contacts) known.items.push_back(contact.id.str());
    auto const found = co_await tx.all(sql::imports::earlier_contacts, tenant_, id_, known);
    for (auto const row : found) facts.earlier_contact.emplace(row.id<ContactId>(0), row.integer(1));
  }
  if (!facts.contacts.empty()) matched_ = true;
}

db::Columns Staging::columns_of_batch() const {
  db::Columns columns(18);
  auto some = [](std::string const& text) { return text.empty() ? std::nullopt : std::optional<std::string>(text); };
  for (auto const& row : written_) {
    bool const refused = row.verdict == Verdict::reject;
    columns.add(row.number, name(row.verdict), some(row.reason), some(row.note), row.contact, row.email, row.email_key, row.phone, row.first_name, row.last_name,
                row.time_zone, row.locale, row.external_id, row.lead_id, row.tracking, some(row.attributes), tags_text(row.tags),
                refused ? some(row.cells) : std::nullopt);
  }
  // What no row has need not travel: unnest fills up with nulls.
  if (store_.dialect() == db::Dialect::postgres)
    for (auto& column : columns.columns)
      if (std::ranges::none_of(column, [](std::optional<std::string> const& cell) { return cell.has_value(); })) column.clear();
  return columns;
}

Task<Result<void>> Staging::hand_over(TaskGroup& writing) {
  co_await writing.join();
  if (given_up_) co_return conflict("the import was given up while its file was still being read");
  if (batch_.empty()) co_return Result<void>();
  written_ = std::exchange(batch_, std::vector<ImportRow>());
  written_bytes_ = bytes_;
  written_row_ = last_row_;
  writing.spawn("import.stage", write_batch());
  co_return Result<void>();
}

Task<void> Staging::write_batch() {
  auto tx = co_await store_.begin(db::Lane::background);
  auto facts = co_await load_facts(tx, tenant_, written_);
  co_await find_earlier(tx, facts);
  std::int64_t created = 0, updated = 0, unchanged = 0, rejected = 0, suppressed = 0;
  for (auto& row : written_) {
    decide(row, facts);
    if (row.verdict == Verdict::reject) {
      row.contact.reset();
      ++rejected;
      continue;
    }
    if (row.verdict == Verdict::create) {
      row.contact = ids_.make<ContactId>();
      ++created;
    } else {
      ++(row.verdict == Verdict::update ? updated : unchanged);
      facts.earlier_contact.emplace(*row.contact, row.number);
    }
    if (!row.note.empty()) ++suppressed;
    if (row.email_key) facts.earlier_email.emplace(*row.email_key, row.number);
    if (row.external_id) facts.earlier_external.emplace(*row.external_id, row.number);
    if (row.phone && !row.email_key && !row.external_id) facts.earlier_phone.emplace(*row.phone, row.number);
  }
  auto const now = clock_.now();
  if (!columns_noted_) co_await tx.exec(sql::imports::note_columns, tenant_, id_, written(columns_), encoding(), std::string(1, csv_.delimiter()), now);
  columns_noted_ = true;
  co_await tx.exec(sql::imports::stage_rows, tenant_, id_, columns_of_batch());
  auto const counted = co_await tx.maybe(sql::imports::count_staged, tenant_, id_, written_bytes_, written_row_, created + updated + unchanged + rejected, created, updated,
                                         unchanged, rejected, suppressed, now);
  given_up_ = !counted.has_value();
  if (given_up_) co_return;
  co_await tx.commit();
  for (auto const& row : written_) {
    if (row.verdict == Verdict::reject) continue;
    if (row.email_key) seen_.add("e" + *row.email_key);
    if (row.external_id) seen_.add("x" + *row.external_id);
    if (row.phone && !row.email_key && !row.external_id) seen_.add("p" + *row.phone);
  }
  written_.clear();
  count_rows("create", created);
  count_rows("update", updated);
  count_rows("unchanged", unchanged);
  count_rows("reject", rejected);
}

}  // namespace postrider::contacts
