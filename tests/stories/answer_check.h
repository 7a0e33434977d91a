// Holds answers of the API against its own OpenAPI document: status, media type, and every member of the body.
#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace postrider::test {

class AnswerCheck {
 public:
  explicit AnswerCheck(boost::json::value openapi) : openapi_(std::move(openapi)) {}

  // What differs, in sentences. `pattern` is the route's, "/api/v1/contacts/{id}".
  std::vector<std::string> differences(std::string_view method, std::string_view pattern, int status, std::string_view media_type, boost::json::value const& body) const;
  boost::json::value const& document() const { return openapi_; }

 private:
  boost::json::value openapi_;
};

}  // namespace postrider::test
