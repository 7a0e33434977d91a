#include "postrider/http/problem.h"
#include "postrider/http/router.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::http;

namespace {

Task<Response> nothing(Request&) { co_return Response(); }

Route route(std::string method, std::string pattern) {
  Route made{.method = std::move(method), .pattern = std::move(pattern), .right = Right("read"), .handler = nothing};
  made.doc.hidden = true;
  return made;
}

Router router(std::vector<std::pair<char const*, char const*>> const& routes) {
  std::vector<Route> all;
  for (auto const& [method, pattern] : routes) all.push_back(route(method, pattern));
  return Router(std::move(all));
}

std::string found(Router const& router, std::string_view method, std::string_view path) {
  auto const match = router.match(method, path);
  if (match.malformed) return "malformed";
  if (!match.route) return match.allowed.empty() ? "none" : "allow " + match.allowed;
  auto text = match.route->pattern;
  for (auto const& [name, value] : match.parameters) text += " " + name + "=" + value;
  return text;
}

std::string trouble(std::vector<Route> routes) {
  try {
    Router const router(std::move(routes));
  } catch (std::logic_error const& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("http: the most specific route answers") {
  auto const r = router({{"GET", "/"},
                         {"GET", "/contacts"},
                         {"GET", "/contacts/{id}"},
                         {"PATCH", "/contacts/{id}"},
                         {"POST", "/contacts/preview"},
                         {"GET", "/contacts/{id}/timeline"},
                         {"GET", "/o/{token}.gif"},
                         {"GET", "/o/{token}"},
                         {"GET", "/assets/{path...}"},
                         {"GET", "/{path...}"},
                         {"PUT", "/contacts/{id}/consents/{channel}/{type}"}});
  CHECK(found(r, "GET", "/") == "/");
  CHECK(found(r, "HEAD", "/contacts") == "/contacts");
  CHECK(found(r, "GET", "/contacts/a%20b%2Fc") == "/contacts/{id} id=a b/c");
  CHECK(found(r, "POST", "/contacts/preview") == "/contacts/preview");
  CHECK(found(r, "GET", "/contacts/x/timeline") == "/contacts/{id}/timeline id=x");
  CHECK(found(r, "GET", "/contacts/x/other") == "/{path...} path=contacts/x/other");
  CHECK(found(r, "PUT", "/contacts/x/consents/email/marketing") ==
        "/contacts/{id}/consents/{channel}/{type} id=x channel=email type=marketing");
  CHECK(found(r, "GET", "/o/abc.gif") == "/o/{token}.gif token=abc");
  CHECK(found(r, "GET", "/o/abc") == "/o/{token} token=abc");
  CHECK(found(r, "GET", "/o/.gif") == "/o/{token} token=.gif");
  CHECK(found(r, "GET", "/assets/a/b.js") == "/assets/{path...} path=a/b.js");
  CHECK(found(r, "DELETE", "/contacts/x") == "allow GET, HEAD, PATCH");
  CHECK(found(r, "GET", "/contacts/preview") == "allow POST");
  CHECK(found(r, "GET", "/contacts/") == "/{path...} path=contacts/");
  CHECK(found(r, "GET", "/a/../b") == "malformed");
  CHECK(found(r, "GET", "/a/%2e%2E/b") == "malformed");
  CHECK(found(r, "GET", "/a/./b") == "malformed");
  CHECK(found(r, "GET", "/a%00") == "malformed");
  CHECK(found(r, "GET", "/a%0a") == "malformed");
  CHECK(found(r, "GET", "/a%4") == "malformed");
  CHECK(found(r, "GET", "a") == "malformed");
  CHECK(found(router({{"GET", "/a"}}), "GET", "/b") == "none");
}

TEST_CASE("http: a route that is not right stops the start") {
  auto const one = [](Route made) {
    std::vector<Route> all;
    all.push_back(std::move(made));
    return trouble(std::move(all));
  };
  CHECK(one(route("GET", "/a")) == "accepted");
  auto no_right = route("GET", "/a");
  no_right.right = Right("");
  CHECK_THAT(one(no_right), Catch::Contains("GET /a: needs a right"));
  auto no_handler = route("GET", "/a");
  no_handler.handler = nullptr;
  CHECK_THAT(one(no_handler), Catch::Contains("needs a handler"));
  auto undocumented = route("GET", "/a");
  undocumented.doc.hidden = false;
  CHECK_THAT(one(undocumented), Catch::Contains("operation_id"));
  auto body = route("GET", "/a");
  body.body = BodyKind::json;
  CHECK_THAT(one(body), Catch::Contains("GET takes no body"));
  for (auto const* pattern : {"a", "/{a", "/a}", "/{}", "/{A}", "/{a}{b}", "/{a...}/b", "/x{a...}"})
    CHECK_THAT(one(route("GET", pattern)), Catch::StartsWith("route GET"));
  CHECK_THAT(one(route("OPTIONS", "/a")), Catch::Contains("method"));
  CHECK_THAT(trouble({route("GET", "/a"), route("GET", "/a")}), Catch::Contains("twice"));
  CHECK_THAT(trouble({route("GET", "/{a}"), route("GET", "/{b}")}), Catch::Contains("another route calls this part 'a'"));
}

TEST_CASE("http: the OpenAPI document tells of every route that is not hidden, in a fixed order") {
  std::vector<Route> routes;
  auto show = route("GET", "/api/v1/contacts/{id}");
  show.doc = Documentation{.operation_id = "showContact", .summary = "One contact", .tag = "contacts"};
  show.doc.answers.push_back(Answer{.status = 200, .schema = "Contact"});
  auto create = route("POST", "/api/v1/contacts");
  create.body = BodyKind::json;
  create.right = Right("anonymous");
  create.doc = Documentation{.operation_id = "createContact", .request_schema = "CreateContact"};
  create.doc.query.push_back(QueryParameter{.name = "upsert", .values = {"email"}});
  create.doc.answers.push_back(Answer{.status = 201, .schema = "Contact"});
  routes.push_back(show);
  routes.push_back(create);
  routes.push_back(route("GET", "/hidden"));
  auto const schemas = boost::json::parse(R"({"CreateContact":{"type":"object"},"Contact":{"type":"object"}})").as_object();
  ApiInfo const info{.title = "postrider", .version = "1"};
  auto const document = openapi(routes, schemas, info);
  CHECK(document.at("openapi") == "3.1.0");
  auto const& paths = document.at("paths").as_object();
  REQUIRE(paths.size() == 2);
  CHECK(paths.begin()->key() == "/api/v1/contacts");
  auto const& post = paths.at("/api/v1/contacts").at("post").as_object();
  CHECK(post.at("x-right") == "anonymous");
  CHECK(post.at("security").as_array().empty());
  CHECK(boost::json::serialize(post.at("parameters")) ==
        R"([{"name":"upsert","in":"query","required":false,"schema":{"type":"string","enum":["email"]}}])");
  CHECK(post.at("requestBody").at("content").at("application/json").at("schema").at("$ref") == "#/components/schemas/CreateContact");
  CHECK(post.at("responses").at("201").at("content").at("application/json").at("schema").at("$ref") == "#/components/schemas/Contact");
  CHECK(post.at("responses").as_object().contains("default"));
  auto const& get = paths.at("/api/v1/contacts/{id}").at("get").as_object();
  CHECK_FALSE(get.contains("security"));
  CHECK(get.at("parameters").at(0).at("schema").at("format") == "uuid");
  auto const& named = document.at("components").at("schemas").as_object();
  CHECK(named.begin()->key() == "Contact");
  CHECK(named.contains("Problem"));

  std::reverse(routes.begin(), routes.end());
  CHECK(boost::json::serialize(openapi(routes, schemas, info)) == boost::json::serialize(document));
  CHECK_THROWS_WITH(openapi(routes, boost::json::object(), info), Catch::Contains("no schema"));
}

TEST_CASE("http: errors become problem documents") {
  auto const bad = problem(invalid_field("/name", "required", "is required"));
  CHECK(bad.status == 400);
  CHECK(bad.headers.get("content-type") == "application/problem+json");
  CHECK(bad.body == R"({"type":"urn:postrider:problem:invalid","title":"Bad Request","status":400,"detail":"is required",)"
                    R"("errors":[{"pointer":"/name","code":"required","message":"is required"}]})");
  CHECK(problem(unavailable("later", 7)).headers.get("Retry-After") == "7");
  Error paced{.code = Code::paced, .message = "slow down"};
  CHECK(problem(paced).headers.get("Retry-After") == "1");
  CHECK(problem(paced).status == 429);
  CHECK(problem(405, "no").body == R"({"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"no"})");
  for (int code = 0; code <= static_cast<int>(Code::internal); ++code) {
    auto const status = status_of(static_cast<Code>(code));
    CHECK(status >= 400);
    CHECK(status_text(status) != "Unknown");
  }
}
