// Double opt-in: somebody asks for consent to be confirmed, the person gets a mail with a link, and a button behind the link grants it.
// Here is the state; delivery/confirmations.h sends the mail, the page is the API's.
#pragma once

#include "postrider/consent/consent.h"

namespace postrider::consent {

struct OptIn {
  Uuid id;  // what the link's token names
  ContactId contact_id;
  std::string channel;
  std::string consent_type;
  std::optional<std::string> source;
  Instant requested_at;
  Instant expires_at;
  std::optional<Instant> confirmed_at;
};

// Consent becomes pending (a granted one stays and nothing is asked: `confirmed_at` is set at once).
// Fails with invalid, not_found (contact), paced when the last mail is minutes old or there were several within a day.
Task<Result<OptIn>> ask(db::Transaction& tx, Context context, ContactId contact, std::string channel, std::string type, Proof proof, Duration valid_for,
                        Ids& ids, Instant now);

enum class Confirmation {
  possible,   // the button would grant it
  confirmed,  // it is granted
  expired,    // too late; may be asked for again
  withdrawn,  // denied after it was asked for; may be asked for again
  unknown,    // no such request any more
};

struct OptInState {
  Confirmation confirmation = Confirmation::unknown;
  OptIn opt_in;
};
Task<OptInState> state(db::Session& session, TenantId tenant, Uuid id, Instant now);

// Grants it, keeping `text_shown`, address and user agent as proof, and lets go of a suppression that was a mere unsubscribe.
// Doing it twice is harmless: the second time changes nothing.
Task<OptInState> confirm(db::Transaction& tx, Context context, Uuid id, std::string text_shown, Ids& ids, Instant now);

}  // namespace postrider::consent
