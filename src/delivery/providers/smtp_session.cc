#include "smtp_session.h"

#include "postrider/base/fail_point.h"
#include "postrider/crypto/encoding.h"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>

#include <algorithm>

POSTRIDER_DECLARE_FAIL_POINT(fail_begun, "smtp.begun");
POSTRIDER_DECLARE_FAIL_POINT(fail_before_dot, "smtp.before_dot");
POSTRIDER_DECLARE_FAIL_POINT(fail_after_dot, "smtp.after_dot");
POSTRIDER_DECLARE_FAIL_POINT(fail_replied, "smtp.replied");

namespace postrider::delivery {

namespace asio = boost::asio;

namespace {

// The last piece of a long text is kept back until the journal says so: the time in which it may have been sent is that of
// one write, not that of a whole upload.
constexpr std::size_t kLastPiece = 16 * 1024;
constexpr std::size_t kWholeText = 64 * 1024;

std::string hello_name(std::string const& name) {
  auto const good = !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.';
  });
  return good ? name : "[127.0.0.1]";
}

// Doubles dots that begin a line, and adds the end of the text. The builder leaves no such line, so that this copies nothing.
std::string stuffed(std::string text) {
  if (!text.ends_with("\r\n")) text += "\r\n";
  if (text.starts_with('.') || text.find("\n.") != std::string::npos) {
    std::string out;
    out.reserve(text.size() + 64);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '.' && (i == 0 || text[i - 1] == '\n')) out += '.';
      out += text[i];
    }
    text = std::move(out);
  }
  text += ".\r\n";
  return text;
}

Outcome refusal(OutcomeKind kind, BounceClass bounce, std::string_view status, std::string reply) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.bounce = bounce;
  outcome.enhanced_status = status;
  outcome.reply = std::move(reply);
  return outcome;
}

Outcome not_sent(std::string why) { return refusal(OutcomeKind::not_sent, BounceClass::none, "", std::move(why)); }

}  // namespace

SmtpSession::SmtpSession(Executor executor, SmtpSettings const& settings, SmtpOptions const& options, asio::ssl::context& tls)
    : settings_(settings), options_(options), tls_(tls), wire_(std::move(executor)) {}

// The connection is gone. `when` completes "the connection was lost ...".
Outcome SmtpSession::lost(OutcomeKind kind, std::string_view when) {
  usable_ = false;
  Outcome outcome;
  outcome.kind = kind;
  outcome.reply = bounded_reply("the connection to " + settings_.host + " was lost " + std::string(when) + ": " + why_lost_);
  outcome.provider_fault = true;
  wire_.close();
  return outcome;
}

Outcome SmtpSession::failed_step(std::string name, Outcome outcome) {
  usable_ = false;
  wire_.close();
  steps_.push_back(CheckItem{std::move(name), false, outcome.reply});
  return outcome;
}

Task<bool> SmtpSession::write(std::string_view bytes) {
  std::size_t written = 0;
  auto const error = co_await wire_.write(bytes, written);
  if (!error) co_return true;
  why_lost_ = wire_.timed_out() ? "time-out" : error.message();
  co_return false;
}

Task<bool> SmtpSession::read_reply(SmtpReply& reply) {
  while (true) {
    if (auto next = parser_.next()) {
      reply = std::move(*next);
      co_return true;
    }
    if (parser_.broken()) {
      why_lost_ = "it does not speak SMTP";
      co_return false;
    }
    incoming_.clear();
    auto const error = co_await wire_.read(incoming_);
    if (error) {
      why_lost_ = wire_.timed_out() ? "time-out" : error == asio::error::eof ? "closed by the server" : error.message();
      co_return false;
    }
    parser_.feed(incoming_);
  }
}

Task<bool> SmtpSession::command(std::string line, SmtpReply& reply) {
  wire_.set_deadline(options_.command_time);
  line += "\r\n";
  auto const out = co_await write(line);
  if (!out) co_return false;
  auto const in = co_await read_reply(reply);
  co_return in;
}

