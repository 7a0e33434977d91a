#include "sendgrid.h"

#include "sendgrid_message.h"
#include "smtp_reply.h"

#include "postrider/base/clock.h"
#include "postrider/base/fail_point.h"

#include <algorithm>

POSTRIDER_DECLARE_FAIL_POINT(fail_before_post, "sendgrid.before_post");
POSTRIDER_DECLARE_FAIL_POINT(fail_after_post, "sendgrid.after_post");

namespace postrider::delivery {

// One call of `deliver`: lanes take the next message until there is none, or until the provider said that none may follow.
struct SendgridProvider::Round {
  std::vector<Envelope> envelopes;
  HandOffObserver& observer;
  std::vector<Outcome> outcomes;
  std::size_t next = 0;
  std::optional<Outcome> halted = {};

  void settle(std::size_t index, Outcome outcome) {
    outcomes[index] = std::move(outcome);
    observer.settled(index, outcomes[index]);
  }
};

// Counts a number up for as long as it lives, also when an exception passes.
template <class Number>
class Counted {
 public:
  Counted(Number& number, Signal& changed) : number_(number), changed_(changed) { ++number_; }
  ~Counted() {
    --number_;
    changed_.notify();
  }
  Counted(Counted const&) = delete;
  Counted& operator=(Counted const&) = delete;

 private:
  Number& number_;
  Signal& changed_;
};

SendgridProvider::SendgridProvider(Executor executor, Clock const& clock, std::shared_ptr<HttpSender> http, SendgridSettings settings)
    : executor_(executor), clock_(clock), http_(std::move(http)), settings_(std::move(settings)), changed_(executor) {}

Capabilities SendgridProvider::capabilities() const {
  return Capabilities{.channel = "email", .in_flight = static_cast<std::size_t>(settings_.max_connections), .reports_delivery = true, .dkim = false};
}

HttpCall SendgridProvider::call(std::string method, std::string path, std::string body) const {
  HttpCall made;
  made.method = std::move(method);
  made.url = settings_.base_url + path;
  made.fields.emplace_back("Authorization", "Bearer " + settings_.api_key.reveal());
  if (!body.empty()) made.fields.emplace_back("Content-Type", "application/json");
  made.body = std::move(body);
  return made;
}

Task<std::vector<Outcome>> SendgridProvider::deliver(std::vector<Envelope> batch, HandOffObserver& observer) {
  auto const size = batch.size();
  Round round{std::move(batch), observer, std::vector<Outcome>(size)};
  Counted const running(rounds_, changed_);
  TaskGroup group(executor_);
  auto const lanes = std::min(size, static_cast<std::size_t>(settings_.max_connections));
  for (std::size_t i = 0; i < lanes; ++i) group.spawn("sendgrid lane", lane(round));
  co_await group.join();
  co_return std::move(round.outcomes);
}

Task<void> SendgridProvider::lane(Round& round) {
  while (round.next < round.envelopes.size()) {
    // Batches that run at the same time share the connections.
    while (in_flight_ >= settings_.max_connections) co_await changed_.wait_for(std::chrono::seconds(1));
    if (round.next >= round.envelopes.size()) break;
    auto const index = round.next++;
    if (closing_ || round.halted) {
      Outcome outcome = round.halted.value_or(Outcome{});
      if (closing_) outcome.reply = "the provider is being closed";
      round.settle(index, std::move(outcome));
      continue;
    }
    Counted const slot(in_flight_, changed_);
    auto outcome = co_await hand_over(round.envelopes[index], round.observer);
    // A wrong key is wrong for all that follow; a limit that is reached counts as no attempt of theirs.
    if (outcome.kind == OutcomeKind::configuration) round.halted = outcome;
    if (outcome.code == 429) {
      round.halted = outcome;
      round.halted->kind = OutcomeKind::not_sent;
    }
    round.settle(index, std::move(outcome));
  }
}

Task<Outcome> SendgridProvider::hand_over(Envelope const& envelope, HandOffObserver& observer) {
  Outcome outcome;
  auto body = sendgrid_body(envelope);
  if (!body) {
    outcome.kind = OutcomeKind::permanent;
    outcome.reply = bounded_reply(body.error().message);
    if (!body.error().fields.empty() && body.error().fields.front().pointer == "/letter/to/email") outcome.bounce = BounceClass::hard;
    co_return outcome;
  }
  if (!observer.may_hand_off(envelope)) {
    outcome.reply = "held back at the last moment";
    co_return outcome;
  }
  // Begun and dot are one here: what the client writes is out of our hands from the first byte on.
  if (!observer.phase(envelope, Phase::begun, nullptr) || !observer.phase(envelope, Phase::dot, nullptr)) {
    outcome.reply = "the hand-over could not be recorded";
    co_return outcome;
  }
  POSTRIDER_FAIL_POINT("sendgrid.before_post");
  auto request = call("POST", "/v3/mail/send", std::move(*body));
  auto const answer = co_await http_->send(std::move(request));
  POSTRIDER_FAIL_POINT("sendgrid.after_post");
  outcome = judge_sendgrid(answer, clock_.now());
  observer.phase(envelope, Phase::replied, &outcome);
  co_return outcome;
}

Task<CheckReport> SendgridProvider::check() {
  auto request = call("GET", "/v3/scopes", "");
  auto const answer = co_await http_->send(std::move(request));
  CheckReport report;
  CheckItem connected;
  connected.name = "connect";
  connected.good = answer.end == HttpAnswer::End::answered;
  connected.detail = connected.good ? "reached " + settings_.base_url : settings_.base_url + " cannot be reached: " + answer.trouble;
  report.items.push_back(std::move(connected));
  if (answer.end == HttpAnswer::End::answered) {
    CheckItem key;
    key.name = "login";
    auto const may_send = answer.body.find("\"mail.send\"") != std::string::npos;
    key.good = answer.status == 200 && may_send;
    key.detail = key.good                ? "the API key may send mail"
                 : answer.status == 401  ? "the API key is wrong: make a new one in SendGrid's settings"
                 : answer.status == 200  ? "the API key lacks the right mail.send: give it to the key in SendGrid's settings"
                                         : "unexpected answer " + std::to_string(answer.status) + ": check base_url and the key's rights";
    report.items.push_back(std::move(key));
  }
  co_return report;
}

Task<void> SendgridProvider::close() {
  closing_ = true;
  while (rounds_ > 0) co_await changed_.wait_for(std::chrono::seconds(1));
}

}  // namespace postrider::delivery
