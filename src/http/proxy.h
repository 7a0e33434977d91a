// Who really called, when trusted proxies stand between. Pure.
#pragma once

#include "postrider/http/address.h"
#include "postrider/http/request.h"

#include <span>

namespace postrider::http {

struct Caller {
  IpAddress ip;
  bool secure = false;
};

// X-Forwarded-For is read from its end as long as the hops are trusted; the first that is not is the caller. Headers of a peer
// that is not trusted are ignored.
Caller caller_of(IpAddress const& peer, Headers const& headers, std::span<Cidr const> trusted);

}  // namespace postrider::http
