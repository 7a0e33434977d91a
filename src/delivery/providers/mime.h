// Builds the bytes of a mail out of an envelope, the same ones at every try: Message-ID and boundary come from the message
// id, the date from the envelope. No randomness, no clock. An own builder because GMime takes three to four times as long
// and chooses encodings by itself (docs/decisions/mail-building.md).
#pragma once

#include "postrider/base/error.h"
#include "postrider/delivery/provider.h"

#include <string>

namespace postrider::delivery {

struct BuiltMail {
  std::string bytes;       // CRLF line ends throughout, ends with one; no line begins with a dot
  std::string mail_from;   // as they go into MAIL FROM and RCPT TO
  std::string rcpt_to;
  bool needs_smtputf8 = false;
};

// The parts of a letter that every provider sends as headers beside From, To, Reply-To and Subject: the List- headers,
// Feedback-ID, X-Postrider-Message and the letter's own. *Fails with* invalid: a name or value no header can carry.
Result<std::vector<HeaderField>> further_headers(Envelope const& envelope);

// *Fails with* invalid: an address that is none, no body, or a header that cannot be written; /letter/... names the part.
Result<BuiltMail> build_mail(Envelope const& envelope);

// "<message id@domain of the sender>"; the sender's address must be a good one.
std::string message_id_header(Envelope const& envelope, std::string_view domain);

// "Sun, 22 Nov 2026 10:00:00 +0000"
std::string mail_date(Instant instant);

}  // namespace postrider::delivery
