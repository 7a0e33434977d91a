// Which handler answers what, who may call it, and how it is described. Patterns: "/contacts/{id}", "/o/{token}.gif", and
// "/assets/{path...}" for all that is below. A literal segment beats a parameter, which beats "...". HEAD is answered by GET's route.
#pragma once

#include "postrider/http/request.h"
#include "postrider/http/response.h"

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::http {

// The right a caller needs; api decides what the words mean. Has no default: a route without one does not compile.
class Right {
 public:
  explicit Right(std::string_view name) : name_(name) {}
  std::string const& name() const { return name_; }
  bool operator==(Right const&) const = default;

 private:
  std::string name_;
};

enum class BodyKind {
  none,      // an empty body, or {}
  json,      // Content-Type application/json, whole in memory
  raw,       // any type, whole in memory (signatures are checked over it)
  streamed,  // any type, through Request::stream
};

struct QueryParameter {
  std::string name;
  std::string type = "string";  // of JSON Schema
  std::string description = {};
  bool required = false;
  std::vector<std::string> values = {};  // when only these are allowed
};
struct Answer {
  int status = 200;
  std::string schema = {};  // name under components.schemas; empty for none
  std::string description = {};
  std::string content_type = "application/json";
};
struct Documentation {
  std::string operation_id = {};
  std::string summary = {};
  std::string tag = {};
  std::vector<QueryParameter> query = {};
  std::string request_schema = {};
  std::vector<std::string> request_types = {};  // of raw and streamed bodies
  std::vector<Answer> answers = {};
  bool hidden = false;  // left out of the OpenAPI document; all others need an operation_id
};

using Handler = std::function<Task<Response>(Request&)>;

struct Route {
  std::string method;
  std::string pattern;
  Right right;
  Handler handler;
  BodyKind body = BodyKind::none;
  std::uint64_t body_limit = 1024 * 1024;  // bytes, after decompression
  Documentation doc = {};
};

class Router {
 public:
  // Throws std::logic_error, naming the route, when a route has no right, no handler, a bad pattern or no operation id, or
  // when two are the same.
  explicit Router(std::vector<Route> routes);
  ~Router();
  Router(Router&&) noexcept;

  struct Match {
    Route const* route = nullptr;  // null: nothing fits
    std::size_t index = 0;         // of the route in routes()
    std::vector<std::pair<std::string, std::string>> parameters = {};
    std::string allowed = {};      // when only the method does not fit: the value of Allow
    bool malformed = false;        // broken percent-encoding, NUL, or "." and ".." segments
  };
  Match match(std::string_view method, std::string_view path) const;
  std::vector<Route> const& routes() const { return routes_; }

 private:
  struct Node;
  std::vector<Route> routes_;
  std::unique_ptr<Node> root_;
};

struct ApiInfo {
  std::string title;
  std::string version;
  std::string description = {};
  std::string server_url = "/";
  Right anonymous = Right("anonymous");  // routes with this right need no credentials
};
// The OpenAPI 3.1 document of all routes that are not hidden; `schemas` is what stands under components.schemas (json::Schemas::named).
// The order is that of the patterns, so that the text changes only when the API does.
// Throws std::logic_error when a route names a schema that is not there.
boost::json::object openapi(std::vector<Route> const& routes, boost::json::object const& schemas, ApiInfo const& info);

}  // namespace postrider::http
