#include "postrider/identity/identity.h"

#include "postrider/audit/audit.h"
#include "postrider/base/log.h"
#include "postrider/base/random.h"
#include "postrider/crypto/encoding.h"
#include "postrider/crypto/password.h"
#include "sql/identity.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

namespace postrider::identity {

namespace {

constexpr auto session_idle = std::chrono::hours(12);
constexpr auto session_longest = std::chrono::hours(24 * 14);
constexpr auto cache_time = std::chrono::seconds(1);
constexpr auto failure_window = std::chrono::minutes(15);
constexpr std::size_t shortest_password = 10;
constexpr std::array role_names{std::string_view("viewer"), std::string_view("marketer"), std::string_view("admin"), std::string_view("owner")};

User read_user(db::Row row) {
  return User{.id = row.id<UserId>(0),
              .tenant = row.id<TenantId>(1),
              .email = row.text(2),
              .name = row.text(3),
              .role = parse_role(row.view(4)).value_or(Role::viewer),
              .can_send = row.boolean(5),
              .disabled = row.boolean(6),
              .created_at = row.instant(7),
              .updated_at = row.instant(8)};
}

Tenant read_tenant(db::Row row) {
  return Tenant{.id = row.id<TenantId>(0),
                .name = row.text(1),
                .slug = row.text(2),
                .time_zone = row.text(3),
                .settings = row.json(4).as_object(),
                .created_at = row.instant(5),
                .updated_at = row.instant(6)};
}

ApiKey read_api_key(db::Row row) {
  return ApiKey{.id = row.id<ApiKeyId>(0),
                .tenant = row.id<TenantId>(1),
                .name = row.text(2),
                .prefix = row.text(3),
                .role = parse_role(row.view(4)).value_or(Role::viewer),
                .can_send = row.boolean(5),
                .created_at = row.instant(6),
                .last_used_at = row.maybe_instant(7),
                .revoked_at = row.maybe_instant(8)};
}

boost::json::object shown(User const& user) {
  boost::json::object out;
  out["email"] = user.email;
  out["name"] = user.name;
  out["role"] = name(user.role);
  out["can_send"] = user.can_send;
  out["disabled"] = user.disabled;
  return out;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string slug_of(std::string_view text) {
  std::string slug;
  for (unsigned char const c : text) {
    if (std::isalnum(c)) slug += static_cast<char>(std::tolower(c));
    else if (!slug.empty() && slug.back() != '-') slug += '-';
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug.substr(0, 60);
}

bool looks_like_email(std::string_view text) {
  auto const at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.size() <= 254 && text.find_first_of(" \t\r\n<>") == std::string_view::npos;
}

std::string random_text(Random& random, std::size_t bytes) {
  std::string raw(bytes, '\0');
  random.fill(std::span(reinterpret_cast<std::uint8_t*>(raw.data()), raw.size()));
  return crypto::base64url(raw);
}

std::string hash_of(std::string_view secret) { return crypto::hex(crypto::sha256(secret)); }

Error not_logged_in() {
  return Error{.code = Code::unauthenticated, .message = "sign in, or send a valid API key as 'Authorization: Bearer KEY'"};
}

}  // namespace

std::string_view name(Role role) { return role_names[static_cast<std::size_t>(role)]; }

std::optional<Role> parse_role(std::string_view text) {
  for (std::size_t i = 0; i < role_names.size(); ++i)
    if (role_names[i] == text) return static_cast<Role>(i);
  return std::nullopt;
}

bool may(Caller const& caller, std::string_view right) {
  if (right == right::anonymous || right == right::read) return true;
  if (right == right::write) return caller.role >= Role::marketer;
  if (right == right::send) return caller.role >= Role::marketer && caller.can_send;
  if (right == right::admin) return caller.role >= Role::admin;
  if (right == right::owner) return caller.role == Role::owner;
  return false;
}

TenantId default_tenant() { return *TenantId::parse("00000000-0000-7000-8000-000000000001"); }

Identity::Identity(db::Store& store, Clock const& clock, Ids& ids, Random& random, Offload& offload, crypto::Keys const& keys)
    : store_(store), clock_(clock), ids_(ids), random_(random), offload_(offload), signer_(keys.signer(crypto::KeyUse::sessions, "csrf")) {}

Task<Result<Tenant>> Identity::create_tenant(Context context, std::string tenant_name) {
  auto const slug = slug_of(tenant_name);
  if (slug.empty()) co_return invalid_field("/name", "invalid_value", "a tenant's name needs at least one letter or digit");
  auto const id = ids_.make<TenantId>();
  auto const now = clock_.now();
  bool taken = false;
  try {
    auto tx = co_await store_.begin();
    co_await tx.exec(sql::identity::insert_tenant, id, tenant_name, slug, now);
    context.tenant = id;
    boost::json::object after;
    after["name"] = tenant_name;
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"tenant", id.uuid(), "created", audit::difference(boost::json::object(), after)});
    co_await audit::record(tx, context, std::move(entries), ids_, now);
    co_await tx.commit();
  } catch (db::UniqueViolation const&) {
    taken = true;
  }
  if (taken) co_return conflict("there is a tenant '" + slug + "' already; take another name");
  co_return co_await tenant(id);
}

Task<Result<Tenant>> Identity::tenant(TenantId id) {
  auto const row = co_await store_.maybe(sql::identity::tenant, id);
  if (!row) co_return not_found("tenant", id.str());
  co_return read_tenant(*row);
}

Task<Result<Tenant>> Identity::find_tenant(std::string name_or_id) {
  if (auto const id = TenantId::parse(name_or_id)) co_return co_await tenant(*id);
  auto const row = co_await store_.maybe(sql::identity::tenant_by_slug, slug_of(name_or_id));
  if (!row) co_return not_found("tenant", name_or_id);
  co_return read_tenant(*row);
}

Task<Result<Tenant>> Identity::change_tenant(Context context, std::optional<std::string> tenant_name, std::optional<std::string> time_zone,
                                             std::optional<boost::json::object> settings) {
  auto const before = co_await tenant(context.tenant);
  if (!before) co_return before.error();
  auto after = *before;
  if (tenant_name) after.name = *tenant_name;
  if (time_zone) after.time_zone = *time_zone;
  if (settings) after.settings = *settings;
  auto describe = [](Tenant const& t) {
    boost::json::object out;
    out["name"] = t.name;
    out["time_zone"] = t.time_zone;
    out["settings"] = t.settings;
    return out;
  };
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identity::update_tenant, after.id, after.name, after.time_zone, after.settings, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"tenant", after.id.uuid(), "updated", audit::difference(describe(*before), describe(after))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return co_await tenant(context.tenant);
}

Task<bool> Identity::has_users() {
  auto const row = co_await store_.maybe(sql::identity::any_user);
  co_return row.has_value();
}

Task<Result<User>> Identity::create_user(Context context, NewUser wanted) {
  std::vector<FieldError> mistakes;
  wanted.email = lower(wanted.email);
  if (!looks_like_email(wanted.email)) mistakes.push_back(FieldError{"/email", "invalid_value", "must be an e-mail address"});
  if (wanted.password.reveal().size() < shortest_password)
    mistakes.push_back(FieldError{"/password", "too_short", "must have at least " + std::to_string(shortest_password) + " characters"});
  if (!mistakes.empty()) co_return invalid("the user cannot be created: " + mistakes.front().message, mistakes);

  std::function<std::string()> hash = [password = wanted.password] { return crypto::hash_password(password.reveal()); };
  auto const password_hash = co_await offload_.run<std::string>(std::move(hash));
  auto const id = ids_.make<UserId>();
  auto const now = clock_.now();
  bool taken = false;
  try {
    auto tx = co_await store_.begin();
    co_await tx.exec(sql::identity::insert_user, id, context.tenant, wanted.email, wanted.name, name(wanted.role), wanted.can_send, password_hash, now);
    User made{.id = id, .tenant = context.tenant, .email = wanted.email, .name = wanted.name, .role = wanted.role, .can_send = wanted.can_send};
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"user", id.uuid(), "created", audit::difference(boost::json::object(), shown(made))});
    co_await audit::record(tx, context, std::move(entries), ids_, now);
    co_await tx.commit();
  } catch (db::UniqueViolation const&) {
    taken = true;
  }
  if (taken) co_return conflict("a user with this e-mail address exists already");
  co_return co_await user(context.tenant, id);
}

