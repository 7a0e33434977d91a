// The port through which messages leave: a batch of envelopes goes in, an outcome for each comes out. SMTP, SendGrid and
// the file provider stand behind it; the next one is one more file. A provider never decides whether a message may go: it
// asks its observer at the last instant, and tells it every phase of the hand-over so that a crash leaves an exact trace.
// All calls happen on the I/O thread.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/error.h"
#include "postrider/base/id.h"
#include "postrider/base/task.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::delivery {

class DkimSigner;

struct Address {
  std::string email;
  std::string name = {};
};

struct HeaderField {
  std::string name;
  std::string value;  // UTF-8 without line breaks; encoded by the provider
};

// What the recipient sees. SMS reads `text` only.
struct Letter {
  Address from;
  Address to;
  std::optional<Address> reply_to = {};
  std::string subject;
  std::string html = {};  // at least one of html and text
  std::string text = {};
  std::string unsubscribe_url = {};      // https; makes List-Unsubscribe and List-Unsubscribe-Post
  std::string unsubscribe_address = {};  // mail address; second part of List-Unsubscribe
  std::string list_id = {};              // "Acme news <news.acme.example>" or "<news.acme.example>"
  std::string feedback_id = {};          // up to four fields joined by ":"
  std::string in_reply_to = {};          // Message-ID of an earlier message, with its angle brackets
  bool auto_submitted = false;           // notices of the system itself
  std::vector<HeaderField> headers = {};  // further ones; those named above are refused here
};

// One message on its way. `date` is when the message was made, not when it is tried: the same bytes go out at each retry.
struct Envelope {
  MessageId id;
  TenantId tenant;
  CampaignId campaign = {};  // nil when there is none
  std::int64_t fence = 0;    // the fencing token of this attempt; goes into the journal
  bool transactional = false;
  Instant date = {};
  std::string mail_from = {};  // bounce address; letter.from when empty
  std::string rcpt_to = {};    // address, phone number or subscription; letter.to when empty
  Letter letter = {};
  std::shared_ptr<DkimSigner const> dkim = {};  // may be null
};

enum class OutcomeKind {
  accepted,       // the provider took responsibility
  temporary,      // not sent; try again later
  permanent,      // not sent; never will be. `bounce` says whether the recipient is to blame
  policy,         // blocked by policy or reputation; never blames the recipient
  configuration,  // wrong credentials, rights or set-up: stop the provider and tell an admin
  uncertain,      // may have been sent: the connection was lost between the end of the message and its reply
  not_sent,       // the observer said no, or the provider is being closed; does not count as an attempt
};

enum class BounceClass { none, hard, soft, block, content };

std::string_view name(OutcomeKind kind);
std::string_view name(BounceClass bounce);
std::optional<OutcomeKind> outcome_kind(std::string_view name);

struct Outcome {
  OutcomeKind kind = OutcomeKind::not_sent;
  std::string provider_message_id = {};
  int code = 0;                      // SMTP or HTTP status; 0 when none came
  std::string enhanced_status = {};  // "5.1.1"
  std::string reply = {};            // printable text of at most 500 bytes
  BounceClass bounce = BounceClass::none;
  std::optional<Duration> retry_after = {};  // not before; the caller adds its own backoff and jitter
  bool provider_fault = false;  // counts against the provider's circuit breaker: unreachable, time-out, 421, HTTP 5xx, set-up
};

// Where the hand-over of one message stands.
enum class Phase {
  begun,    // about to speak of it to the provider
  dot,      // about to let the last byte go: from here on it may have been sent
  replied,  // the outcome is known
};

// Called synchronously from inside `deliver`. Must not wait; `settled` must not throw.
class HandOffObserver {
 public:
  virtual ~HandOffObserver() = default;
  // Asked right before MAIL or the POST. False gives the outcome not_sent: unsubscribed meanwhile, fenced off, draining.
  virtual bool may_hand_off(Envelope const& envelope) = 0;
  // `outcome` is null except for Phase::replied. False says that the phase could not be recorded: before the last byte the
  // provider then lets go of the message (not_sent), afterwards it makes no difference to it.
  virtual bool phase(Envelope const& envelope, Phase phase, Outcome const* outcome) = 0;
  // The end of message number `index` of the batch, as soon as it is known; once for each, in any order.
  virtual void settled(std::size_t index, Outcome const& outcome) = 0;
};

struct CheckItem {
  std::string name;    // "connect", "tls", "login", ...
  bool good = false;
  std::string detail;  // a sentence; when bad it says how to mend it
};
struct CheckReport {
  std::vector<CheckItem> items;
  bool good() const;
};

struct Capabilities {
  std::string_view channel;         // "email", "sms", "push"
  std::size_t in_flight = 1;        // how many messages it hands over at the same time; batches should be larger
  bool reports_delivery = false;    // events about sent messages come back by webhook
  bool dkim = false;                // signs what it sends with Envelope::dkim
};

class Provider {
 public:
  virtual ~Provider() = default;

  virtual Capabilities capabilities() const = 0;
  // Hands over all of them, many at once, and returns their outcomes in the same order. `observer` must live until then.
  // May be called again while a batch is under way. Never throws for what a provider or network does.
  virtual Task<std::vector<Outcome>> deliver(std::vector<Envelope> batch, HandOffObserver& observer) = 0;
  // Tries the settings without sending anything.
  virtual Task<CheckReport> check() = 0;
  // Finishes what has begun, gives not_sent to the rest, closes connections. May be called twice.
  virtual Task<void> close() = 0;
};

}  // namespace postrider::delivery
