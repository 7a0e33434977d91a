// The whole program in this process, asked over real sockets. Every answer is held against the OpenAPI document as it comes in.
//
//   TEST_CASE("a contact is found again") {
//     on_each_api([](ApiStory& t) -> Task<void> {
//       auto const made = co_await t.post("/contacts", R"({"email": "ada@example.net"})");
//       CHECK(made.status == 201);
//     });
//   }
#pragma once

#include "app/application.h"
#include "app/wiring.h"
#include "stories/answer_check.h"

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postrider::test {

struct Answer {
  int status = 0;
  http::Headers headers = {};
  std::string text = {};
  boost::json::value json = {};  // null unless the body is JSON

  std::string id() const;
  // "/email unknown_field" for each entry of a problem's errors, in order.
  std::vector<std::string> errors() const;
  std::string detail() const;
};

// What goes along with a request beside method, path and body.
class With {
 public:
  With key(std::string value) const;  // of the API; empty: none
  With header(std::string name, std::string value) const;
  With type(std::string value) const;  // Content-Type
  With unchecked() const;              // the answer is not the API's own, or not documented on purpose

  std::optional<std::string> api_key = {};
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool checked = true;
};

class ApiStory {
 public:
  ApiStory(boost::asio::io_context& io, app::Options options);
  ~ApiStory();

  // Paths begin below /api/v1, unless they start with "//": "//healthz" is /healthz.
  Task<Answer> call(std::string method, std::string path, std::string body = {}, With with = {});
  Task<Answer> get(std::string path, With with = {}) { return call("GET", std::move(path), {}, std::move(with)); }
  Task<Answer> post(std::string path, std::string body = {}, With with = {}) { return call("POST", std::move(path), std::move(body), std::move(with)); }
  Task<Answer> put(std::string path, std::string body = {}, With with = {}) { return call("PUT", std::move(path), std::move(body), std::move(with)); }
  Task<Answer> patch(std::string path, std::string body = {}, With with = {}) { return call("PATCH", std::move(path), std::move(body), std::move(with)); }
  Task<Answer> del(std::string path, With with = {}) { return call("DELETE", std::move(path), {}, std::move(with)); }

  // A new API key of a tenant (the default one without).
  Task<std::string> key(identity::Role role, bool can_send, std::optional<TenantId> tenant = {});
  Task<TenantId> another_tenant(std::string name);
  // Any SQL; the rows as texts.
  Task<std::vector<std::vector<std::string>>> query(std::string sql);

  app::Modules& modules() { return application_->modules(); }
  app::Application& application() { return *application_; }
  AnswerCheck const& document() const { return *check_; }
  std::string owner_key;  // used when `With` names none
  std::string logged;     // what the program has written to its log so far
  std::uint16_t port = 0;

  Task<void> start();
  Task<void> stop();
  Task<void> run(Task<void> (*test)(ApiStory&));

 private:
  boost::asio::io_context& io_;
  std::unique_ptr<app::Application> application_;
  std::unique_ptr<AnswerCheck> check_;
};

using ApiTest = Task<void> (*)(ApiStory&);
// On SQLite and on PostgreSQL, with the API only: no workers, no scheduler, unless `roles` says so.
void on_each_api(ApiTest test, std::string roles = "api", std::string log_level = "info");
void on_sqlite_api(ApiTest test, std::string roles = "api", std::string log_level = "info");
void on_postgres_api(ApiTest test, std::string roles = "api", std::string log_level = "info");

}  // namespace postrider::test
