#include "smtp_reply.h"

#include "mime_encoding.h"

#include <algorithm>
#include <charconv>

namespace postrider::delivery {
namespace {

constexpr std::size_t kLongestLine = 4096;
constexpr std::size_t kMostLines = 200;
constexpr std::size_t kMostText = 16384;
constexpr std::size_t kReplyKept = 500;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "5.1.1 rest": the status when the text begins with one of the same class as the code.
std::string enhanced_of(int code, std::string_view text) {
  auto const end = std::min(text.find(' '), text.size());
  auto const status = text.substr(0, end);
  if (status.size() < 5 || status.size() > 9 || status[1] != '.' || status[0] != '0' + code / 100) return {};
  auto const second = status.find('.', 2);
  if (second == std::string_view::npos || second == 2 || second + 1 == status.size()) return {};
  for (std::size_t i = 2; i < status.size(); ++i) {
    if (i != second && !is_digit(status[i])) return {};
  }
  return std::string(status);
}

bool equal_word(std::string_view a, std::string_view upper) {
  return a.size() == upper.size() &&
         std::equal(a.begin(), a.end(), upper.begin(), [](unsigned char x, char y) { return std::toupper(x) == y; });
}

// What relays write after their 250: "queued as ABC", "Ok: queued as ABC", "id=ABC".
std::string queue_id(std::string_view text) {
  for (std::string_view const mark : {"queued as ", "id="}) {
    auto const at = text.find(mark);
    if (at == std::string_view::npos) continue;
    auto const rest = text.substr(at + mark.size());
    auto const end = std::min(rest.find_first_of(" \r\n<>;,)"), rest.size());
    return std::string(rest.substr(0, std::min<std::size_t>(end, 200)));
  }
  return {};
}

}  // namespace

std::optional<SmtpReply> SmtpReplyParser::next() {
  while (!broken_) {
    auto const end = buffer_.find('\n', std::max(at_, scanned_));
    if (end == std::string::npos) {
      scanned_ = buffer_.size();
      if (buffer_.size() - at_ > kLongestLine) broken_ = true;
      if (at_ == buffer_.size()) discard();
      return std::nullopt;
    }
    std::string_view line(buffer_.data() + at_, end - at_);
    at_ = scanned_ = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    auto const digits = line.size() >= 3 && line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) && is_digit(line[2]);
    auto const separator = line.size() == 3 ? ' ' : line.size() > 3 ? line[3] : '\0';
    auto const code = digits ? (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0') : 0;
    if (!digits || (separator != ' ' && separator != '-') || (lines_ > 0 && code != reply_.code) || ++lines_ > kMostLines || line.size() > kLongestLine) {
      broken_ = true;
      return std::nullopt;
    }
    auto const text = line.substr(std::min<std::size_t>(4, line.size()));
    if (lines_ == 1) {
      reply_.code = code;
      reply_.enhanced = enhanced_of(code, text);
    } else {
      reply_.text += '\n';
    }
    if (reply_.text.size() < kMostText) reply_.text += text;
    if (separator == ' ') {
      lines_ = 0;
      return std::exchange(reply_, SmtpReply{});
    }
  }
  return std::nullopt;
}

void SmtpReplyParser::discard() {
  buffer_.clear();
  at_ = scanned_ = 0;
}

SmtpAbilities read_abilities(SmtpReply const& ehlo) {
  SmtpAbilities abilities;
  std::string_view rest = ehlo.text;
  bool first = true;  // the first line is the server's name
  while (!rest.empty()) {
    auto const end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (std::exchange(first, false)) continue;
    auto const space = std::min(line.find_first_of(" ="), line.size());
    auto const word = line.substr(0, space);
    auto arguments = line.substr(std::min(space + 1, line.size()));
    if (equal_word(word, "PIPELINING")) abilities.pipelining = true;
    if (equal_word(word, "STARTTLS")) abilities.starttls = true;
    if (equal_word(word, "8BITMIME")) abilities.eight_bit = true;
    if (equal_word(word, "SMTPUTF8")) abilities.smtputf8 = true;
    if (equal_word(word, "SIZE")) std::from_chars(arguments.data(), arguments.data() + arguments.size(), abilities.size_limit);
    if (equal_word(word, "AUTH")) {
      while (!arguments.empty()) {
        auto const stop = std::min(arguments.find(' '), arguments.size());
        if (equal_word(arguments.substr(0, stop), "PLAIN")) abilities.auth_plain = true;
        if (equal_word(arguments.substr(0, stop), "LOGIN")) abilities.auth_login = true;
        arguments.remove_prefix(std::min(stop + 1, arguments.size()));
      }
    }
  }
  return abilities;
}

std::string bounded_reply(std::string_view text) {
  std::string out;
  auto const mended = mend_utf8(text.substr(0, kReplyKept * 2));
  for (std::size_t i = 0; i < mended.size();) {
    auto end = i + 1;  // one character: its first byte and those that follow it
    while (end < mended.size() && (static_cast<unsigned char>(mended[end]) & 0xC0) == 0x80) ++end;
    auto const byte = static_cast<unsigned char>(mended[i]);
    auto const piece = byte == '\n' ? std::string_view(" / ") : byte < 0x20 || byte == 0x7F ? std::string_view() : std::string_view(mended).substr(i, end - i);
    if (out.size() + piece.size() > kReplyKept) break;
    out += piece;
    i = end;
  }
  return out;
}

namespace {

struct Verdict {
  OutcomeKind kind;
  BounceClass bounce;
};

// By the enhanced status (RFC 3463), which is trusted over the basic code. Nothing: it does not say enough.
std::optional<Verdict> by_enhanced(std::string_view status, SmtpStep step) {
  auto const detail = status.substr(2);  // without the class
  auto const subject = detail.substr(0, detail.find('.'));
  auto const about_sender = step == SmtpStep::mail;
  if (subject == "1") {
    // 1.7 and 1.8 speak of the sender's address, and so does everything that answers MAIL.
    if (about_sender || detail == "1.7" || detail == "1.8" || detail == "1.9") return Verdict{OutcomeKind::policy, BounceClass::block};
    if (detail == "1.4" || detail == "1.5") return Verdict{OutcomeKind::permanent, BounceClass::none};
    return Verdict{OutcomeKind::permanent, BounceClass::hard};
  }
  if (subject == "2") {
    if (detail == "2.1") return Verdict{OutcomeKind::permanent, BounceClass::hard};
    if (detail == "2.3") return Verdict{OutcomeKind::permanent, BounceClass::content};
    return Verdict{OutcomeKind::permanent, BounceClass::soft};
  }
  if (subject == "3") {
    if (detail == "3.4") return Verdict{OutcomeKind::permanent, BounceClass::content};
    return Verdict{OutcomeKind::permanent, BounceClass::soft};
  }
  if (subject == "4") {
    // 5.4.1 is what large hosts answer to unknown recipients, 5.4.4 a domain without a host.
    if (step == SmtpStep::rcpt && (detail == "4.1" || detail == "4.4")) return Verdict{OutcomeKind::permanent, BounceClass::hard};
    return Verdict{OutcomeKind::permanent, BounceClass::soft};
  }
  if (subject == "5") return Verdict{OutcomeKind::permanent, BounceClass::none};
  if (subject == "6") return Verdict{OutcomeKind::permanent, BounceClass::content};
  if (subject == "7") {
    if (detail == "7.17") return Verdict{OutcomeKind::permanent, BounceClass::hard};  // the mailbox has a new owner (RFC 7293)
    return Verdict{OutcomeKind::policy, BounceClass::block};
  }
  return std::nullopt;
}

Verdict by_code(int code, SmtpStep step) {
  switch (code) {
    case 550:
    case 551:
    case 553:
      if (step == SmtpStep::rcpt) return {OutcomeKind::permanent, BounceClass::hard};
      return {OutcomeKind::policy, BounceClass::block};
    case 552:
      if (step == SmtpStep::rcpt) return {OutcomeKind::permanent, BounceClass::soft};  // mailbox full
      return {OutcomeKind::permanent, BounceClass::content};                           // message too big
    case 521:
    case 556:
      if (step == SmtpStep::rcpt) return {OutcomeKind::permanent, BounceClass::hard};
      return {OutcomeKind::policy, BounceClass::block};
    case 554:
    case 571:
      return {OutcomeKind::policy, BounceClass::block};
    default:
      return {OutcomeKind::permanent, BounceClass::none};  // 500 to 504, 555: the fault is ours
  }
}

}  // namespace

Outcome judge(SmtpReply const& reply, SmtpStep step) {
  Outcome outcome;
  outcome.code = reply.code;
  outcome.enhanced_status = reply.enhanced;
  outcome.reply = bounded_reply(reply.text);
  auto const conversation = step == SmtpStep::greeting || step == SmtpStep::hello || step == SmtpStep::starttls || step == SmtpStep::auth;
  if (reply.code < 400) {
    // Anything but 2xx to the text, or 354 where none was asked for, is out of step.
    if (step == SmtpStep::body && reply.positive()) {
      outcome.kind = OutcomeKind::accepted;
      outcome.provider_message_id = queue_id(reply.text);
    } else {
      outcome.kind = step == SmtpStep::body ? OutcomeKind::uncertain : OutcomeKind::temporary;
      outcome.provider_fault = true;
    }
    return outcome;
  }
  if (reply.code < 500) {
    outcome.kind = OutcomeKind::temporary;
    auto const subject = reply.enhanced.size() > 2 ? reply.enhanced[2] : '\0';
    outcome.provider_fault = conversation || reply.code == 421 || subject == '3';
    if (reply.code == 432) outcome.kind = OutcomeKind::configuration;
    if (step == SmtpStep::rcpt || step == SmtpStep::body) {
      if (subject == '2' || reply.code == 452) outcome.bounce = BounceClass::soft;
      if (subject == '7') outcome.bounce = BounceClass::block;
    }
    if (reply.code == 421) outcome.retry_after = std::chrono::seconds(60);
    return outcome;
  }
  auto const wants_login = reply.code == 530 || reply.code == 534 || reply.code == 535 || reply.code == 538;
  if (conversation || wants_login) {
    outcome.kind = OutcomeKind::configuration;
    outcome.provider_fault = true;
    return outcome;
  }
  auto const verdict = reply.enhanced.empty() ? std::nullopt : by_enhanced(reply.enhanced, step);
  auto const judged = verdict.value_or(by_code(reply.code, step));
  outcome.kind = judged.kind;
  outcome.bounce = judged.bounce;
  return outcome;
}

}  // namespace postrider::delivery
