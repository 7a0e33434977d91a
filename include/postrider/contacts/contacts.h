// People who can be reached. Every change is audited in its own transaction.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/db/store.h"
#include "postrider/json/field.h"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <vector>

namespace postrider::contacts {

struct Contact {
  ContactId id;
  std::optional<std::string> email, phone, first_name, last_name, time_zone, locale, external_id;
  std::optional<LeadId> lead_id;
  boost::json::object attributes;
  std::vector<std::string> tags;
  bool tracking = true;
  Instant created_at;
  Instant updated_at;
};

// What a caller says of a contact; absent members stay as they are (or empty, for a new one). Attributes are merged key by key,
// null removes one.
struct Change {
  json::Field<std::string> email, phone, first_name, last_name, time_zone, locale, external_id;
  json::Field<LeadId> lead_id;
  json::Given<boost::json::object> attributes;
  json::Given<std::vector<std::string>> tags;
  json::Given<bool> tracking;
};

struct Filter {
  std::optional<std::string> search;  // beginning of the e-mail address
  std::optional<std::string> email;   // exactly, normalised
  std::optional<std::string> external_id;
  std::optional<std::string> tag;
  std::optional<SegmentId> segment;
};

class Contacts {
 public:
  Contacts(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}

  struct Saved {
    Contact contact;
    bool created = false;
  };
  // Fails with invalid (fields), conflict (address or external id known). With `upsert`, a known address is changed instead.
  Task<Result<Saved>> create(Context context, Change wanted, bool upsert);
  Task<Result<Contact>> find(TenantId tenant, ContactId id);
  // Fails with not_found, invalid, conflict; precondition when `expected` is another version.
  Task<Result<Contact>> change(Context context, ContactId id, Change wanted, std::optional<Instant> expected);
  Task<Result<void>> remove(Context context, ContactId id);
  // Newest first; those before `before`.
  Task<std::vector<Contact>> list(TenantId tenant, Filter filter, std::optional<ContactId> before, int limit);
  // Everything stored about one person, as one object.
  Task<Result<boost::json::object>> export_of(TenantId tenant, ContactId id);
  // Removes what identifies the person everywhere, for good. Counters stay. The address stays suppressed.
  Task<Result<void>> erase(Context context, ContactId id);

 private:
  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

// Reads a contact out of fourteen columns from `at` on, in the order of sql/contacts.sql.
Contact read_contact(db::Row row, std::size_t at = 0);

// Applies a change; fails with invalid and all mistakes.
Result<Contact> changed(Contact contact, Change const& change);

}  // namespace postrider::contacts
