// Mail into a directory, one <message id>.eml each: for development, the demo and tests. A file appears whole or not at all.
#pragma once

#include "postrider/delivery/provider.h"
#include "postrider/delivery/provider_settings.h"

namespace postrider {
class Offload;
}

namespace postrider::delivery {

class FileProvider : public Provider {
 public:
  FileProvider(Offload& offload, FileSettings settings) : offload_(offload), settings_(std::move(settings)) {}

  Capabilities capabilities() const override;
  Task<std::vector<Outcome>> deliver(std::vector<Envelope> batch, HandOffObserver& observer) override;
  Task<CheckReport> check() override;
  Task<void> close() override;

 private:
  Offload& offload_;
  FileSettings settings_;
  bool closing_ = false;
};

}  // namespace postrider::delivery
