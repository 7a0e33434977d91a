#include "support/people.h"

#include "postrider/consent/consent.h"

#include <stdexcept>

namespace postrider::test {

Task<TenantId> other_tenant(TestStore& t) {
  auto const id = t.ids.make<TenantId>();
  co_await t.query("insert into tenants (id, name, slug, created_at, updated_at) values ('" + id.str() + "', 'Other', 'other', '2026-01-01T00:00:00.000000Z', "
                   "'2026-01-01T00:00:00.000000Z')");
  co_return id;
}

Task<contacts::Contact> somebody(TestStore& t, std::string email, bool consent) {
  contacts::Contacts all(*t.store, t.clock, t.ids);
  contacts::Change person;
  person.email = std::move(email);
  auto saved = co_await all.create(t.context(), std::move(person), false);
  if (!saved) throw std::runtime_error(saved.error().message);
  if (consent) {
    consent::Proof proof{.status = "granted", .source = "signup form"};
    auto tx = co_await t.store->begin();
    co_await consent::set(tx, t.context(), saved->contact.id, "email", "marketing", std::move(proof), t.ids, t.clock.now());
    co_await tx.commit();
  }
  co_return saved->contact;
}

Task<SenderId> verified_sender(TestStore& t) {
  auto const provider = t.ids.make<ProviderId>().str();
  auto const sender = t.ids.make<SenderId>();
  auto const now = "'" + to_text(t.clock.now()) + "'";
  co_await t.query("insert into providers (tenant_id, id, name, kind, settings, breaker, created_at, updated_at) values ('" + t.tenant.str() + "', '" + provider +
                   "', 'Inbox', 'demo', '{}', '{}', " + now + ", " + now + ")");
  co_await t.query("insert into sender_identities (tenant_id, id, from_email, from_name, provider_id, verified, created_at, updated_at) values ('" + t.tenant.str() +
                   "', '" + sender.str() + "', 'news@acme.example', 'Acme', '" + provider + "', true, " + now + ", " + now + ")");
  co_return sender;
}

Task<MessageId> queued_message(TestStore& t, ContactId contact, std::string purpose) {
  auto const id = t.ids.make<MessageId>();
  auto const now = "'" + to_text(t.clock.now()) + "'";
  co_await t.query("insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, contact_id, status, priority, attempt_count, fence, due_at, "
                   "scheduled_at, variables, created_at, updated_at) values ('" + t.tenant.str() + "', '" + id.str() + "', 'outbound', 'email', '" + purpose + "', '" +
                   id.str() + "', '1', '" + contact.str() + "', 'queued', 5, 0, 0, " + now + ", " + now + ", '{\"secret\":\"canary\"}', " + now + ", " + now + ")");
  co_return id;
}

}  // namespace postrider::test
