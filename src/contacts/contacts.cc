#include "postrider/contacts/contacts.h"

#include "contacts/contact_record.h"
#include "postrider/audit/audit.h"
#include "postrider/contacts/email_address.h"
#include "sql/contacts.h"

#include <algorithm>

namespace postrider::contacts {

namespace {

Error taken(db::UniqueViolation const& violation) {
  bool const external = violation.constraint.find("external") != std::string::npos;
  auto error = conflict(external ? "another contact has this external_id" : "another contact has this e-mail address; use ?upsert=email to change it");
  error.fields.push_back(FieldError{external ? "/external_id" : "/email", "duplicate", error.message});
  return error;
}

Error bad_reference() { return invalid_field("/lead_id", "invalid_value", "there is no lead with this id"); }

}  // namespace

Task<Result<Contacts::Saved>> Contacts::create(Context context, Change wanted, bool upsert) {
  auto fresh = changed(Contact(), wanted);
  if (!fresh) co_return fresh.error();
  if (upsert && !fresh->email) co_return invalid_field("/email", "required", "?upsert=email needs an e-mail address");
  auto const key = key_of(*fresh);
  std::optional<Error> refused;
  // A second round when somebody else added the same address in between.
  for (int round = 0; round < 2; ++round) {
    refused.reset();
    if (upsert) {
      auto const known = co_await store_.maybe(sql::contacts::find_by_key, context.tenant, key);
      if (known) {
        auto after = co_await change(context, known->id<ContactId>(0), wanted, std::nullopt);
        if (!after && after.error().code == Code::not_found) continue;
        if (!after) co_return after.error();
        co_return Saved{std::move(*after), false};
      }
    }
    try {
      auto const now = clock_.now();
      auto tx = co_await store_.begin();
      auto& c = *fresh;
      c.id = ids_.make<ContactId>();
      c.created_at = c.updated_at = now;
      co_await tx.exec(sql::contacts::insert, context.tenant, c.id, c.email, key, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id,
                       c.lead_id, c.attributes, tags_of(c), c.tracking, now);
      std::vector<std::string> keys;
      if (key) keys.push_back(*key);
      co_await erased_.recognise(tx, context.tenant, std::move(keys), ids_, now);
      std::vector<audit::Entry> entries;
      entries.push_back(audit::Entry{"contact", c.id.uuid(), "created", audit::difference(boost::json::object(), described(c))});
      co_await audit::record(tx, context, std::move(entries), ids_, now);
      co_await tx.commit();
      co_return Saved{std::move(c), true};
    } catch (db::UniqueViolation const& violation) {
      refused = taken(violation);
    } catch (db::ForeignKeyViolation const&) {
      refused = bad_reference();
    }
    if (!upsert || refused->fields.front().pointer != "/email") break;
  }
  if (!refused) refused = conflict("somebody else adds and deletes this address at the same time; try again");
  co_return *refused;
}

Task<Result<Contact>> Contacts::find(TenantId tenant, ContactId id) {
  auto const row = co_await store_.maybe(sql::contacts::find_with_lead, tenant, id);
  if (!row) co_return not_found("contact", id.str());
  auto contact = read_contact(*row);
  contact.lead = read_lead(*row, 14);
  co_return contact;
}

Task<std::optional<db::OwnedRow>> Contacts::row(TenantId tenant, ContactId id) { return store_.maybe(sql::contacts::find, tenant, id); }

Task<Result<Contact>> Contacts::change(Context context, ContactId id, Change wanted, std::optional<Instant> expected) {
  std::optional<Error> refused;
  Contact result;
  try {
    auto tx = co_await store_.begin();
    auto const row = co_await tx.maybe(sql::contacts::find_for_change, context.tenant, id);
    if (!row) co_return not_found("contact", id.str());
    auto const before = read_contact(*row);
    if (expected && before.updated_at != *expected)
      co_return Error(Code::precondition, "the contact was changed meanwhile: read it again, then repeat your change");
    auto after = changed(before, wanted);
    if (!after) co_return after.error();
    auto changes = audit::difference(described(before), described(*after));
    if (changes.empty()) co_return before;
    auto& c = *after;
    // Two versions never bear the same time, however fast they follow.
    auto const now = std::max(clock_.now(), before.updated_at + Duration(1));
    c.updated_at = now;
    auto const key = key_of(c);
    co_await tx.exec(sql::contacts::update, context.tenant, id, c.email, key, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.external_id,
                     c.lead_id, c.attributes, tags_of(c), c.tracking, now);
    if (key && key != key_of(before)) {
      std::vector<std::string> keys;
      keys.push_back(*key);
      co_await erased_.recognise(tx, context.tenant, std::move(keys), ids_, now);
    }
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"contact", id.uuid(), "updated", std::move(changes)});
    co_await audit::record(tx, context, std::move(entries), ids_, now);
    co_await tx.commit();
    result = std::move(c);
  } catch (db::UniqueViolation const& violation) {
    refused = taken(violation);
  } catch (db::ForeignKeyViolation const&) {
    refused = bad_reference();
  }
  if (refused) co_return *refused;
  co_return result;
}

Task<Result<void>> Contacts::remove(Context context, ContactId id) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const row = co_await tx.maybe(sql::contacts::find_for_change, context.tenant, id);
  if (!row) co_return not_found("contact", id.str());
  co_await tx.exec(sql::contacts::leave_segments, context.tenant, id);
  co_await tx.exec(sql::contacts::cancel_messages, context.tenant, id, now);
  co_await tx.exec(sql::contacts::remove, context.tenant, id);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"contact", id.uuid(), "deleted", audit::difference(described(read_contact(*row)), boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

}  // namespace postrider::contacts
