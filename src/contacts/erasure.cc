// Forgetting a person. Order matters: what finds rows through the contact runs before the contact goes.
#include "contacts/contact_record.h"
#include "postrider/audit/audit.h"
#include "postrider/contacts/contacts.h"
#include "sql/contacts.h"

#include <boost/json/value.hpp>

namespace postrider::contacts {

Task<Result<void>> Contacts::erase(Context context, ContactId id) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const row = co_await tx.maybe(sql::contacts::find_for_change, context.tenant, id);
  if (!row) co_return not_found("contact", id.str());
  auto const key = key_of(read_contact(*row));
  co_await tx.exec(sql::contacts::cancel_messages, context.tenant, id, now);
  co_await tx.exec(sql::contacts::forget_attempts, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_inbox, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_messages, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_events, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_marketing_events, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_consents, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_requests, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_imports, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_answers, context.tenant, "/api/v1/contacts/" + id.str());
  co_await tx.exec(sql::contacts::forget_audit, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_journeys, context.tenant, id, now);
  co_await tx.exec(sql::contacts::forget_journey_steps, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_journey_waits, context.tenant, id);
  co_await tx.exec(sql::contacts::forget_journey_entries, context.tenant, id);
  co_await tx.exec(sql::contacts::leave_segments, context.tenant, id);
  boost::json::object trace;
  if (key) {
    co_await erased_.hide(tx, context.tenant, *key);
    // Whoever is asked for proof with the address in hand finds it by this.
    trace["email_hash"] = erased_.hash(context.tenant, *key);
  }
  co_await tx.exec(sql::contacts::remove, context.tenant, id);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"contact", id.uuid(), "erased", audit::difference(boost::json::object(), trace)});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

}  // namespace postrider::contacts
