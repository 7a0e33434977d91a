// What an SMTP server says: a parser fed with bytes as they come, and the judgement of replies. Both are pure.
#pragma once

#include "postrider/delivery/provider.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::delivery {

struct SmtpReply {
  int code = 0;
  std::string enhanced = {};  // "2.1.5", when the first line has one of the same class
  std::string text = {};      // all lines without codes, joined by '\n', bounded

  bool positive() const { return code >= 200 && code < 300; }
};

// Bytes in, whole replies out; holds what is left over. Malformed or endless replies break it for good.
class SmtpReplyParser {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole reply, or nothing yet.
  std::optional<SmtpReply> next();
  bool broken() const { return broken_; }
  // True when bytes beyond the last reply wait: after STARTTLS that is an attack, and they must go.
  bool has_more() const { return at_ < buffer_.size(); }
  void discard();

 private:
  std::string buffer_;
  std::size_t at_ = 0;       // what lies before it is parsed
  std::size_t scanned_ = 0;  // up to here there is no unparsed line end
  std::size_t lines_ = 0;
  SmtpReply reply_;
  bool broken_ = false;
};

// What the server can do, from its answer to EHLO.
struct SmtpAbilities {
  bool pipelining = false;
  bool starttls = false;
  bool eight_bit = false;
  bool smtputf8 = false;
  bool auth_plain = false;
  bool auth_login = false;
  std::size_t size_limit = 0;  // 0: none stated
};
SmtpAbilities read_abilities(SmtpReply const& ehlo);

// Which step a reply answers: the same code means something else at each.
enum class SmtpStep { greeting, hello, starttls, auth, mail, rcpt, data, body };

// The judgement of a reply that ends a message or a connection. A positive reply is `accepted` only for the step body.
Outcome judge(SmtpReply const& reply, SmtpStep step);

// At most 500 printable bytes of what a server said, line breaks as " / ".
std::string bounded_reply(std::string_view text);

}  // namespace postrider::delivery
