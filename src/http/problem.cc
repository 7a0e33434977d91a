#include "postrider/http/problem.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace postrider::http {

namespace bj = boost::json;

namespace {

Response document(int status, std::string_view type, std::string_view detail, std::vector<FieldError> const& fields) {
  bj::object body;
  body["type"] = bj::string_view(type.data(), type.size());
  auto const title = status_text(status);
  body["title"] = bj::string_view(title.data(), title.size());
  body["status"] = status;
  body["detail"] = bj::string_view(detail.data(), detail.size());
  if (!fields.empty()) {
    bj::array errors;
    for (auto const& field : fields) {
      bj::object entry;
      entry["pointer"] = field.pointer;
      entry["code"] = field.code;
      entry["message"] = field.message;
      errors.push_back(std::move(entry));
    }
    body["errors"] = std::move(errors);
  }
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/problem+json");
  response.headers.add("Cache-Control", "no-store");
  response.body = bj::serialize(body);
  return response;
}

}  // namespace

int status_of(Code code) {
  switch (code) {
    case Code::invalid: return 400;
    case Code::not_found: return 404;
    case Code::conflict: return 409;
    case Code::forbidden: return 403;
    case Code::unauthenticated: return 401;
    case Code::precondition: return 412;
    case Code::unprocessable: return 422;
    case Code::too_large: return 413;
    case Code::consent_missing: return 409;
    case Code::suppressed: return 409;
    case Code::paced: return 429;
    case Code::provider_refused: return 502;
    case Code::unavailable: return 503;
    case Code::internal: return 500;
  }
  return 500;
}

std::string_view status_text(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
  }
  return "Unknown";
}

Response problem(Error const& error) {
  int const status = status_of(error.code);
  auto response = document(status, "urn:postrider:problem:" + std::string(name(error.code)), error.message, error.fields);
  if (error.retry_after_seconds || status == 429 || status == 503)
    response.headers.add("Retry-After", std::to_string(error.retry_after_seconds.value_or(1)));
  if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

Response problem(int status, std::string_view detail) {
  auto response = document(status, "about:blank", detail, {});
  if (status == 429 || status == 503) response.headers.add("Retry-After", "1");
  return response;
}

}  // namespace postrider::http
