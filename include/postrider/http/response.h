// What a handler answers: a whole body, bytes that live for ever (embedded files), or a stream of pieces.
#pragma once

#include "postrider/base/task.h"
#include "postrider/http/request.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::http {

// Pieces of a long answer (a CSV export, server-sent events). `next` gives nothing at the end; an exception cuts the connection,
// so that the client sees that the answer is not complete. `stop` asks a waiting `next` to end soon: the server is going down.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  virtual Task<std::optional<std::string>> next() = 0;
  virtual void stop() {}
};

struct Response {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  std::string_view lasting_body = {};            // used when `body` is empty; outlives the server
  std::unique_ptr<BodyStream> stream = nullptr;  // used when set; `body` is then ignored
};

// `json` is serialised JSON.
Response json_response(int status, std::string json);
Response text_response(int status, std::string text, std::string_view content_type = "text/plain; charset=utf-8");
Response no_content();
Response redirect(std::string_view location, int status = 303);

}  // namespace postrider::http