Task<std::optional<Outcome>> SmtpSession::open() {
  wire_.set_deadline(options_.connect_time);
  auto const where = settings_.host + " port " + std::to_string(settings_.port);
  auto const error = co_await wire_.connect(settings_.host, settings_.port);
  if (error) {
    Outcome outcome;
    outcome.kind = OutcomeKind::temporary;
    outcome.provider_fault = true;
    auto const why = wire_.timed_out() ? "no answer within the time-out" : error == asio::error::host_not_found ? "there is no such host" : error.message();
    outcome.reply = "could not connect to " + where + ": " + why;
    co_return failed_step("connect", std::move(outcome));
  }
  if (settings_.security == SmtpSecurity::tls) {
    auto failed = co_await encrypt();
    if (failed) co_return failed;
  }
  wire_.set_deadline(options_.command_time);
  SmtpReply greeting;
  auto const greeted = co_await read_reply(greeting);
  if (!greeted) co_return failed_step("connect", lost(OutcomeKind::temporary, "before the greeting"));
  if (!greeting.positive()) co_return failed_step("connect", judge(greeting, SmtpStep::greeting));
  steps_.push_back(CheckItem{"connect", true, "connected to " + where});
  auto failed = co_await hello();
  if (failed) co_return failed;
  if (settings_.security == SmtpSecurity::starttls) {
    if (!abilities_.starttls) {
      auto outcome = refusal(OutcomeKind::configuration, BounceClass::none, "",
                             where + " does not offer STARTTLS: set security to tls, or to none if the way there is safe");
      outcome.provider_fault = true;
      co_return failed_step("tls", std::move(outcome));
    }
    SmtpReply reply;
    auto const answered = co_await command("STARTTLS", reply);
    if (!answered) co_return failed_step("tls", lost(OutcomeKind::temporary, "at STARTTLS"));
    if (!reply.positive()) co_return failed_step("tls", judge(reply, SmtpStep::starttls));
    // Whatever came in the clear behind the reply was put there by somebody else.
    parser_.discard();
    failed = co_await encrypt();
    if (failed) co_return failed;
    failed = co_await hello();
    if (failed) co_return failed;
  }
  if (!settings_.username.empty()) {
    failed = co_await log_in();
    if (failed) co_return failed;
  }
  usable_ = true;
  co_return std::nullopt;
}

Task<std::optional<Outcome>> SmtpSession::encrypt() {
  wire_.set_deadline(options_.command_time);
  auto const error = co_await wire_.start_tls(tls_, settings_.host, settings_.verify_certificate);
  if (!error) {
    steps_.push_back(CheckItem{"tls", true, settings_.verify_certificate ? "encrypted, certificate verified" : "encrypted, certificate not verified"});
    co_return std::nullopt;
  }
  Outcome outcome;
  auto const& trouble = wire_.tls_trouble();
  outcome.kind = trouble.empty() ? OutcomeKind::temporary : OutcomeKind::configuration;
  outcome.provider_fault = true;
  outcome.reply = bounded_reply("no encrypted connection to " + settings_.host + ": " +
                                (trouble.empty() ? wire_.timed_out() ? "time-out" : error.message() : trouble));
  co_return failed_step("tls", std::move(outcome));
}

Task<std::optional<Outcome>> SmtpSession::hello() {
  auto const name = hello_name(options_.host_name);
  abilities_ = SmtpAbilities{};
  SmtpReply reply;
  auto answered = co_await command("EHLO " + name, reply);
  if (!answered) co_return failed_step("hello", lost(OutcomeKind::temporary, "at EHLO"));
  if (reply.positive()) {
    abilities_ = read_abilities(reply);
    co_return std::nullopt;
  }
  if (reply.code >= 500) {
    answered = co_await command("HELO " + name, reply);
    if (!answered) co_return failed_step("hello", lost(OutcomeKind::temporary, "at HELO"));
    if (reply.positive()) co_return std::nullopt;
  }
  co_return failed_step("hello", judge(reply, SmtpStep::hello));
}

