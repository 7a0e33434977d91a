// Errors as RFC 9457 problem documents. The one table from Code to HTTP status is here.
#pragma once

#include "postrider/base/error.h"
#include "postrider/http/response.h"

#include <string>
#include <string_view>

namespace postrider::http {

int status_of(Code code);
// "Not Found"; "Unknown" for statuses without a name.
std::string_view status_text(int status);

// {type, title, status, detail, errors}; 429 and 503 carry Retry-After, 401 WWW-Authenticate.
Response problem(Error const& error);
// For what only HTTP knows (405, 415, 431, ...).
Response problem(int status, std::string_view detail);

}  // namespace postrider::http
