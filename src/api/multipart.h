// The file out of a multipart/form-data body (RFC 7578), in pieces as it comes: no part is ever whole in memory.
#pragma once

#include "postrider/http/request.h"

#include <optional>
#include <string>
#include <string_view>

namespace postrider::api {

class MultipartFile {
 public:
  // `field` is the form field that holds the file.
  MultipartFile(http::BodyReader& body, std::string boundary, std::string field);

  // The boundary of "multipart/form-data; boundary=…"; nothing when there is none.
  static std::optional<std::string> boundary_of(std::string_view content_type);

  // Reads up to the file. Fails with invalid when there is none.
  Task<Result<void>> find();
  // As the sender named it, without folders.
  std::optional<std::string> const& filename() const { return filename_; }
  // The next piece of the file; empty at its end. Fails with invalid when the form is cut short.
  Task<Result<std::string>> next();

 private:
  Task<Result<bool>> more();
  Task<Result<std::string>> read_header();

  http::BodyReader& body_;
  std::string delimiter_;
  std::string field_;
  std::string buffer_ = "\r\n";  // so that the first delimiter looks like all others
  std::optional<std::string> filename_;
  bool ended_ = false;
};

}  // namespace postrider::api