Task<std::optional<Outcome>> SmtpSession::log_in() {
  auto const& password = settings_.password.reveal();
  SmtpReply reply;
  bool answered = true;
  if (abilities_.auth_plain) {
    auto const line = std::string("\0", 1) + settings_.username + std::string("\0", 1) + password;
    answered = co_await command("AUTH PLAIN " + crypto::base64(line), reply);
  } else if (abilities_.auth_login) {
    answered = co_await command("AUTH LOGIN", reply);
    if (answered && reply.code == 334) answered = co_await command(crypto::base64(settings_.username), reply);
    if (answered && reply.code == 334) answered = co_await command(crypto::base64(password), reply);
  } else {
    auto outcome = refusal(OutcomeKind::configuration, BounceClass::none, "",
                           settings_.host + " offers no way to log in that postrider knows (PLAIN, LOGIN)" +
                               (wire_.encrypted() ? "" : "; most servers offer it on encrypted connections only: set security to starttls or tls"));
    outcome.provider_fault = true;
    co_return failed_step("login", std::move(outcome));
  }
  if (!answered) co_return failed_step("login", lost(OutcomeKind::temporary, "at AUTH"));
  if (!reply.positive()) {
    auto outcome = judge(reply, SmtpStep::auth);
    if (reply.code < 400) outcome.kind = OutcomeKind::configuration;
    co_return failed_step("login", std::move(outcome));
  }
  steps_.push_back(CheckItem{"login", true, "logged in as " + settings_.username});
  co_return std::nullopt;
}

Task<SmtpAttempt> SmtpSession::send(Envelope const& envelope, BuiltMail& mail, HandOffObserver& observer) {
  SmtpAttempt attempt;
  if (mail.needs_smtputf8 && !abilities_.smtputf8) {
    attempt.outcome = refusal(OutcomeKind::permanent, BounceClass::none, "5.6.7", settings_.host + " does not take addresses with letters beyond ASCII before the @");
    co_return attempt;
  }
  if (abilities_.size_limit > 0 && mail.bytes.size() > abilities_.size_limit) {
    attempt.outcome = refusal(OutcomeKind::permanent, BounceClass::content, "5.3.4",
                              "the message has " + std::to_string(mail.bytes.size()) + " bytes, " + settings_.host + " takes " + std::to_string(abilities_.size_limit));
    co_return attempt;
  }
  std::string commands = needs_reset_ ? "RSET\r\n" : "";
  commands += "MAIL FROM:<" + mail.mail_from + ">";
  if (abilities_.size_limit > 0) commands += " SIZE=" + std::to_string(mail.bytes.size());
  if (mail.needs_smtputf8) commands += abilities_.eight_bit ? " BODY=8BITMIME SMTPUTF8" : " SMTPUTF8";
  commands += "\r\nRCPT TO:<" + mail.rcpt_to + ">\r\nDATA\r\n";
  auto const text = stuffed(std::move(mail.bytes));

  if (!observer.may_hand_off(envelope)) {
    attempt.outcome = not_sent("held back at the last moment");
    co_return attempt;
  }
  if (!observer.phase(envelope, Phase::begun, nullptr)) {
    attempt.outcome = not_sent("the hand-over could not be recorded");
    co_return attempt;
  }
  POSTRIDER_FAIL_POINT("smtp.begun");
  attempt = co_await transact(std::move(commands), text, envelope, observer);
  POSTRIDER_FAIL_POINT("smtp.replied");
  if (attempt.again) co_return attempt;
  observer.phase(envelope, Phase::replied, &attempt.outcome);
  if (attempt.outcome.code == 421 && usable_) {
    usable_ = false;
    wire_.close();
  }
  ++sent_;
  co_return attempt;
}

