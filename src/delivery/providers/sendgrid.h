// Mail over SendGrid's v3 API: one request a message, several at the same time.
#pragma once

#include "http_sender.h"

#include "postrider/delivery/provider.h"
#include "postrider/delivery/provider_settings.h"

#include <memory>

namespace postrider {
class Clock;
}

namespace postrider::delivery {

class SendgridProvider : public Provider {
 public:
  // `clock` must outlive it.
  SendgridProvider(Executor executor, Clock const& clock, std::shared_ptr<HttpSender> http, SendgridSettings settings);

  Capabilities capabilities() const override;
  Task<std::vector<Outcome>> deliver(std::vector<Envelope> batch, HandOffObserver& observer) override;
  Task<CheckReport> check() override;
  Task<void> close() override;

 private:
  struct Round;
  Task<void> lane(Round& round);
  Task<Outcome> hand_over(Envelope const& envelope, HandOffObserver& observer);
  HttpCall call(std::string method, std::string path, std::string body) const;

  Executor executor_;
  Clock const& clock_;
  std::shared_ptr<HttpSender> http_;
  SendgridSettings settings_;
  int in_flight_ = 0;
  Signal changed_;  // a slot came free, or the last batch ended
  std::size_t rounds_ = 0;
  bool closing_ = false;
};

}  // namespace postrider::delivery
