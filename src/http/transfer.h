// One request on its way through libcurl: its options, what was written of it, and what came back.
#pragma once

#include "postrider/base/task.h"
#include "postrider/http/client.h"

#include <curl/curl.h>

#include <optional>
#include <string>

namespace postrider::http {

class Transfer {
 public:
  Transfer(Executor executor, ClientRequest request, ClientSettings const& settings);
  ~Transfer();
  Transfer(Transfer const&) = delete;
  Transfer& operator=(Transfer const&) = delete;

  // False when the request itself is malformed (`failure` tells).
  bool prepare();
  CURL* easy() const { return easy_; }
  // libcurl is done with it.
  void finished(CURLcode code);
  // The client stops: nothing more will come.
  void abandon(std::string why);
  bool done() const { return done_; }
  Task<void> wait();
  ClientResult result();
  ClientRequest const& request() const { return request_; }

 private:
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address);
  static int about_to_send(void* self, char* ip, char*, int port, int);
  static int observe(CURL*, curl_infotype type, char* data, std::size_t size, void* self);
  static std::size_t take_body(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t take_header(char* data, std::size_t, std::size_t size, void* self);
  bool fully_written() const { return head_end_ == "\r\n\r\n" && body_written_ >= request_.body.size(); }

  ClientRequest request_;
  ClientSettings const& settings_;
  Signal signal_;
  CURL* easy_ = nullptr;
  CURLU* url_ = nullptr;
  curl_slist* headers_ = nullptr;
  char error_[CURL_ERROR_SIZE] = {};

  std::string head_end_;  // the last bytes of the header that were handed to the connection
  std::uint64_t body_written_ = 0;
  bool was_written_ = false;  // in an attempt before this one
  std::string guard_says_;
  ClientResponse response_;
  std::optional<ClientFailure> failure_;
  bool done_ = false;
};

}  // namespace postrider::http
