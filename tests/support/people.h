// People and what surrounds them, for tests that need some.
#pragma once

#include "postrider/contacts/contacts.h"
#include "support/store_test.h"

#include <string>

namespace postrider::test {

// One more tenant, called Other.
Task<TenantId> other_tenant(TestStore& t);
// A contact with this address, and with granted consent for marketing mail if wanted.
Task<contacts::Contact> somebody(TestStore& t, std::string email, bool consent = false);
// A verified sender with a provider of kind demo.
Task<SenderId> verified_sender(TestStore& t);
// A queued message to the contact, of the given purpose ("marketing", "transactional").
Task<MessageId> queued_message(TestStore& t, ContactId contact, std::string purpose);

}  // namespace postrider::test
