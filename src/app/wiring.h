// Every module of the running program, by value, in floor order. Only src/app sees this.
#pragma once

#include "api/operations_api.h"
#include "api/session_api.h"
#include "api/team_api.h"
#include "app/options.h"
#include "postrider/base/clock.h"
#include "postrider/base/id.h"
#include "postrider/base/offload.h"
#include "postrider/base/random.h"
#include "postrider/crypto/signing.h"
#include "postrider/db/store.h"
#include "postrider/http/router.h"
#include "postrider/http/server.h"
#include "postrider/identity/identity.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postrider::app {

struct Modules {
  Modules(Executor executor, Options options);

  // 0 ground
  Executor executor;
  Options options;
  SystemClock clock;
  SystemRandom random;
  UuidV7Ids ids;
  InstanceId instance;
  Offload offload;
  // 1 means
  crypto::Keys keys;
  std::unique_ptr<db::Store> store;
  // 2 spine
  identity::Identity identity;
  // 6 doors
  api::OperationsApi operations_api;
  api::SessionApi session_api;
  api::TeamApi team_api;
  std::optional<http::Router> router;
  std::unique_ptr<http::Server> server;

  // Started in this order, stopped in reverse.
  std::vector<Service*> running;
  std::vector<std::unique_ptr<Service>> services;

  bool has_role(std::string_view role) const;
  std::vector<http::Route> routes();
};

}  // namespace postrider::app
