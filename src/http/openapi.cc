// The OpenAPI 3.1 document, from what the routes say of themselves.
#include "postrider/http/problem.h"
#include "postrider/http/router.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace postrider::http {

namespace bj = boost::json;

namespace {

bj::object reference(std::string_view schema) {
  bj::object out;
  out["$ref"] = "#/components/schemas/" + std::string(schema);
  return out;
}

bj::object string_type(std::string_view format = {}) {
  bj::object out;
  out["type"] = "string";
  if (!format.empty()) out["format"] = bj::string_view(format.data(), format.size());
  return out;
}

// "/assets/{path...}" is written "/assets/{path}".
std::string documented(std::string_view pattern) {
  std::string out(pattern);
  for (std::size_t at; (at = out.find("...}")) != std::string::npos;) out.erase(at, 3);
  return out;
}

bj::array parameters_of(Route const& route) {
  bj::array parameters;
  auto const path = documented(route.pattern);
  for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1)) {
    auto const name = path.substr(open + 1, path.find('}', open) - open - 1);
    bj::object entry;
    entry["name"] = name;
    entry["in"] = "path";
    entry["required"] = true;
    entry["schema"] = string_type(name == "id" || name.ends_with("_id") ? "uuid" : "");
    parameters.push_back(std::move(entry));
  }
  for (auto const& query : route.doc.query) {
    bj::object entry;
    entry["name"] = query.name;
    entry["in"] = "query";
    entry["required"] = query.required;
    if (!query.description.empty()) entry["description"] = query.description;
    bj::object schema;
    schema["type"] = query.type;
    if (!query.values.empty()) {
      bj::array values;
      for (auto const& value : query.values) values.push_back(bj::value(value));
      schema["enum"] = std::move(values);
    }
    entry["schema"] = std::move(schema);
    parameters.push_back(std::move(entry));
  }
  return parameters;
}

bj::object body_of(Route const& route) {
  bj::object content;
  if (route.body == BodyKind::json) {
    bj::object media;
    if (!route.doc.request_schema.empty()) media["schema"] = reference(route.doc.request_schema);
    content["application/json"] = std::move(media);
  } else {
    bj::object media;
    media["schema"] = string_type();
    if (route.doc.request_types.empty()) content["application/octet-stream"] = media;
    for (auto const& type : route.doc.request_types) content[type] = media;
  }
  bj::object body;
  body["required"] = true;
  body["content"] = std::move(content);
  return body;
}

bj::object answers_of(Route const& route) {
  std::map<std::string, bj::object> sorted;
  for (auto const& answer : route.doc.answers) {
    auto& out = sorted[std::to_string(answer.status)];
    auto const text = answer.description.empty() ? std::string(status_text(answer.status)) : answer.description;
    out["description"] = text;
    if (answer.schema.empty() && answer.content_type == "application/json") continue;
    bj::object media;
    media["schema"] = answer.schema.empty() ? string_type() : reference(answer.schema);
    auto& content = out["content"];
    if (!content.is_object()) content.emplace_object();
    content.as_object()[answer.content_type] = std::move(media);
  }
  bj::object answers;
  for (auto& [status, answer] : sorted) answers[status] = std::move(answer);
  bj::object media;
  media["schema"] = reference("Problem");
  bj::object content;
  content["application/problem+json"] = std::move(media);
  bj::object problem;
  problem["description"] = "What went wrong";
  problem["content"] = std::move(content);
  answers["default"] = std::move(problem);
  return answers;
}

bj::object operation_of(Route const& route, ApiInfo const& info) {
  bj::object operation;
  operation["operationId"] = route.doc.operation_id;
  if (!route.doc.summary.empty()) operation["summary"] = route.doc.summary;
  if (!route.doc.tag.empty()) {
    bj::array tags;
    tags.push_back(bj::value(route.doc.tag));
    operation["tags"] = std::move(tags);
  }
  if (auto parameters = parameters_of(route); !parameters.empty()) operation["parameters"] = std::move(parameters);
  if (route.body != BodyKind::none) operation["requestBody"] = body_of(route);
  operation["responses"] = answers_of(route);
  operation["x-right"] = route.right.name();
  if (route.right == info.anonymous) operation["security"] = bj::array();
  return operation;
}

bj::object problem_schema() {
  bj::object entry_properties;
  for (auto const* name : {"pointer", "code", "message"}) entry_properties[name] = string_type();
  bj::object entry;
  entry["type"] = "object";
  entry["properties"] = std::move(entry_properties);
  bj::object errors;
  errors["type"] = "array";
  errors["items"] = std::move(entry);
  bj::object status;
  status["type"] = "integer";
  bj::object properties;
  properties["type"] = string_type();
  properties["title"] = string_type();
  properties["status"] = std::move(status);
  properties["detail"] = string_type();
  properties["errors"] = std::move(errors);
  bj::array required;
  for (auto const* name : {"type", "title", "status", "detail"}) required.push_back(name);
  bj::object schema;
  schema["type"] = "object";
  schema["properties"] = std::move(properties);
  schema["required"] = std::move(required);
  return schema;
}

void require_named(Route const& route, std::string const& schema, bj::object const& schemas) {
  if (!schema.empty() && !schemas.contains(schema))
    throw std::logic_error("route " + route.method + " " + route.pattern + ": there is no schema '" + schema + "'");
}

}  // namespace

bj::object openapi(std::vector<Route> const& routes, bj::object const& schemas, ApiInfo const& info) {
  std::vector<Route const*> shown;
  for (auto const& route : routes) {
    if (route.doc.hidden) continue;
    shown.push_back(&route);
    require_named(route, route.doc.request_schema, schemas);
    for (auto const& answer : route.doc.answers) require_named(route, answer.schema, schemas);
  }
  std::ranges::sort(shown, {}, [](Route const* route) { return std::pair(documented(route->pattern), route->method); });

  bj::object paths;
  for (auto const* route : shown) {
    auto& path = paths[documented(route->pattern)];
    if (!path.is_object()) path.emplace_object();
    std::string method = route->method;
    for (char& c : method) c = static_cast<char>(c + 32);
    path.as_object()[method] = operation_of(*route, info);
  }

  bj::object about;
  about["title"] = info.title;
  about["version"] = info.version;
  if (!info.description.empty()) about["description"] = info.description;
  bj::object server;
  server["url"] = info.server_url;
  bj::array servers;
  servers.push_back(std::move(server));
  bj::object bearer;
  bearer["type"] = "http";
  bearer["scheme"] = "bearer";
  bj::object schemes;
  schemes["bearer"] = std::move(bearer);
  bj::object need;
  need["bearer"] = bj::array();
  bj::array security;
  security.push_back(std::move(need));

  std::map<std::string, bj::value> sorted;
  for (auto const& schema : schemas) sorted[std::string(schema.key().data(), schema.key().size())] = schema.value();
  sorted["Problem"] = problem_schema();
  bj::object named;
  for (auto& [name, schema] : sorted) named[name] = std::move(schema);
  bj::object components;
  components["schemas"] = std::move(named);
  components["securitySchemes"] = std::move(schemes);

  bj::object document;
  document["openapi"] = "3.1.0";
  document["info"] = std::move(about);
  document["servers"] = std::move(servers);
  document["security"] = std::move(security);
  document["paths"] = std::move(paths);
  document["components"] = std::move(components);
  return document;
}

}  // namespace postrider::http
