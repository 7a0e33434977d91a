// What every resource of the API is made of: who calls, how pages are turned, how versions are compared, how an answer is
// written. A resource is a class with a handler each verb, and `routes()`:
//
//   std::vector<http::Route> LeadsApi::routes() {
//     return {
//         get("/leads", right::read, on(this, &LeadsApi::list), doc("list_leads", "Leads of the tenant", "leads").paged().answers<LeadList>()),
//         post("/leads", right::write, on(this, &LeadsApi::create), doc(...).takes<NewLead>().answers<LeadOut>(201)),
//     };
//   }
//   Task<Result<http::Response>> LeadsApi::create(http::Request& request) {
//     auto wanted = json::read<NewLead>(request.body);
//     if (!wanted) co_return wanted.error();
//     …
//     co_return created("/leads/" + id, json::encode(out));
//   }
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/error.h"
#include "postrider/crypto/signing.h"
#include "postrider/http/problem.h"
#include "postrider/http/router.h"
#include "postrider/identity/identity.h"
#include "postrider/json/codec.h"
#include "postrider/json/schema.h"

#include <boost/json/object.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::api {

namespace right = identity::right;
using identity::Caller;

inline constexpr std::string_view prefix = "/api/v1";

// Set by the guard for every route but anonymous ones.
Caller const& caller(http::Request const& request);
// The caller's context with this request's id, address and user agent.
Context context_of(http::Request const& request);

// The id in the path. A malformed one is the same 404 as an unknown one.
template <class T>
Result<T> path_id(http::Request const& request, std::string_view what, std::string_view parameter = "id") {
  auto id = T::parse(request.parameter(parameter));
  if (!id) return not_found(what, request.parameter(parameter));
  return *id;
}

// Query parameters. Errors point at "?name".
Result<std::optional<std::string>> query_text(http::Request const& request, std::string_view name, std::size_t longest = 500);
Result<std::optional<bool>> query_flag(http::Request const& request, std::string_view name);
Result<std::optional<Instant>> query_instant(http::Request const& request, std::string_view name);
Error query_error(std::string_view name, std::string_view code, std::string message);
template <class T>
Result<std::optional<T>> query_id(http::Request const& request, std::string_view name) {
  auto const* const text = request.query.find(name);
  if (!text) return std::optional<T>();
  auto id = T::parse(*text);
  if (!id) return query_error(name, "wrong_type", "must be a UUID");
  return std::optional<T>(*id);
}

// One page of a list. `after` holds the key of the last item of the page before, as the resource wrote it into `next_cursor`.
struct Page {
  int limit = 50;
  std::string sort;  // "created_at" or "-created_at": one of the resource's own, the first one by default
  std::optional<std::vector<std::string>> after = {};
};
// Reads ?limit, ?cursor and ?sort. A cursor of another list, tenant, filter or order is refused.
Result<Page> page_of(http::Request const& request, std::initializer_list<std::string_view> sorts = {});
// The id a cursor carries, when it carries only that.
template <class T>
std::optional<T> last_id(Page const& page) {
  if (!page.after) return std::nullopt;
  return T::parse(page.after->front());
}
// Signed, so that nobody else can make one.
std::string next_cursor(http::Request const& request, Page const& page, std::vector<std::string> const& last_key);

// 200 {"items": [...], "next_cursor": "..."|null}. Give up to limit + 1 items: the last one only shows that there is more.
template <class Item, class Encode, class Key>
http::Response list_answer(http::Request const& request, Page const& page, std::vector<Item> const& items, Encode&& encode, Key&& key) {
  boost::json::array out;
  bool const more = items.size() > static_cast<std::size_t>(page.limit);
  std::size_t const count = more ? static_cast<std::size_t>(page.limit) : items.size();
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) out.push_back(encode(items[i]));
  boost::json::object body;
  body["items"] = std::move(out);
  body["next_cursor"] = nullptr;
  if (more) body["next_cursor"] = next_cursor(request, page, key(items[count - 1]));
  return http::json_response(200, json::text(body));
}

http::Response ok(boost::json::value const& body, int status = 200);
// 201 with Location (below /api/v1).
http::Response created(std::string_view location, boost::json::value const& body);
http::Response no_content();

// Versions: a strong ETag made of updated_at.
std::string etag_of(Instant updated_at);
http::Response with_etag(http::Response response, Instant updated_at);
// Fails with precondition when If-Match is there and names another version.
Result<void> check_if_match(http::Request const& request, Instant updated_at);
// The version a statement must find, from If-Match: nothing when any will do, one that never was when it names another than this.
std::optional<Instant> expected_version(http::Request const& request, Instant updated_at);

// Turns a member function that answers Result into a router's handler: an error becomes a problem document.
Task<http::Response> answered(Task<Result<http::Response>> work);
template <class Api>
http::Handler on(Api* api, Task<Result<http::Response>> (Api::*method)(http::Request&)) {
  return [api, method](http::Request& request) { return answered((api->*method)(request)); };
}

// How a route is described; schemas are derived from the described structs, so the document cannot drift.
class Doc {
 public:
  Doc(std::string operation_id, std::string summary, std::string tag);
  Doc& query(std::string name, std::string description, std::string type = "string", std::vector<std::string> values = {});
  Doc& paged(std::vector<std::string> sorts = {});
  template <class T>
  Doc& takes() {
    doc_.request_schema = schemas().request_name<T>();
    return *this;
  }
  Doc& takes_types(std::vector<std::string> content_types);
  template <class T>
  Doc& answers(int status = 200, std::string description = {}) {
    return answer(status, schemas().answer_name<T>(), std::move(description));
  }
  // A page of T: {"items": [...], "next_cursor": ...}.
  template <class T>
  Doc& answers_list() {
    auto const item = schemas().answer_name<T>();
    return answer(200, list_of(item));
  }
  Doc& answer(int status, std::string schema = {}, std::string description = {}, std::string content_type = "application/json");
  http::Documentation take() { return std::move(doc_); }
  // All schemas named so far, for the OpenAPI document.
  static json::Schemas& schemas();

 private:
  static std::string list_of(std::string const& item);
  http::Documentation doc_;
};
inline Doc doc(std::string operation_id, std::string summary, std::string tag) {
  return Doc(std::move(operation_id), std::move(summary), std::move(tag));
}

// Patterns are below /api/v1. POST takes JSON and honours Idempotency-Key (idempotency.h) unless the route says otherwise.
http::Route get(std::string_view pattern, std::string_view needed, http::Handler handler, Doc documentation);
http::Route post(std::string_view pattern, std::string_view needed, http::Handler handler, Doc documentation, http::BodyKind body = http::BodyKind::json,
                 std::uint64_t body_limit = 1024 * 1024);
http::Route put(std::string_view pattern, std::string_view needed, http::Handler handler, Doc documentation);
http::Route patch(std::string_view pattern, std::string_view needed, http::Handler handler, Doc documentation);
http::Route del(std::string_view pattern, std::string_view needed, http::Handler handler, Doc documentation);

// Cursors are signed with this; wiring sets it once, before the first request.
void use_cursor_keys(crypto::Keys const& keys);

}  // namespace postrider::api
