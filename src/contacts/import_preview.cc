// What users see of the rows: the preview page by page, and the rejected ones as a file to mend and import again.
#include "contacts/import_csv.h"
#include "contacts/import_records.h"
#include "sql/imports.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace postrider::contacts {

namespace {

constexpr int rejections_at_once = 1000;

constexpr std::array<std::string_view, 9> plain_fields{"email", "phone", "first_name", "last_name", "time_zone", "locale", "external_id", "lead_id", "tracking"};

// Only what the row says, from column `at` on: nine plain fields, attributes, tags.
boost::json::object fields_of(db::Row row, std::size_t at) {
  boost::json::object fields;
  for (std::size_t i = 0; i < plain_fields.size(); ++i) {
    if (row.is_null(at + i)) continue;
    if (plain_fields[i] == "tracking") fields[plain_fields[i]] = row.boolean(at + i);
    else fields[plain_fields[i]] = row.text(at + i);
  }
  if (!row.is_null(at + plain_fields.size())) fields["attributes"] = row.json(at + plain_fields.size());
  if (!row.is_null(at + plain_fields.size() + 1)) fields["tags"] = row.json(at + plain_fields.size() + 1);
  return fields;
}

std::string text_of(boost::json::value const& value) {
  if (value.is_string()) return std::string(value.as_string());
  if (!value.is_array()) return boost::json::serialize(value);
  std::string tags;
  for (auto const& tag : value.as_array()) tags += (tags.empty() ? "" : "|") + std::string(tag.as_string());
  return tags;
}

// A row that was refused at commit has lost the record it came as; its fields stand for it.
std::vector<std::string> cells_of(std::vector<ImportColumn> const& columns, boost::json::object const& fields) {
  std::vector<std::string> cells;
  for (auto const& column : columns) {
    cells.emplace_back();
    if (!column.field) continue;
    constexpr std::string_view attributes = "attributes.";
    boost::json::value const* value = fields.if_contains(*column.field);
    if (column.field->starts_with(attributes)) {
      auto const* const all = fields.if_contains("attributes");
      value = all ? all->as_object().if_contains(std::string_view(*column.field).substr(attributes.size())) : nullptr;
    }
    if (value) cells.back() = text_of(*value);
  }
  return cells;
}

std::vector<std::string> cells_of(std::string const& record) {
  std::vector<std::string> cells;
  CsvReader reader(CsvLimits(), [&cells](CsvRecord const& read) { cells.assign(read.cells.begin(), read.cells.end()); }, ',');
  static_cast<void>(reader.feed(record));
  static_cast<void>(reader.finish());
  return cells;
}

void append_record(std::string& out, std::vector<std::string> const& cells) {
  bool first = true;
  for (auto const& cell : cells) {
    if (!std::exchange(first, false)) out += ',';
    append_csv(out, guarded(cell));
  }
  out += "\r\n";
}

}  // namespace

Task<std::vector<ListedRow>> Imports::rows(TenantId tenant, ImportId id, std::optional<std::string> verdict, std::int64_t after, int limit) {
  db::Rows found;
  if (verdict == "reject") found = co_await store_.all(sql::imports::preview_rejected, tenant, id, after, limit);
  else found = co_await store_.all(sql::imports::preview_rows, tenant, id, after, verdict, limit);
  std::vector<ListedRow> all;
  for (auto const row : found) {
    ListedRow listed;
    listed.row = row.integer(0);
    listed.verdict = row.text(1);
    listed.reason = row.maybe_text(2);
    listed.note = row.maybe_text(3);
    // The id of a contact that is only to be made says nothing yet.
    if (listed.verdict != "reject") listed.contact_id = row.maybe_id<ContactId>(4);
    listed.fields = fields_of(row, 5);
    all.push_back(std::move(listed));
  }
  co_return all;
}

Task<std::optional<std::string>> Imports::rejections(TenantId tenant, Import import, std::int64_t& after, bool& begun) {
  std::string out;
  if (!std::exchange(begun, true)) {
    std::vector<std::string> header;
    for (auto const& column : import.columns) header.push_back(column.name);
    header.emplace_back("import_row");
    header.emplace_back("import_reason");
    append_record(out, header);
  }
  auto const rows = co_await store_.all_on(db::Lane::background, sql::imports::rejected_rows, tenant, import.id, after, rejections_at_once);
  for (auto const row : rows) {
    auto cells = row.is_null(2) ? cells_of(import.columns, fields_of(row, 3)) : cells_of(row.text(2));
    cells.resize(std::max(cells.size(), import.columns.size()));
    // A record with too many fields keeps them, behind what the header names.
    cells.insert(cells.begin() + static_cast<std::ptrdiff_t>(import.columns.size()), {row.text(0), row.maybe_text(1).value_or("")});
    append_record(out, cells);
    after = row.integer(0);
  }
  if (out.empty()) co_return std::nullopt;
  co_return out;
}

}  // namespace postrider::contacts
