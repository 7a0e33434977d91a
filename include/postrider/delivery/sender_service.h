// Sends what is due: claims messages lane by lane, asks the gate inside the claim, renders, hands over, settles. Every phase of a hand-over
// goes to the local journal first, so that after a crash only open hand-overs are uncertain.
#pragma once

#include "postrider/base/service.h"
#include "postrider/content/templates.h"
#include "postrider/crypto/tokens.h"
#include "postrider/db/store.h"
#include "postrider/delivery/identities.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace postrider::delivery {

struct SendingSettings {
  std::string public_url;                // base of the links in mail
  std::filesystem::path journal_folder;  // of this machine's instances
  int batch = 200;                       // messages claimed from a lane at a time
  int batches = 3;                       // batches under way at a time
};

struct SendingGround {
  db::Store& store;
  Clock const& clock;
  Random& random;
  Ids& ids;
  Executor executor;
  InstanceId instance;
  content::Templates& templates;
  Identities& identities;
  crypto::Tokens const& tokens;
};

// Announce the topic "sending" when messages become due.
std::unique_ptr<Service> make_sender_service(SendingGround ground, SendingSettings settings);

}  // namespace postrider::delivery