// MAIL, RCPT and DATA in one write where the server allows it, one by one where not; then the text.
Task<SmtpAttempt> SmtpSession::transact(std::string commands, std::string_view text, Envelope const& envelope, HandOffObserver& observer) {
  SmtpAttempt attempt;
  wire_.set_deadline(options_.command_time);
  auto const stale = sent_ > 0;  // the server may have closed it for lack of use, or after so many messages
  std::string_view rest = commands;
  if (abilities_.pipelining) {
    auto const out = co_await write(rest);
    // Even then a reply may wait that tells why.
    if (!out) {
      auto words = co_await last_words();
      attempt.again = stale;
      attempt.outcome = words && !stale ? std::move(*words) : lost(OutcomeKind::temporary, "before the message");
      co_return attempt;
    }
  }
  std::optional<Outcome> failed;
  bool invited = false;
  bool first = true;
  for (; !rest.empty();) {
    auto const end = rest.find("\r\n") + 2;
    auto const line = rest.substr(0, end);
    rest.remove_prefix(end);
    auto const step = line[0] == 'M' ? SmtpStep::mail : line[0] == 'D' ? SmtpStep::data : SmtpStep::rcpt;
    auto const is_reset = line.starts_with("RSET");
    if (!abilities_.pipelining) {
      if (failed) break;
      wire_.set_deadline(options_.command_time);
      auto const out = co_await write(line);
      if (!out && first && stale) {
        attempt.again = true;
        attempt.outcome = lost(OutcomeKind::temporary, "before the message");
        co_return attempt;
      }
    }
    SmtpReply reply;
    auto const answered = co_await read_reply(reply);
    if (!answered || (first && stale && reply.code == 421)) {
      attempt.again = first && stale;
      if (answered) why_lost_ = reply.text;
      attempt.outcome = failed && !attempt.again ? *failed : lost(OutcomeKind::temporary, "before the message");
      usable_ = false;
      wire_.close();
      co_return attempt;
    }
    first = false;
    if (reply.code == 421) {
      attempt.outcome = failed ? *failed : judge(reply, step);
      usable_ = false;
      wire_.close();
      co_return attempt;
    }
    if (is_reset) {
      needs_reset_ = false;
      continue;
    }
    if (step == SmtpStep::data) {
      invited = reply.code == 354;
      if (!invited && !failed) failed = judge(reply, step);
    } else if (!reply.positive() && !failed) {
      failed = judge(reply, step);
    }
  }
  if (!failed) {
    attempt.outcome = co_await send_text(text, envelope, observer);
    if (attempt.outcome.kind != OutcomeKind::accepted) needs_reset_ = true;
    co_return attempt;
  }
  attempt.outcome = std::move(*failed);
  needs_reset_ = true;
  if (invited) {
    // The server wants a text though it took no recipient: an empty one, which it must refuse.
    wire_.set_deadline(options_.command_time);
    auto const out = co_await write(".\r\n");
    SmtpReply reply;
    auto const answered = out && co_await read_reply(reply);
    if (!answered || reply.code == 421) {
      usable_ = false;
      wire_.close();
    }
  }
  co_return attempt;
}

Task<Outcome> SmtpSession::send_text(std::string_view text, Envelope const& envelope, HandOffObserver& observer) {
  wire_.set_deadline(options_.final_reply_time);
  auto last = text;
  if (text.size() > kWholeText) {
    auto const out = co_await write(text.substr(0, text.size() - kLastPiece));
    if (!out) {
      auto words = co_await last_words();
      co_return words ? std::move(*words) : lost(OutcomeKind::temporary, "in the middle of the message");
    }
    last = text.substr(text.size() - kLastPiece);
  }
  if (!observer.phase(envelope, Phase::dot, nullptr)) {
    // In the middle of a text there is no way back but to hang up.
    usable_ = false;
    wire_.close();
    co_return not_sent("the hand-over could not be recorded");
  }
  POSTRIDER_FAIL_POINT("smtp.before_dot");
  std::size_t written = 0;
  auto const error = co_await wire_.write(last, written);
  POSTRIDER_FAIL_POINT("smtp.after_dot");
  if (error && written < last.size()) {
    // The end of the message never left this machine.
    why_lost_ = wire_.timed_out() ? "time-out" : error.message();
    auto words = co_await last_words();
    co_return words ? std::move(*words) : lost(OutcomeKind::temporary, "in the middle of the message");
  }
  SmtpReply reply;
  auto const answered = co_await read_reply(reply);
  if (!answered) co_return lost(OutcomeKind::uncertain, "after the message and before its reply");
  auto outcome = judge(reply, SmtpStep::body);
  if (outcome.kind == OutcomeKind::uncertain) {
    usable_ = false;
    wire_.close();
  }
  co_return outcome;
}

// A server that hangs up in the middle has often said why: a reply may wait in the socket.
Task<std::optional<Outcome>> SmtpSession::last_words() {
  auto const why = why_lost_;
  wire_.set_deadline(std::chrono::seconds(2));
  SmtpReply reply;
  std::optional<Outcome> outcome;
  auto const answered = co_await read_reply(reply);
  why_lost_ = why;
  if (answered && reply.code >= 400) outcome = judge(reply, SmtpStep::body);
  usable_ = false;
  wire_.close();
  co_return outcome;
}

Task<void> SmtpSession::quit() {
  if (usable_) {
    usable_ = false;
    wire_.set_deadline(std::min(options_.command_time, std::chrono::milliseconds(2000)));
    auto const out = co_await write("QUIT\r\n");
    SmtpReply reply;
    if (out) co_await read_reply(reply);
  }
  wire_.close();
}

}  // namespace postrider::delivery
