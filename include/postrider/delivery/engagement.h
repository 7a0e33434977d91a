// Who opened or clicked: a person, a machine, or nobody can tell. Pure. The raw facts of every hit are kept (message_events), so
// that they can be classed again when the rules learn. Sources: Apple's and Google's mail proxies as described by Mailgun and
// Bird, Mautic's two-second rule, and what link scanners are seen to do (docs/decisions).
#pragma once

#include "postrider/base/clock.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::delivery {

enum class ActorClass { human, machine, unknown, none };
std::string_view name(ActorClass value);

struct Hit {
  bool click = false;  // else an open
  Instant at;
  std::optional<Instant> sent_at = {};
  std::string method = "GET";
  std::string user_agent = {};
  std::string ip_address = {};
  bool provider_says_machine = false;
  int recent_links = 0;  // distinct links of this message hit in the ten seconds before, this one included
  int links = 0;         // links the message has
};

struct Classified {
  ActorClass actor = ActorClass::unknown;
  std::vector<std::string> reasons;  // machine words: "apple_mail_privacy", "bot_user_agent", "too_fast", ...
};

Classified classify(Hit const& hit);

// True for user agents of crawlers, scanners, libraries and monitors. Linear in the length of the text.
bool is_bot(std::string_view user_agent);

}  // namespace postrider::delivery
