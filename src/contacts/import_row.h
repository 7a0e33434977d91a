// One row of a file on its way to a contact. Reading it is checking it (what is wrong with its cells); deciding is comparing it with
// what is known: both are pure, and the same code decides when a file is staged and again when it is committed.
#pragma once

#include "contacts/import_mapping.h"
#include "postrider/contacts/contacts.h"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace postrider::contacts {

enum class Verdict { create, update, unchanged, reject };
std::string_view name(Verdict verdict);
std::optional<Verdict> parse_verdict(std::string_view text);

struct ImportRow {
  std::int64_t number = 0;
  Verdict verdict = Verdict::create;
  std::string reason;  // of a rejection
  std::string note;    // what else the user should know
  std::optional<ContactId> contact;
  std::optional<std::string> email, email_key, phone, first_name, last_name, time_zone, locale, external_id;
  std::optional<LeadId> lead_id;
  std::optional<bool> tracking;
  std::string attributes;         // a JSON object; empty when the row has none
  std::vector<std::string> tags;  // sorted, without doubles
  std::string cells;              // the whole record, as CSV with commas

  void refuse(std::string why);
};

class RowReader {
 public:
  RowReader(std::vector<ColumnMapping> columns, std::vector<std::string> tags_for_all);
  // Empty cells say nothing. Mistakes make the row a rejection that names all of them.
  ImportRow read(std::int64_t number, std::vector<std::string_view> const& cells);
  std::vector<ColumnMapping> const& columns() const { return columns_; }

 private:
  void take(ImportRow& row, ColumnMapping const& column, std::string_view cell);
  bool known_zone(std::string_view zone);

  std::vector<ColumnMapping> columns_;
  std::vector<std::string> attribute_starts_;  // "\"plan\":" for each column
  std::vector<std::string> tags_for_all_;
  std::unordered_map<std::string, bool> zones_;
};

// What is known about a batch of rows before it is decided.
struct Facts {
  std::vector<Contact> contacts;
  std::unordered_map<std::string, std::size_t> by_email, by_external, by_phone;  // into contacts
  std::unordered_set<LeadId> leads;
  std::unordered_map<std::string, std::string> suppressed;  // address -> reason
  // Rows of the same file that stand before.
  std::unordered_map<std::string, std::int64_t> earlier_email, earlier_external, earlier_phone;
  std::unordered_map<ContactId, std::int64_t> earlier_contact;

  void add(Contact contact, std::optional<std::string> email_key);
};

// How a known contact changes: `before` holds the old values of what is written, for undo (tags: those added).
struct RowUpdate {
  Contact after;
  std::optional<std::string> email_key;
  boost::json::object before;
};

// Settles verdict, reason, note and contact of a row that is not rejected. Gives the change when there is one.
std::optional<RowUpdate> decide(ImportRow& row, Facts const& facts);

}  // namespace postrider::contacts