Task<Result<User>> Identity::user(TenantId tenant, UserId id) {
  auto const row = co_await store_.maybe(sql::identity::user, tenant, id);
  if (!row) co_return not_found("user", id.str());
  co_return read_user(*row);
}

Task<std::vector<User>> Identity::users(TenantId tenant, std::optional<UserId> after, int limit) {
  auto const rows = co_await store_.all(sql::identity::users_after, tenant, after.value_or(UserId()), limit);
  std::vector<User> all;
  for (auto const row : rows) all.push_back(read_user(row));
  co_return all;
}

Task<Result<User>> Identity::change_user(Context context, UserId id, UserChange change) {
  std::optional<std::string> password_hash;
  if (change.password) {
    if (change.password->reveal().size() < shortest_password)
      co_return invalid_field("/password", "too_short", "must have at least " + std::to_string(shortest_password) + " characters");
    std::function<std::string()> hash = [password = *change.password] { return crypto::hash_password(password.reveal()); };
    password_hash = co_await offload_.run<std::string>(std::move(hash));
  }
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const row = co_await tx.maybe(sql::identity::user, context.tenant, id);
  if (!row) co_return not_found("user", id.str());
  auto const before = read_user(*row);
  auto after = before;
  if (change.name) after.name = *change.name;
  if (change.role) after.role = *change.role;
  if (change.can_send) after.can_send = *change.can_send;
  if (change.disabled) after.disabled = *change.disabled;
  if (before.role == Role::owner && (after.role != Role::owner || after.disabled)) {
    auto const others = co_await tx.one(sql::identity::count_owners, context.tenant, id);
    if (others.integer(0) == 0) co_return conflict("this is the last owner; make somebody else an owner first");
  }
  co_await tx.exec(sql::identity::update_user, context.tenant, id, after.name, name(after.role), after.can_send, after.disabled, password_hash, now);
  bool const cut = password_hash || after.role != before.role || after.disabled != before.disabled || after.can_send != before.can_send;
  if (cut) co_await tx.exec(sql::identity::end_sessions, id);
  auto changes = audit::difference(shown(before), shown(after));
  if (password_hash) {
    boost::json::object hidden;
    hidden["old"] = "***";
    hidden["new"] = "***";
    changes["password"] = std::move(hidden);
  }
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"user", id.uuid(), "updated", std::move(changes)});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  tx.announce("identity");
  co_await tx.commit();
  cache_.clear();
  co_return co_await user(context.tenant, id);
}

