#include "api/operations_api.h"

#include "postrider/base/metrics.h"
#include "postrider/http/problem.h"
#include "postrider/identity/identity.h"

namespace postrider::api {

namespace {

using Member = Task<http::Response> (OperationsApi::*)(http::Request&);

http::Route open_route(std::string pattern, OperationsApi* api, Member member) {
  http::Route route{.method = "GET",
                    .pattern = std::move(pattern),
                    .right = http::Right(identity::right::anonymous),
                    .handler = [api, member](http::Request& request) { return (api->*member)(request); }};
  route.doc.hidden = true;
  return route;
}

}  // namespace

std::vector<http::Route> OperationsApi::routes() {
  std::vector<http::Route> all;
  all.push_back(open_route("/healthz", this, &OperationsApi::alive));
  all.push_back(open_route("/readyz", this, &OperationsApi::ready));
  all.push_back(open_route("/metrics", this, &OperationsApi::metrics));
  all.push_back(open_route("/api/v1/openapi.json", this, &OperationsApi::openapi));
  return all;
}

Task<http::Response> OperationsApi::alive(http::Request&) { co_return http::json_response(200, R"({"status":"ok"})"); }

Task<http::Response> OperationsApi::ready(http::Request&) {
  std::string why;
  if (draining_) {
    why = "stopping";
  } else {
    try {
      auto const version = co_await db::schema_version(store_);
      if (version != db::wanted_schema_version()) why = "the database has another schema version; run 'postrider migrate'";
    } catch (db::Failure const&) {
      why = "the database cannot be reached";
    }
  }
  if (why.empty()) co_return http::json_response(200, R"({"status":"ready"})");
  Error const error{.code = Code::unavailable, .message = why, .retry_after_seconds = 1};
  co_return http::problem(error);
}

Task<http::Response> OperationsApi::metrics(http::Request&) {
  co_return http::text_response(200, metrics::exposition(), "text/plain; version=0.0.4; charset=utf-8");
}

Task<http::Response> OperationsApi::openapi(http::Request&) { co_return http::json_response(200, openapi_); }

}  // namespace postrider::api
