#include "api/resource.h"

#include "api/idempotency.h"
#include "postrider/crypto/encoding.h"

#include <boost/json/serialize.hpp>

#include <charconv>
#include <memory>
#include <set>

namespace postrider::api {

namespace {

std::unique_ptr<crypto::Signer> cursor_signer;

// What a cursor is bound to: list, tenant, order and filters.
std::string cursor_scope(http::Request const& request, std::string_view sort) {
  std::string scope = std::string(request.route) + "\n" + caller(request).context.tenant.str() + "\n" + std::string(sort);
  for (auto const& [name, value] : request.query.entries())
    if (name != "cursor" && name != "limit" && name != "sort") scope += "\n" + name + "=" + value;
  for (auto const& [name, value] : request.parameters) scope += "\n" + name + "=" + value;
  return scope;
}

Error cursor_refused() { return query_error("cursor", "invalid_value", "is not a cursor of this list; start again without it"); }

http::Route route(std::string_view method, std::string_view pattern, std::string_view needed, http::Handler handler, Doc documentation) {
  return http::Route{.method = std::string(method),
                     .pattern = std::string(prefix) + std::string(pattern),
                     .right = http::Right(needed),
                     .handler = std::move(handler),
                     .doc = documentation.take()};
}

}  // namespace

Caller const& caller(http::Request const& request) { return std::any_cast<Caller const&>(request.caller); }

Context context_of(http::Request const& request) {
  auto context = caller(request).context;
  context.request_id = request.request_id;
  context.ip_address = request.remote_ip;
  context.user_agent = std::string(request.headers.get("User-Agent"));
  return context;
}

Error query_error(std::string_view name, std::string_view code, std::string message) {
  return invalid_field("?" + std::string(name), std::string(code), "?" + std::string(name) + " " + std::move(message));
}

Result<std::optional<std::string>> query_text(http::Request const& request, std::string_view name, std::size_t longest) {
  auto const* const text = request.query.find(name);
  if (!text) return std::optional<std::string>();
  if (text->size() > longest) return query_error(name, "too_long", "is longer than " + std::to_string(longest) + " bytes");
  return std::optional<std::string>(*text);
}

Result<std::optional<bool>> query_flag(http::Request const& request, std::string_view name) {
  auto const* const text = request.query.find(name);
  if (!text) return std::optional<bool>();
  if (*text == "true" || *text == "1") return std::optional<bool>(true);
  if (*text == "false" || *text == "0") return std::optional<bool>(false);
  return query_error(name, "wrong_type", "must be true or false");
}

Result<std::optional<Instant>> query_instant(http::Request const& request, std::string_view name) {
  auto const* const text = request.query.find(name);
  if (!text) return std::optional<Instant>();
  auto const instant = parse_instant(*text);
  if (!instant) return query_error(name, "wrong_type", "must be a time like 2026-01-31T09:00:00Z");
  return std::optional<Instant>(*instant);
}

Result<Page> page_of(http::Request const& request, std::initializer_list<std::string_view> sorts) {
  Page page;
  if (auto const* const text = request.query.find("limit")) {
    auto const [end, failure] = std::from_chars(text->data(), text->data() + text->size(), page.limit);
    if (failure != std::errc() || end != text->data() + text->size() || page.limit < 1 || page.limit > 500)
      return query_error("limit", "out_of_range", "must be a whole number from 1 to 500");
  }
  if (sorts.size() > 0) page.sort = *sorts.begin();
  if (auto const* const text = request.query.find("sort")) {
    std::string known;
    bool found = false;
    for (auto const sort : sorts) {
      if (sort == *text) found = true;
      known += (known.empty() ? "" : ", ") + std::string(sort);
    }
    if (!found) return query_error("sort", "invalid_value", known.empty() ? "is not possible here" : "must be one of " + known);
    page.sort = *text;
  }
  if (auto const* const text = request.query.find("cursor")) {
    auto const bytes = crypto::from_base64url(*text);
    if (!bytes || bytes->size() < 16) return cursor_refused();
    auto const body = bytes->substr(16);
    if (!cursor_signer->verify(cursor_scope(request, page.sort) + "\n" + body, bytes->substr(0, 16))) return cursor_refused();
    auto key = json::read<std::vector<std::string>>(body);
    if (!key) return cursor_refused();
    page.after = std::move(*key);
  }
  return page;
}

std::string next_cursor(http::Request const& request, Page const& page, std::vector<std::string> const& last_key) {
  auto const body = json::write(last_key);
  auto const mac = cursor_signer->sign(cursor_scope(request, page.sort) + "\n" + body);
  return crypto::base64url(std::string(mac.data(), 16) + body);
}

void use_cursor_keys(crypto::Keys const& keys) {
  cursor_signer = std::make_unique<crypto::Signer>(keys.signer(crypto::KeyUse::cursors, "list"));
}

http::Response ok(boost::json::value const& body, int status) { return http::json_response(status, json::text(body)); }

http::Response created(std::string_view location, boost::json::value const& body) {
  auto response = ok(body, 201);
  response.headers.set("Location", std::string(prefix) + std::string(location));
  return response;
}

http::Response no_content() { return http::no_content(); }

std::string etag_of(Instant updated_at) { return "\"" + std::to_string(updated_at.time_since_epoch().count()) + "\""; }

http::Response with_etag(http::Response response, Instant updated_at) {
  response.headers.set("ETag", etag_of(updated_at));
  return response;
}

Result<void> check_if_match(http::Request const& request, Instant updated_at) {
  auto const* const wanted = request.headers.find("If-Match");
  if (!wanted || *wanted == "*" || *wanted == etag_of(updated_at)) return {};
  return Error{.code = Code::precondition, .message = "it was changed meanwhile: read it again, then repeat your change with the new ETag"};
}

std::optional<Instant> expected_version(http::Request const& request, Instant updated_at) {
  auto const* const wanted = request.headers.find("If-Match");
  if (!wanted || *wanted == "*") return std::nullopt;
  return *wanted == etag_of(updated_at) ? updated_at : Instant();
}

Task<http::Response> answered(Task<Result<http::Response>> work) {
  auto result = co_await std::move(work);
  if (!result) co_return http::problem(result.error());
  if (!result->headers.find("Cache-Control")) result->headers.set("Cache-Control", "private, no-cache");
  co_return std::move(*result);
}

Doc::Doc(std::string operation_id, std::string summary, std::string tag) {
  doc_.operation_id = std::move(operation_id);
  doc_.summary = std::move(summary);
  doc_.tag = std::move(tag);
}

Doc& Doc::query(std::string name, std::string description, std::string type, std::vector<std::string> values) {
  doc_.query.push_back(
      http::QueryParameter{.name = std::move(name), .type = std::move(type), .description = std::move(description), .values = std::move(values)});
  return *this;
}

Doc& Doc::paged(std::vector<std::string> sorts) {
  query("limit", "Items a page, 1 to 500; 50 without it", "integer");
  query("cursor", "next_cursor of the page before");
  if (!sorts.empty()) query("sort", "Order", "string", std::move(sorts));
  return *this;
}

Doc& Doc::takes_types(std::vector<std::string> content_types) {
  doc_.request_types = std::move(content_types);
  return *this;
}

Doc& Doc::answer(int status, std::string schema, std::string description, std::string content_type) {
  doc_.answers.push_back(http::Answer{
      .status = status, .schema = std::move(schema), .description = std::move(description), .content_type = std::move(content_type)});
  return *this;
}

json::Schemas& Doc::schemas() {
  static json::Schemas all;
  return all;
}

std::string Doc::list_of(std::string const& item) {
  auto const list_name = item + "List";
  // Routes are built more than once; a name is given once.
  static std::set<std::string> named;
  if (!named.insert(list_name).second) return list_name;
  boost::json::object reference;
  reference["$ref"] = "#/components/schemas/" + item;
  boost::json::object items;
  items["type"] = "array";
  items["items"] = std::move(reference);
  boost::json::object next;
  next["type"] = boost::json::array{"string", "null"};
  boost::json::object properties;
  properties["items"] = std::move(items);
  properties["next_cursor"] = std::move(next);
  boost::json::object schema;
  schema["type"] = "object";
  schema["properties"] = std::move(properties);
  schema["required"] = boost::json::array{"items", "next_cursor"};
  schemas().add(list_name, std::move(schema));
  return list_name;
}

http::Route get(std::string_view pattern, std::string_view needed, http::Handler handler, Doc documentation) {
  return route("GET", pattern, needed, std::move(handler), std::move(documentation));
}

http::Route post(std::string_view pattern, std::string_view needed, http::Handler handler, Doc documentation, http::BodyKind body,
                 std::uint64_t body_limit) {
  auto made = route("POST", pattern, needed, std::move(handler), std::move(documentation));
  made.body = body;
  made.body_limit = body_limit;
  made.handler = body == http::BodyKind::streamed ? idempotent_stream(std::move(made.handler)) : idempotent(std::move(made.handler));
  return made;
}

http::Route put(std::string_view pattern, std::string_view needed, http::Handler handler, Doc documentation) {
  auto made = route("PUT", pattern, needed, std::move(handler), std::move(documentation));
  made.body = http::BodyKind::json;
  return made;
}

http::Route patch(std::string_view pattern, std::string_view needed, http::Handler handler, Doc documentation) {
  auto made = route("PATCH", pattern, needed, std::move(handler), std::move(documentation));
  made.body = http::BodyKind::json;
  return made;
}

http::Route del(std::string_view pattern, std::string_view needed, http::Handler handler, Doc documentation) {
  return route("DELETE", pattern, needed, std::move(handler), std::move(documentation));
}

}  // namespace postrider::api