Task<Result<CreatedApiKey>> Identity::create_api_key(Context context, std::string key_name, Role role, bool can_send) {
  if (key_name.empty() || key_name.size() > 200) co_return invalid_field("/name", "required", "an API key needs a name of 1 to 200 characters");
  std::string raw(6, '\0');
  random_.fill(std::span(reinterpret_cast<std::uint8_t*>(raw.data()), raw.size()));
  auto const prefix = crypto::base32(raw);
  auto const secret = "pr_" + prefix + "_" + random_text(random_, 32);
  auto const id = ids_.make<ApiKeyId>();
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identity::insert_api_key, id, context.tenant, key_name, prefix, hash_of(secret), name(role), can_send, now);
  boost::json::object after;
  after["name"] = key_name;
  after["role"] = name(role);
  after["can_send"] = can_send;
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"api_key", id.uuid(), "created", audit::difference(boost::json::object(), after)});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  CreatedApiKey made;
  made.key = ApiKey{.id = id, .tenant = context.tenant, .name = key_name, .prefix = prefix, .role = role, .can_send = can_send, .created_at = now};
  made.secret = Secret(secret);
  co_return made;
}

Task<Result<void>> Identity::revoke_api_key(Context context, ApiKeyId id) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const row = co_await tx.maybe(sql::identity::revoke_api_key, context.tenant, id, now);
  if (!row) co_return not_found("API key", id.str());
  boost::json::object before;
  before["name"] = row->text(0);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"api_key", id.uuid(), "revoked", audit::difference(before, boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  tx.announce("identity");
  co_await tx.commit();
  cache_.clear();
  co_return Result<void>();
}

Task<std::vector<ApiKey>> Identity::api_keys(TenantId tenant, std::optional<ApiKeyId> after, int limit) {
  auto const rows = co_await store_.all(sql::identity::api_keys_after, tenant, after.value_or(ApiKeyId()), limit);
  std::vector<ApiKey> all;
  for (auto const row : rows) all.push_back(read_api_key(row));
  co_return all;
}

std::string Identity::csrf_of(std::string_view token) const {
  auto const mac = signer_.sign(token);
  return crypto::base64url(std::string_view(mac.data(), 24));
}

std::string Identity::session_hash(std::string_view token) const { return hash_of(token); }

Task<Result<void>> Identity::throttle(std::string subject) {
  auto const row = co_await store_.maybe(sql::identity::login_attempts, subject);
  if (!row || row->is_null(2)) co_return Result<void>();
  auto const left = std::chrono::duration_cast<std::chrono::seconds>(row->instant(2) - clock_.now()).count();
  if (left <= 0) co_return Result<void>();
  co_return Error{.code = Code::paced, .message = "too many failed attempts; try again later", .retry_after_seconds = static_cast<int>(left + 1)};
}

// An account is blocked for a short while only, so that nobody can lock somebody else out for long; an address for longer.
Task<void> Identity::failed(std::string subject) {
  auto const now = clock_.now();
  bool const by_address = subject.starts_with("ip:");
  auto const row = co_await store_.maybe(sql::identity::login_attempts, subject);
  std::int64_t failures = 1;
  auto first = now;
  if (row && row->instant(1) > now - failure_window) {
    failures = row->integer(0) + 1;
    first = row->instant(1);
  }
  std::optional<Instant> blocked_until;
  if (failures >= (by_address ? 30 : 5)) blocked_until = now + (by_address ? std::chrono::seconds(300) : std::chrono::seconds(30));
  co_await store_.exec(sql::identity::keep_failures, subject, failures, first, blocked_until);
}

