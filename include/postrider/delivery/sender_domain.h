// Whether a domain is set up for the mail that is sent in its name: SPF, DMARC, and the DKIM key when there is one. Judging is pure; looking
// up is a function that is handed in.
#pragma once

#include "postrider/base/error.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::delivery {

// The TXT records of a name, each as one text; none when the name or its records do not exist.
// *Fails with* unavailable when the resolver gives no answer.
using TxtLookup = std::function<Result<std::vector<std::string>>(std::string const& name)>;
// Asks the system's resolver, and waits for it: call it off the I/O thread.
Result<std::vector<std::string>> look_up_txt(std::string const& name);

enum class Verdict { good, warning, bad };

struct DomainFinding {
  Verdict verdict = Verdict::good;
  std::string subject;  // "SPF of example.com"
  std::string detail;   // a sentence; tells how to mend it unless it is good
};

// `dkim`: name and text that should be published (dkim_record).
struct PublishedKey {
  std::string name;
  std::string text;
};
std::vector<DomainFinding> check_sender_domain(std::string const& domain, std::optional<PublishedKey> const& dkim, TxtLookup const& look_up);

}  // namespace postrider::delivery
