// A file being read: bytes in, staged rows in batches out. One batch is written while the next one is read; more is never held,
// whatever the file's size.
#pragma once

#include "contacts/import_csv.h"
#include "contacts/import_records.h"
#include "contacts/import_text.h"

#include <optional>
#include <string>
#include <vector>

namespace postrider::contacts {

// Has this key been here before, perhaps: no false "no", and at a million keys one false "yes" in five thousand.
class SeenKeys {
 public:
  SeenKeys() : bits_(size / 64) {}
  bool maybe(std::string_view key) const;
  void add(std::string_view key);

 private:
  static constexpr std::uint64_t size = std::uint64_t{1} << 25U;  // 4 MB
  static constexpr int probes = 4;
  std::vector<std::uint64_t> bits_;
};

class Staging {
 public:
  Staging(db::Store& store, Clock const& clock, Ids& ids, TenantId tenant, ImportId id, ImportRequest request, std::size_t batch);

  // Reads to the end. Fails with what is wrong with the file, or why it ended too early.
  Task<Result<void>> read(FileSource& source);
  std::vector<ImportColumn> const& columns() const { return columns_; }
  std::int64_t bytes() const { return bytes_; }
  std::string_view encoding() const { return name(decoder_.encoding()); }

 private:
  void take(CsvRecord const& record);
  void take_header(CsvRecord const& record, std::vector<std::string_view> const& cells);
  Task<Result<void>> read_through(FileSource& source, TaskGroup& writing);
  Task<Result<void>> consume(std::string text, TaskGroup& writing);
  // Waits for the batch before, and starts on this one.
  Task<Result<void>> hand_over(TaskGroup& writing);
  Task<void> write_batch();
  Task<void> find_earlier(db::Transaction& tx, Facts& facts);
  db::Columns columns_of_batch() const;

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  TenantId tenant_;
  ImportId id_;
  ImportRequest request_;
  std::size_t batch_size_;
  TextDecoder decoder_;
  CsvReader csv_;
  std::optional<RowReader> rows_;
  std::vector<ImportColumn> columns_;
  std::vector<ImportRow> batch_;    // being read
  std::vector<ImportRow> written_;  // being written
  std::int64_t written_bytes_ = 0, written_row_ = 0;
  SeenKeys seen_;
  std::optional<Error> failure_;    // of the file
  bool given_up_ = false;           // by somebody else, meanwhile
  std::int64_t bytes_ = 0;
  std::int64_t last_row_ = 0;
  std::int64_t total_ = 0;
  bool matched_ = false;       // a row named a known contact
  bool columns_noted_ = false;
};

}  // namespace postrider::contacts
