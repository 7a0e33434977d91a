// Imports of contacts: files come in as streams, and are looked at before anything is written.
#pragma once

#include "api/resource.h"
#include "postrider/contacts/imports.h"

namespace postrider::api {

class ImportsApi {
 public:
  // Files may have so many bytes, after decompression.
  ImportsApi(contacts::Imports& imports, std::uint64_t largest_file) : imports_(imports), largest_file_(largest_file) {}
  std::vector<http::Route> routes();

 private:
  using Answer = Task<Result<http::Response>>;
  Answer receive(http::Request& request);
  Answer list(http::Request& request);
  Answer show(http::Request& request);
  Answer rows(http::Request& request);
  Answer rejections(http::Request& request);
  Answer commit(http::Request& request);
  Answer undo(http::Request& request);
  Answer discard(http::Request& request);

  contacts::Imports& imports_;
  std::uint64_t largest_file_;
};

}  // namespace postrider::api
