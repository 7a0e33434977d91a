#include "api/team_api.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

using identity::Role;

struct NewUserIn {
  std::string email;
  json::Defaulted<std::string> name = std::string();
  std::string role;
  json::Defaulted<bool> can_send = false;
  Secret password;
  static constexpr json::Rule json_rules[] = {json::length("email", 3, 254), json::length("name", 0, 200)};
  static constexpr std::string_view json_name = "NewUser";
};
BOOST_DESCRIBE_STRUCT(NewUserIn, (), (email, name, role, can_send, password))

struct UserChangeIn {
  json::Given<std::string> name;
  json::Given<std::string> role;
  json::Given<bool> can_send;
  json::Given<bool> disabled;
  json::Given<Secret> password;
  static constexpr json::Rule json_rules[] = {json::length("name", 0, 200)};
  static constexpr std::string_view json_name = "UserChange";
};
BOOST_DESCRIBE_STRUCT(UserChangeIn, (), (name, role, can_send, disabled, password))

struct UserOut {
  UserId id;
  std::string email;
  std::string name;
  std::string role;
  bool can_send;
  bool disabled;
  Instant created_at;
  Instant updated_at;
  static constexpr std::string_view json_name = "User";
};
BOOST_DESCRIBE_STRUCT(UserOut, (), (id, email, name, role, can_send, disabled, created_at, updated_at))

struct NewApiKeyIn {
  std::string name;
  std::string role;
  json::Defaulted<bool> can_send = false;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 200)};
  static constexpr std::string_view json_name = "NewApiKey";
};
BOOST_DESCRIBE_STRUCT(NewApiKeyIn, (), (name, role, can_send))

struct ApiKeyOut {
  ApiKeyId id;
  std::string name;
  std::string prefix;
  std::string role;
  bool can_send;
  Instant created_at;
  std::optional<Instant> last_used_at;
  std::optional<Instant> revoked_at;
  std::optional<std::string> key;
  static constexpr std::string_view json_name = "ApiKey";
};
BOOST_DESCRIBE_STRUCT(ApiKeyOut, (), (id, name, prefix, role, can_send, created_at, last_used_at, revoked_at, key))

struct TenantOut {
  TenantId id;
  std::string name;
  std::string slug;
  std::string time_zone;
  identity::TenantSettings settings;
  Instant created_at;
  Instant updated_at;
  static constexpr std::string_view json_name = "Tenant";
};
BOOST_DESCRIBE_STRUCT(TenantOut, (), (id, name, slug, time_zone, settings, created_at, updated_at))

struct TenantChangeIn {
  json::Given<std::string> name;
  json::Given<std::string> time_zone;
  json::Given<identity::TenantSettings> settings;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 200), json::length("time_zone", 1, 60)};
  static constexpr std::string_view json_name = "TenantChange";
};
BOOST_DESCRIBE_STRUCT(TenantChangeIn, (), (name, time_zone, settings))

UserOut out_of(identity::User const& user) {
  return UserOut{user.id, user.email, user.name, std::string(identity::name(user.role)), user.can_send, user.disabled, user.created_at, user.updated_at};
}

ApiKeyOut out_of(identity::ApiKey const& key) {
  return ApiKeyOut{key.id,      key.name,       key.prefix,       std::string(identity::name(key.role)),
                   key.can_send, key.created_at, key.last_used_at, key.revoked_at,
                   std::nullopt};
}

TenantOut out_of(identity::Tenant const& t) { return TenantOut{t.id, t.name, t.slug, t.time_zone, t.settings, t.created_at, t.updated_at}; }

Result<Role> role_of(std::string const& text) {
  auto const role = identity::parse_role(text);
  if (!role) return invalid_field("/role", "invalid_value", "role must be viewer, marketer, admin or owner");
  return *role;
}

// Nobody hands out more than he has.
Result<void> may_grant(Caller const& caller, Role role, bool can_send) {
  if (role > caller.role) return forbidden("you cannot grant a higher role than your own");
  if (can_send && !caller.can_send) return forbidden("you cannot grant the right to send without having it");
  return {};
}

}  // namespace

std::vector<http::Route> TeamApi::routes() {
  std::vector<http::Route> all;
  all.push_back(get("/users", right::admin, on(this, &TeamApi::list_users), doc("list_users", "Users of the tenant", "team").paged().answers_list<UserOut>()));
  all.push_back(post("/users", right::admin, on(this, &TeamApi::create_user),
                     doc("create_user", "Add a user", "team").takes<NewUserIn>().answers<UserOut>(201)));
  all.push_back(get("/users/{id}", right::admin, on(this, &TeamApi::show_user), doc("show_user", "One user", "team").answers<UserOut>()));
  all.push_back(patch("/users/{id}", right::admin, on(this, &TeamApi::change_user),
                      doc("change_user", "Change a user; role, rights and password end the user's sessions", "team").takes<UserChangeIn>().answers<UserOut>()));
  all.push_back(get("/api-keys", right::admin, on(this, &TeamApi::list_keys), doc("list_api_keys", "API keys", "team").paged().answers_list<ApiKeyOut>()));
  all.push_back(post("/api-keys", right::admin, on(this, &TeamApi::create_key),
                     doc("create_api_key", "Make a key; `key` is shown in this answer only", "team").takes<NewApiKeyIn>().answers<ApiKeyOut>(201)));
  all.push_back(del("/api-keys/{id}", right::admin, on(this, &TeamApi::revoke_key), doc("revoke_api_key", "Revoke a key at once", "team").answer(204)));
  all.push_back(get("/tenant", right::read, on(this, &TeamApi::show_tenant), doc("show_tenant", "The tenant and its settings", "team").answers<TenantOut>()));
  all.push_back(patch("/tenant", right::admin, on(this, &TeamApi::change_tenant),
                      doc("change_tenant", "Change the tenant", "team").takes<TenantChangeIn>().answers<TenantOut>()));
  return all;
}

