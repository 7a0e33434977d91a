// Leads: the companies behind contacts. In Liquid a contact's lead is `contact.lead` with name, domain and attributes.
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

struct Lead {
  LeadId id;
  std::string name;
  std::optional<std::string> domain;  // lower case, without scheme
  boost::json::object attributes;
  std::int64_t contact_count = 0;  // where leads are listed and shown
  Instant created_at;
  Instant updated_at;
};

// Absent members stay as they are. Attributes are merged key by key, null removes one.
struct LeadChange {
  json::Given<std::string> name;
  json::Field<std::string> domain;
  json::Given<boost::json::object> attributes;
};

struct LeadFilter {
  std::optional<std::string> name = {};    // its beginning, in any case
  std::optional<std::string> domain = {};  // exactly
};

class Leads {
 public:
  Leads(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}

  // Each is audited. Fails with invalid (fields).
  Task<Result<Lead>> create(Context context, LeadChange wanted);
  Task<Result<Lead>> find(TenantId tenant, LeadId id);
  // Fails also with not_found; precondition when `expected` is another version.
  Task<Result<Lead>> change(Context context, LeadId id, LeadChange wanted, std::optional<Instant> expected);
  // Fails with conflict while contacts belong to it, unless they are let go (`detach`).
  Task<Result<void>> remove(Context context, LeadId id, bool detach);
  // Newest first, those before `before`.
  Task<std::vector<Lead>> list(TenantId tenant, LeadFilter filter, std::optional<LeadId> before, int limit);

 private:
  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

// Reads a lead out of six columns from `at` on: id, name, domain, attributes, created_at, updated_at. Nothing when the id is null.
std::optional<Lead> read_lead(db::Row row, std::size_t at);

}  // namespace postrider::contacts