Task<void> Identity::forget(std::string subject) { co_await store_.exec(sql::identity::forget_failures, subject); }

Task<Result<Session>> Identity::log_in(std::string email, Secret password, std::string ip_address, std::string user_agent) {
  email = lower(email);
  auto const by_account = "user:" + email;
  auto const by_address = "ip:" + ip_address;
  if (auto const free = co_await throttle(by_account); !free) co_return free.error();
  if (auto const free = co_await throttle(by_address); !free) co_return free.error();

  auto const row = co_await store_.maybe(sql::identity::user_for_login, email);
  std::function<bool()> check = [hash = row ? row->text(9) : std::string(), password] {
    return hash.empty() ? crypto::verify_dummy_password(password.reveal()) : crypto::verify_password(hash, password.reveal());
  };
  bool const good = co_await offload_.run<bool>(std::move(check));
  if (!good || !row || row->boolean(6)) {
    co_await failed(by_account);
    co_await failed(by_address);
    co_return Error{.code = Code::unauthenticated, .message = "e-mail address or password is wrong"};
  }
  co_await forget(by_account);
  auto const user = read_user(*row);
  auto const now = clock_.now();
  Session session;
  session.token = Secret(random_text(random_, 32));
  session.expires_at = now + session_longest;
  session.caller.context.tenant = user.tenant;
  session.caller.context.actor = Actor{ActorKind::user, user.id.uuid()};
  session.caller.role = user.role;
  session.caller.can_send = user.can_send;
  session.caller.name = user.name;
  session.caller.email = user.email;
  session.caller.csrf_token = csrf_of(session.token.reveal());
  co_await store_.exec(sql::identity::insert_session, session_hash(session.token.reveal()), user.id, now, session.expires_at, ip_address,
                       user_agent.substr(0, 400));
  co_return session;
}

Task<void> Identity::log_out(Secret token) {
  auto const hash = session_hash(token.reveal());
  co_await store_.exec(sql::identity::delete_session, hash);
  cache_.erase(hash);
  store_.announce("identity");
}

Task<Result<Caller>> Identity::by_session(std::string_view token) {
  auto const hash = session_hash(token);
  auto const csrf = csrf_of(token);
  if (auto const found = cache_.find(hash); found != cache_.end() && found->second.until > clock_.steady()) co_return found->second.caller;
  auto const now = clock_.now();
  auto const row = co_await store_.maybe(sql::identity::session, hash, now, now - session_idle);
  if (!row) co_return not_logged_in();
  if (row->instant(6) < now - std::chrono::minutes(5)) co_await store_.exec(sql::identity::touch_session, hash, now);
  Caller caller;
  caller.context.tenant = row->id<TenantId>(1);
  caller.context.actor = Actor{ActorKind::user, row->uuid(0)};
  caller.email = row->text(2);
  caller.name = row->text(3);
  caller.role = parse_role(row->view(4)).value_or(Role::viewer);
  caller.can_send = row->boolean(5);
  caller.csrf_token = csrf;
  if (cache_.size() > 10'000) cache_.clear();
  cache_.insert_or_assign(hash, Cached{caller, clock_.steady() + cache_time});
  co_return caller;
}

Task<Result<Caller>> Identity::by_api_key(std::string_view key) {
  // pr_<prefix>_<secret>: the prefix finds the row, the hash of the whole decides.
  auto const end = key.starts_with("pr_") ? key.find('_', 3) : std::string_view::npos;
  if (end == std::string_view::npos || key.size() > 200) co_return not_logged_in();
  std::string const prefix(key.substr(3, end - 3));
  auto const hash = hash_of(key);
  if (auto const found = cache_.find(hash); found != cache_.end() && found->second.until > clock_.steady()) co_return found->second.caller;
  auto const row = co_await store_.maybe(sql::identity::api_key_by_prefix, prefix);
  if (!row || !crypto::equal_in_constant_time(row->view(9), hash) || !row->is_null(8)) co_return not_logged_in();
  auto const found_key = read_api_key(*row);
  auto const now = clock_.now();
  if (!found_key.last_used_at || *found_key.last_used_at < now - std::chrono::minutes(1))
    co_await store_.exec(sql::identity::touch_api_key, found_key.id, now, now - std::chrono::minutes(1));
  Caller caller;
  caller.context.tenant = found_key.tenant;
  caller.context.actor = Actor{ActorKind::api_key, found_key.id.uuid()};
  caller.name = found_key.name;
  caller.role = found_key.role;
  caller.can_send = found_key.can_send;
  if (cache_.size() > 10'000) cache_.clear();
  cache_.insert_or_assign(hash, Cached{caller, clock_.steady() + cache_time});
  co_return caller;
}

}  // namespace postrider::identity
