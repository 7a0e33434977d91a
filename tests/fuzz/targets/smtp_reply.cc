// What an SMTP server says, in pieces of any size, and the judgement of it.
#include "delivery/providers/smtp_reply.h"
#include "fuzz/target.h"

namespace postrider::fuzz {

namespace {

std::string outcome(std::string_view wire, std::size_t step) {
  delivery::SmtpReplyParser parser;
  std::string told;
  for (std::size_t at = 0; at < wire.size() && !parser.broken(); at += step) {
    parser.feed(wire.substr(at, step));
    while (auto const reply = parser.next()) {
      require(reply->code >= 200 && reply->code < 600, "a reply has a code");
      delivery::read_abilities(*reply);
      for (auto const at_step : {delivery::SmtpStep::greeting, delivery::SmtpStep::rcpt, delivery::SmtpStep::body}) {
        auto const judged = delivery::judge(*reply, at_step);
        require(judged.kind != delivery::OutcomeKind::accepted || (reply->positive() && at_step == delivery::SmtpStep::body), "only a good reply after the body accepts");
        require(judged.reply.size() <= 500, "what is kept of a reply is bounded");
        for (unsigned char const c : judged.reply) require(c >= 0x20 && c != 0x7f, "what is kept of a reply is printable");
      }
      told += std::to_string(reply->code) + " " + reply->enhanced + " " + reply->text + "\n";
    }
  }
  return told + (parser.broken() ? "broken" : parser.has_more() ? "more" : "done");
}

}  // namespace

void feed(std::string_view bytes) {
  auto const whole = outcome(bytes, bytes.size() + 1);
  for (std::size_t const step : {std::size_t(1), std::size_t(7)}) require(outcome(bytes, step) == whole, "every split of the bytes is read the same");
}

std::vector<Pattern> patterns() {
  return {{"", "250 2.0.0 ok\r\n", ""}, {"", "250-x\r\n", "250 x\r\n"}, {"250 ", "x", "\r\n"}, {"", "250 ok\r", ""}, {"", "2", ""}};
}

}  // namespace postrider::fuzz
