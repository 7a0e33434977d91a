// A mail address taken apart and made fit for the wire: the domain as A-labels (IDNA), the local part as a dot-atom or a
// quoted string. Whatever could break out of a header or an SMTP command is refused here.
#pragma once

#include "postrider/base/error.h"

#include <string>
#include <string_view>

namespace postrider::delivery {

struct MailAddress {
  std::string local;   // as it is written: quoted where it must be
  std::string domain;  // ASCII
  bool needs_smtputf8 = false;  // the local part is not ASCII

  std::string str() const { return local + "@" + domain; }
};

// *Fails with* invalid and a sentence that says what is wrong with it.
Result<MailAddress> parse_mail_address(std::string_view text);

}  // namespace postrider::delivery
