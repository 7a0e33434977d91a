// Mail over SMTP to a relay: a pool of up to max_connections conversations that share one queue of messages. Each sends
// up to a hundred messages; one that has nothing to do for half a minute is closed.
#pragma once

#include "smtp_session.h"

#include "postrider/delivery/provider.h"
#include "postrider/delivery/provider_settings.h"

#include <memory>

namespace postrider {
class Offload;
}

namespace postrider::delivery {

class SmtpProvider : public Provider {
 public:
  // `offload` must outlive it. *Throws* when the trusted certificates of the options are not PEM.
  SmtpProvider(Executor executor, Offload& offload, SmtpSettings settings, SmtpOptions options);
  ~SmtpProvider() override;

  Capabilities capabilities() const override;
  Task<std::vector<Outcome>> deliver(std::vector<Envelope> batch, HandOffObserver& observer) override;
  Task<CheckReport> check() override;
  Task<void> close() override;

 private:
  struct Pool;
  std::shared_ptr<Pool> pool_;
};

}  // namespace postrider::delivery
