#include "stories/api_story.h"

#include "postrider/base/log.h"
#include "support/http_peer.h"
#include "support/postgres_cluster.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>

namespace postrider::test {

namespace {

void run_api(std::string database, std::filesystem::path const& folder, std::string const& roles, std::string const& log_level, ApiTest test) {
  app::Options options;
  options.database = std::move(database);
  options.listen = "127.0.0.1:0";
  options.public_url = "http://mail.example";
  options.roles = roles;
  options.log_level = log_level;
  options.secret_file = (folder / "secret").string();
  options.state_dir = (folder / "state").string();
  options.drain_seconds = 2;
  boost::asio::io_context io(1);
  boost::asio::steady_timer watchdog(io);
  watchdog.expires_after(std::chrono::minutes(3));
  watchdog.async_wait([](boost::system::error_code ended) {
    if (!ended) throw std::runtime_error("the test took longer than three minutes");
  });
  ApiStory story(io, options);
  run_to_end(io, story.run(test));
}

// A folder for the secret and the journal, gone at the end.
void in_folder(std::string const& database, std::string const& roles, std::string const& log_level, ApiTest test) {
  char pattern[] = "/tmp/postrider-story-XXXXXX";
  std::filesystem::path const folder = ::mkdtemp(pattern);
  std::exception_ptr failure;
  try {
    run_api(database.empty() ? "sqlite:" + (folder / "story.db").string() : database, folder, roles, log_level, test);
  } catch (...) {
    failure = std::current_exception();
  }
  std::filesystem::remove_all(folder);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

std::string Answer::id() const { return std::string(json.at("id").as_string()); }

std::vector<std::string> Answer::errors() const {
  std::vector<std::string> all;
  if (!json.is_object() || !json.get_object().contains("errors")) return all;
  for (auto const& entry : json.at("errors").as_array())
    all.push_back(std::string(entry.at("pointer").as_string()) + " " + std::string(entry.at("code").as_string()));
  return all;
}

std::string Answer::detail() const { return json.is_object() && json.get_object().contains("detail") ? std::string(json.at("detail").as_string()) : std::string(); }

With With::key(std::string value) const {
  auto changed = *this;
  changed.api_key = std::move(value);
  return changed;
}
With With::header(std::string name, std::string value) const {
  auto changed = *this;
  changed.headers.emplace_back(std::move(name), std::move(value));
  return changed;
}
With With::type(std::string value) const {
  auto changed = *this;
  changed.content_type = std::move(value);
  return changed;
}
With With::unchecked() const {
  auto changed = *this;
  changed.checked = false;
  return changed;
}

ApiStory::ApiStory(boost::asio::io_context& io, app::Options options)
    : io_(io), application_(std::make_unique<app::Application>(io.get_executor(), std::move(options))) {
  log::set_sink([this](std::string_view line) { logged += line; });
}

ApiStory::~ApiStory() { log::set_sink({}); }

Task<void> ApiStory::start() {
  co_await application_->open(true);
  auto const address = co_await application_->serve();
  port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  check_ = std::make_unique<AnswerCheck>(boost::json::parse(application_->openapi()));
  owner_key = co_await key(identity::Role::owner, true);
}

Task<void> ApiStory::stop() { co_await application_->stop(); }

Task<void> ApiStory::run(Task<void> (*test)(ApiStory&)) {
  std::exception_ptr failure;
  try {
    co_await start();
    co_await test(*this);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await stop();
  io_.stop();
  if (failure) std::rethrow_exception(failure);
}

Task<std::string> ApiStory::key(identity::Role role, bool can_send, std::optional<TenantId> tenant) {
  Context context;
  context.tenant = tenant.value_or(identity::default_tenant());
  auto const made = co_await modules().identity.create_api_key(context, std::string(identity::name(role)), role, can_send);
  co_return made.value().secret.reveal();
}

Task<TenantId> ApiStory::another_tenant(std::string name) {
  Context context;
  context.tenant = identity::default_tenant();
  auto const made = co_await modules().identity.create_tenant(context, std::move(name));
  co_return made.value().id;
}

Task<std::vector<std::vector<std::string>>> ApiStory::query(std::string sql) {
  db::Statement const statement{"test", "query", db::Tag::utility, sql, sql, true};
  auto const rows = co_await modules().store->run(statement, db::Parameters());
  std::vector<std::vector<std::string>> all;
  for (auto const row : rows) {
    std::vector<std::string> cells;
    for (std::size_t c = 0; c < rows.columns(); ++c) cells.push_back(row.is_null(c) ? "NULL" : row.text(c));
    all.push_back(std::move(cells));
  }
  co_return all;
}

Task<Answer> ApiStory::call(std::string method, std::string path, std::string body, With with) {
  bool const own = !path.starts_with("//");
  auto const target = own ? "/api/v1" + path : path.substr(1);
  auto text = method + " " + target + " HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n";
  auto const& secret = with.api_key ? *with.api_key : owner_key;
  if (!secret.empty()) text += "Authorization: Bearer " + secret + "\r\n";
  for (auto const& [name, value] : with.headers) text += name + ": " + value + "\r\n";
  if (!body.empty() && !with.content_type.empty()) text += "Content-Type: " + with.content_type + "\r\n";
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  HttpPeer peer(io_.get_executor());
  co_await peer.connect(port);
  co_await peer.send(text + "\r\n" + body);
  auto raw = co_await peer.receive(method == "HEAD");
  Answer answer;
  answer.status = raw.status;
  answer.headers = std::move(raw.headers);
  answer.text = std::move(raw.body);
  auto const type = answer.headers.get("Content-Type");
  bool const is_json = type.substr(0, type.find(';')).ends_with("json");
  if (is_json && !answer.text.empty()) answer.json = boost::json::parse(answer.text);
  if (own && with.checked && method != "HEAD") {
    auto const path_only = target.substr(0, target.find('?'));
    auto const match = modules().router->match(method, path_only);
    if (match.route && !match.route->doc.hidden)
      for (auto const& difference : check_->differences(method, match.route->pattern, answer.status, type, answer.json))
        FAIL_CHECK(method << " " << path << ": " << difference);
  }
  co_return answer;
}

void on_sqlite_api(ApiTest test, std::string roles, std::string log_level) {
  SECTION("on SQLite") { in_folder("", roles, log_level, test); }
}

void on_postgres_api(ApiTest test, std::string roles, std::string log_level) {
  SECTION("on PostgreSQL") { in_folder(new_postgres_database(), roles, log_level, test); }
}

void on_each_api(ApiTest test, std::string roles, std::string log_level) {
  on_sqlite_api(test, roles, log_level);
  on_postgres_api(test, roles, log_level);
}

}  // namespace postrider::test
