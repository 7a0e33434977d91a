// What a provider needs of HTTP: one request, one answer, and when there is none, whether the request may have arrived.
#pragma once

#include "postrider/base/task.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::delivery {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct HttpCall {
  std::string method = "POST";
  std::string url;
  HttpFields fields = {};
  std::string body = {};
  std::chrono::milliseconds limit = std::chrono::seconds(60);
};

struct HttpAnswer {
  enum class End {
    answered,  // `status`, `fields` and `body` hold
    not_sent,  // the request cannot have arrived: no connection, or it broke before all was written
    unknown,   // it may have arrived: time-out or a lost connection afterwards
    refused,   // our own guard refused the address
  };
  End end = End::unknown;
  int status = 0;
  HttpFields fields = {};  // names in lower case
  std::string body = {};
  std::string trouble = {};  // for people, unless answered

  std::string_view field(std::string_view lower_name) const {
    for (auto const& [name, value] : fields) {
      if (name == lower_name) return value;
    }
    return {};
  }
};

class HttpSender {
 public:
  virtual ~HttpSender() = default;
  virtual Task<HttpAnswer> send(HttpCall call) = 0;
};

}  // namespace postrider::delivery
