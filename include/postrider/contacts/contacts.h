// People who can be reached. Every change is audited in its own transaction.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/base/secret.h"
#include "postrider/contacts/erased_addresses.h"
#include "postrider/contacts/leads.h"
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
  std::optional<Lead> lead = {};  // the company behind lead_id; only where it is said so
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

// All of them must hold.
struct Filter {
  std::optional<std::string> search = {};  // each word begins a word of the name or of the address
  std::optional<std::string> email = {};   // exactly, normalised
  std::optional<std::string> external_id = {};
  std::optional<std::string> tag = {};
  std::optional<SegmentId> segment = {};
  std::optional<LeadId> lead = {};
  std::optional<Instant> created_from = {};  // inclusive
  std::optional<Instant> created_to = {};    // exclusive
  std::optional<std::vector<ContactId>> ids = {};  // only these, for who shows a list that names them
  bool operator==(Filter const&) const = default;
};

enum class Order { newest, oldest, address, address_backwards };  // by address: those who have none come last

struct Count {
  std::int64_t contacts = 0;
  bool is_exact = true;  // false: at least that many
};

class Contacts {
 public:
  // `peppers` key the hashes that erased people leave behind, the current one first.
  Contacts(db::Store& store, Clock const& clock, Ids& ids, std::vector<Secret> peppers = {})
      : store_(store), clock_(clock), ids_(ids), erased_(std::move(peppers)) {}

  struct Saved {
    Contact contact;
    bool created = false;
  };
  // Fails with invalid (fields), conflict (address or external id known). With `upsert`, a known address is changed instead. An address that
  // was erased while it was suppressed is suppressed again.
  Task<Result<Saved>> create(Context context, Change wanted, bool upsert);
  // With the lead.
  Task<Result<Contact>> find(TenantId tenant, ContactId id);
  // As `rows` has it. Nothing when there is no such contact.
  Task<std::optional<db::OwnedRow>> row(TenantId tenant, ContactId id);
  // Fails with not_found, invalid, conflict; precondition when `expected` is another version.
  Task<Result<Contact>> change(Context context, ContactId id, Change wanted, std::optional<Instant> expected);
  // Proof of consent and the trail of changes stay; what is queued for this person is canceled.
  Task<Result<void>> remove(Context context, ContactId id);
  // Those after the contact whose `place` is given.
  Task<std::vector<Contact>> list(TenantId tenant, Filter filter, Order order, std::optional<std::vector<std::string>> after, int limit,
                                  db::Lane lane = db::Lane::interactive);
  static std::vector<std::string> place(Contact const& contact, Order order);
  // The same as rows: the columns of sql/contacts.sql, and then the key of the address.
  Task<db::Rows> rows(TenantId tenant, Filter filter, Order order, std::optional<std::vector<std::string>> after, int limit,
                      db::Lane lane = db::Lane::interactive);
  static std::vector<std::string> place(db::Row row, Order order);
  // Counts to a limit: beyond it a number that is nearly right is not worth the wait.
  Task<Count> count(TenantId tenant, Filter filter, std::int64_t limit = 100'000);
  // All names of attributes in use, sorted; at most 500.
  Task<std::vector<std::string>> attribute_keys(TenantId tenant);
  // Everything stored about one person, as one object.
  Task<Result<boost::json::object>> export_of(TenantId tenant, ContactId id);
  // Removes what identifies the person everywhere, for good. Counters stay, and the proof of consent under an id that leads nowhere. An address
  // that was suppressed stays so as a keyed hash.
  Task<Result<void>> erase(Context context, ContactId id);

 private:
  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  ErasedAddresses erased_;
};

// Reads a contact out of fourteen columns from `at` on, in the order of sql/contacts.sql.
Contact read_contact(db::Row row, std::size_t at = 0);

// Applies a change; fails with invalid and all mistakes.
Result<Contact> changed(Contact contact, Change const& change);

}  // namespace postrider::contacts
