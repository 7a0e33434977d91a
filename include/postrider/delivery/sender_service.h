// Sends what is due: claims messages lane by lane, asks the gate inside the claim, renders, hands over, settles. Every phase of a hand-over
// goes to the local journal first, so that after a crash only open hand-overs are uncertain.
#pragma once

#include "postrider/base/service.h"
#include "postrider/content/templates.h"
#include "postrider/crypto/tokens.h"
#include "postrider/db/store.h"
#include "postrider/delivery/provider.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace postrider::delivery {

struct SendingSettings {
  std::string public_url;                // base of the links in mail
  std::filesystem::path journal_folder;  // of this machine's instances
  int batch = 300;                       // messages claimed from a lane at a time
  int most_in_the_air = 1500;            // claimed and not yet settled; what is urgent may go beyond
  std::chrono::milliseconds poll{300};   // for what no announcement tells
  std::optional<std::chrono::milliseconds> beat_every = {};
};

struct SendingGround {
  db::Store& store;
  Clock const& clock;
  Random& random;
  Ids& ids;
  Executor executor;
  InstanceId instance;
  content::Templates& templates;
  std::function<Task<std::shared_ptr<Provider>>(TenantId, ProviderId)> provider_of;  // null: gone, or its settings do not fit
  crypto::Tokens const& tokens;
  std::function<Task<std::shared_ptr<DkimSigner const>>(TenantId, SenderId)> signer_of = {};  // null: the sender signs nothing
};

// Announce the topic "sending" when messages become due.
std::unique_ptr<Service> make_sender_service(SendingGround ground, SendingSettings settings);

}  // namespace postrider::delivery
