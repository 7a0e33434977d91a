// Makes a provider from its stored kind and settings.
#pragma once

#include "postrider/base/error.h"
#include "postrider/base/task.h"
#include "postrider/delivery/provider.h"

#include <boost/json/object.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace postrider {
class Clock;
class Offload;
}  // namespace postrider
namespace postrider::http {
class Client;
}

namespace postrider::delivery {

// What providers stand on; all of it must outlive them.
struct ProviderGround {
  Executor executor;
  Clock const& clock;
  Offload& offload;
  http::Client* http = nullptr;    // needed by those that speak HTTP
  std::string host_name = {};      // what SMTP says in EHLO; a domain name that resolves to this machine
};

// `settings` holds its secrets in the clear. *Fails with* invalid: unknown kind, or settings that do not decode.
Result<std::unique_ptr<Provider>> make_provider(std::string_view kind, boost::json::object const& settings, ProviderGround ground);

}  // namespace postrider::delivery
