// Who is asking, and in whose name: travels with every request and job, and signs every audit entry.
#pragma once

#include "postrider/base/id.h"

#include <string>

namespace postrider {

enum class ActorKind { user, api_key, recipient, provider, system };

struct Actor {
  ActorKind kind = ActorKind::system;
  Uuid id = {};  // of the user or API key; nil otherwise
};

struct Context {
  TenantId tenant;
  Actor actor = {};
  std::string request_id = {};
  std::string ip_address = {};
  std::string user_agent = {};
};

}  // namespace postrider
