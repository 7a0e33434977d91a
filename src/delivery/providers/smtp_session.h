// One conversation with an SMTP server: opened once, then one message after the other. Not shared: one user at a time.
#pragma once

#include "mime.h"
#include "smtp_reply.h"
#include "smtp_wire.h"

#include "postrider/delivery/provider.h"
#include "postrider/delivery/provider_settings.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace postrider::delivery {

struct SmtpOptions {
  std::string host_name = {};                         // for EHLO; an address literal when it is not a domain name
  std::chrono::milliseconds connect_time = std::chrono::seconds(30);
  std::chrono::milliseconds command_time = std::chrono::seconds(60);
  std::chrono::milliseconds final_reply_time = std::chrono::seconds(600);
  std::chrono::milliseconds idle_time = std::chrono::seconds(30);  // then an unused connection is closed
  std::chrono::milliseconds fewer_time = std::chrono::seconds(60);  // how long a refused connection lowers their number
  int messages_per_connection = 100;
  std::string trusted_certificates = {};  // PEM, beside the system's: for tests and private authorities
};

struct SmtpAttempt {
  Outcome outcome;
  // The connection had been idle or used up, and nothing was said about the message: a new connection may try at once.
  bool again = false;
};

class SmtpSession {
 public:
  // All references must outlive it.
  SmtpSession(Executor executor, SmtpSettings const& settings, SmtpOptions const& options, boost::asio::ssl::context& tls);

  // Connects, greets, encrypts and logs in. Nothing when all went well, else why not; then the session is of no more use.
  Task<std::optional<Outcome>> open();
  // Hands one message over. `mail` is taken apart.
  Task<SmtpAttempt> send(Envelope const& envelope, BuiltMail& mail, HandOffObserver& observer);
  Task<void> quit();

  bool usable() const { return usable_; }
  int sent() const { return sent_; }
  // What `open` did, step by step.
  std::vector<CheckItem> const& steps() const { return steps_; }

 private:
  Task<bool> command(std::string line, SmtpReply& reply);
  Task<bool> read_reply(SmtpReply& reply);
  Task<bool> write(std::string_view bytes);
  Task<std::optional<Outcome>> hello();
  Task<std::optional<Outcome>> encrypt();
  Task<std::optional<Outcome>> log_in();
  Task<SmtpAttempt> transact(std::string commands, std::string_view text, Envelope const& envelope, HandOffObserver& observer);
  Task<Outcome> send_text(std::string_view text, Envelope const& envelope, HandOffObserver& observer);
  Task<std::optional<Outcome>> last_words();
  Outcome lost(OutcomeKind kind, std::string_view when);
  Outcome failed_step(std::string name, Outcome outcome);

  SmtpSettings const& settings_;
  SmtpOptions const& options_;
  boost::asio::ssl::context& tls_;
  SmtpWire wire_;
  SmtpReplyParser parser_;
  SmtpAbilities abilities_;
  std::string incoming_;
  std::string why_lost_;
  std::vector<CheckItem> steps_;
  bool usable_ = false;
  bool needs_reset_ = false;
  int sent_ = 0;
};

}  // namespace postrider::delivery
