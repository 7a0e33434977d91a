#include "postrider/base/error.h"

#include <stdexcept>

namespace postrider {

std::string_view name(Code code) {
  switch (code) {
    case Code::invalid: return "invalid";
    case Code::not_found: return "not_found";
    case Code::conflict: return "conflict";
    case Code::forbidden: return "forbidden";
    case Code::unauthenticated: return "unauthenticated";
    case Code::precondition: return "precondition";
    case Code::unprocessable: return "unprocessable";
    case Code::too_large: return "too_large";
    case Code::consent_missing: return "consent_missing";
    case Code::suppressed: return "suppressed";
    case Code::paced: return "paced";
    case Code::provider_refused: return "provider_refused";
    case Code::unavailable: return "unavailable";
    case Code::internal: return "internal";
  }
  return "internal";
}

void throw_exception_from_error(Error const& error, boost::source_location const& where) {
  throw std::logic_error("unhandled error '" + std::string(name(error.code)) + ": " + error.message + "' at " + where.file_name() +
                         ":" + std::to_string(where.line()));
}

Error invalid(std::string message, std::vector<FieldError> fields) {
  return Error{.code = Code::invalid, .message = std::move(message), .fields = std::move(fields)};
}

Error invalid_field(std::string pointer, std::string code, std::string message) {
  Error error{.code = Code::invalid, .message = message};
  error.fields.push_back(FieldError{.pointer = std::move(pointer), .code = std::move(code), .message = std::move(message)});
  return error;
}

Error not_found(std::string_view what, std::string_view id) {
  return Error{.code = Code::not_found, .message = "no " + std::string(what) + " with id " + std::string(id)};
}

Error conflict(std::string message) { return Error{.code = Code::conflict, .message = std::move(message)}; }

Error forbidden(std::string message) { return Error{.code = Code::forbidden, .message = std::move(message)}; }

Error unavailable(std::string message, int retry_after_seconds) {
  return Error{.code = Code::unavailable, .message = std::move(message), .retry_after_seconds = retry_after_seconds};
}

}  // namespace postrider