Task<Result<http::Response>> TeamApi::list_users(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  std::optional<UserId> after;
  if (page->after) after = UserId::parse(page->after->front());
  auto const users = co_await identity_.users(caller(request).context.tenant, after, page->limit + 1);
  auto encode = [](identity::User const& user) { return json::encode(out_of(user)); };
  auto key = [](identity::User const& user) { return std::vector<std::string>{user.id.str()}; };
  co_return list_answer(request, *page, users, encode, key);
}

Task<Result<http::Response>> TeamApi::create_user(http::Request& request) {
  auto wanted = json::read<NewUserIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const role = role_of(wanted->role);
  if (!role) co_return role.error();
  if (auto const granted = may_grant(caller(request), *role, *wanted->can_send); !granted) co_return granted.error();
  identity::NewUser user{.email = wanted->email, .name = *wanted->name, .role = *role, .can_send = *wanted->can_send, .password = wanted->password};
  auto made = co_await identity_.create_user(context_of(request), std::move(user));
  if (!made) co_return made.error();
  co_return created("/users/" + made->id.str(), json::encode(out_of(*made)));
}

Task<Result<http::Response>> TeamApi::show_user(http::Request& request) {
  auto const id = path_id<UserId>(request, "user");
  if (!id) co_return id.error();
  auto const user = co_await identity_.user(caller(request).context.tenant, *id);
  if (!user) co_return user.error();
  co_return with_etag(ok(json::encode(out_of(*user))), user->updated_at);
}

Task<Result<http::Response>> TeamApi::change_user(http::Request& request) {
  auto const id = path_id<UserId>(request, "user");
  if (!id) co_return id.error();
  auto wanted = json::read<UserChangeIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const before = co_await identity_.user(caller(request).context.tenant, *id);
  if (!before) co_return before.error();
  if (auto const fresh = check_if_match(request, before->updated_at); !fresh) co_return fresh.error();
  identity::UserChange change;
  if (wanted->name) change.name = *wanted->name;
  if (wanted->role) {
    auto const role = role_of(*wanted->role);
    if (!role) co_return role.error();
    change.role = *role;
  }
  if (wanted->can_send) change.can_send = *wanted->can_send;
  if (wanted->disabled) change.disabled = *wanted->disabled;
  if (wanted->password) change.password = *wanted->password;
  if (before->role > caller(request).role) co_return forbidden("you cannot change somebody with a higher role than your own");
  if (auto const granted = may_grant(caller(request), change.role.value_or(before->role), change.can_send.value_or(false)); !granted)
    co_return granted.error();
  auto const after = co_await identity_.change_user(context_of(request), *id, std::move(change));
  if (!after) co_return after.error();
  co_return with_etag(ok(json::encode(out_of(*after))), after->updated_at);
}

Task<Result<http::Response>> TeamApi::list_keys(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  std::optional<ApiKeyId> after;
  if (page->after) after = ApiKeyId::parse(page->after->front());
  auto const keys = co_await identity_.api_keys(caller(request).context.tenant, after, page->limit + 1);
  auto encode = [](identity::ApiKey const& key) { return json::encode(out_of(key)); };
  auto key = [](identity::ApiKey const& key) { return std::vector<std::string>{key.id.str()}; };
  co_return list_answer(request, *page, keys, encode, key);
}

Task<Result<http::Response>> TeamApi::create_key(http::Request& request) {
  auto wanted = json::read<NewApiKeyIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const role = role_of(wanted->role);
  if (!role) co_return role.error();
  if (auto const granted = may_grant(caller(request), *role, *wanted->can_send); !granted) co_return granted.error();
  auto made = co_await identity_.create_api_key(context_of(request), wanted->name, *role, *wanted->can_send);
  if (!made) co_return made.error();
  auto out = out_of(made->key);
  out.key = made->secret.reveal();
  auto response = created("/api-keys/" + out.id.str(), json::encode(out));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Task<Result<http::Response>> TeamApi::revoke_key(http::Request& request) {
  auto const id = path_id<ApiKeyId>(request, "API key");
  if (!id) co_return id.error();
  auto const done = co_await identity_.revoke_api_key(context_of(request), *id);
  if (!done) co_return done.error();
  co_return no_content();
}

Task<Result<http::Response>> TeamApi::show_tenant(http::Request& request) {
  auto const tenant = co_await identity_.tenant(caller(request).context.tenant);
  if (!tenant) co_return tenant.error();
  co_return with_etag(ok(json::encode(out_of(*tenant))), tenant->updated_at);
}

Task<Result<http::Response>> TeamApi::change_tenant(http::Request& request) {
  auto wanted = json::read<TenantChangeIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const before = co_await identity_.tenant(caller(request).context.tenant);
  if (!before) co_return before.error();
  if (auto const fresh = check_if_match(request, before->updated_at); !fresh) co_return fresh.error();
  std::optional<std::string> name, zone;
  std::optional<identity::TenantSettings> settings;
  if (wanted->name) name = *wanted->name;
  if (wanted->time_zone) zone = *wanted->time_zone;
  if (wanted->settings) settings = *wanted->settings;
  auto const after = co_await identity_.change_tenant(context_of(request), name, zone, settings);
  if (!after) co_return after.error();
  co_return with_etag(ok(json::encode(out_of(*after))), after->updated_at);
}

}  // namespace postrider::api
