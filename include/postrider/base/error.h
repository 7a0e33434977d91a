// The one shape in which postrider says that something expected went wrong.
// An Error is a value: it is returned, never thrown (lost databases and broken invariants are exceptions).
// `fields` names the offending parts of an input by JSON pointer, so that an API answer can point at them.
#pragma once

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider {

enum class Code {
  invalid,           // the input breaks a rule; `fields` says which
  not_found,         // no such thing in this tenant
  conflict,          // the state of the thing forbids it, or somebody was faster
  forbidden,         // known caller, missing right
  unauthenticated,   // unknown caller
  precondition,      // If-Match did not match
  unprocessable,     // well-formed, but contradicts an earlier request (idempotency key)
  too_large,         // body, file or result over a limit
  consent_missing,   // the gate: no consent for this channel and purpose
  suppressed,        // the gate: address is on the suppression list
  paced,             // rate limited; try again after `retry_after_seconds`
  provider_refused,  // a provider said no, for good
  unavailable,       // a dependency is away; try again
  internal,          // our own fault
};

// The enumerator's own word: "not_found".
std::string_view name(Code code);

struct FieldError {
  std::string pointer;  // JSON pointer (RFC 6901) into the request body, or "?name" for a query parameter
  std::string code;     // short machine word: "required", "unknown_field", "wrong_type", "out_of_range", ...
  std::string message;  // a sentence for people that says how to mend it
};

struct Error {
  Code code = Code::internal;
  std::string message;
  std::vector<FieldError> fields = {};
  std::optional<int> retry_after_seconds = {};
};

// Used by boost::system::result when value() is called on an error: a programmer's mistake, reported loudly.
[[noreturn]] void throw_exception_from_error(Error const& error, boost::source_location const& where);

template <class T = void>
using Result = boost::system::result<T, Error>;

// Named constructors, so that a refusal reads as one line.
Error invalid(std::string message, std::vector<FieldError> fields = {});
Error invalid_field(std::string pointer, std::string code, std::string message);
Error not_found(std::string_view what, std::string_view id);
Error conflict(std::string message);
Error forbidden(std::string message);
Error unavailable(std::string message, int retry_after_seconds = 1);

}  // namespace postrider
