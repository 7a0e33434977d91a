#include "identity/records.h"
#include "identity/throttle.h"
#include "postrider/audit/audit.h"
#include "postrider/base/metrics.h"
#include "postrider/crypto/encoding.h"
#include "postrider/crypto/password.h"
#include "sql/identity.h"

#include <functional>

namespace postrider::identity {

namespace {

constexpr auto session_idle = std::chrono::hours(12);
constexpr auto session_longest = std::chrono::hours(24 * 14);
constexpr auto cache_time = std::chrono::seconds(1);
constexpr std::size_t most_cached = 10'000;

void count_login(char const* outcome) {
  metrics::counter("postrider_identity_logins_total", "Attempts to sign in", {{"outcome", outcome}}).add();
}

Error wrong_login() { return Error{.code = Code::unauthenticated, .message = "e-mail address or password is wrong"}; }

}  // namespace

std::string Identity::csrf_of(std::string_view token) const {
  auto const mac = signer_.sign(token);
  return crypto::base64url(std::string_view(mac.data(), 24));
}

Task<bool> Identity::password_fits(std::string hash, Secret password) {
  std::function<bool()> check = [hash = std::move(hash), password = std::move(password)] {
    return hash.empty() ? crypto::verify_dummy_password(password.reveal()) : crypto::verify_password(hash, password.reveal());
  };
  co_return co_await offload_.run<bool>(std::move(check));
}

Task<Session> Identity::open_session(db::Session& within, User user, std::string ip_address, std::string user_agent) {
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
  co_await within.exec(sql::identity::insert_session, hash_of(session.token.reveal()), user.id, now, session.expires_at, ip_address, user_agent.substr(0, 400));
  co_return session;
}

Task<Result<Session>> Identity::log_in(std::string email, Secret password, std::string ip_address, std::string user_agent) {
  email = lower(email);
  Throttle throttle(store_, clock_, Throttle::of_login(email, ip_address));
  auto const free = co_await throttle.enter();
  if (!free) count_login("braked");
  if (!free) co_return free.error();
  auto const row = co_await store_.maybe(sql::identity::user_for_login, email);
  auto const hash = row ? row->text(9) : std::string();
  bool const good = password.reveal().size() <= longest_password && co_await password_fits(hash, password);
  bool const in = good && row && !row->boolean(6);
  count_login(in ? "good" : "refused");
  if (!in) co_return wrong_login();
  co_await throttle.forgive();
  auto const user = read_user(*row);
  if (crypto::needs_rehash(hash)) {
    auto const stronger = co_await hashed(password);
    co_await store_.exec(sql::identity::rehash, user.tenant, user.id, hash, stronger);
  }
  co_return co_await open_session(store_, user, ip_address, user_agent);
}

Task<Result<Session>> Identity::change_password(Context context, Secret current, Secret wanted) {
  auto const id = UserId(context.actor.id);
  auto const known = co_await user(context.tenant, id);
  if (context.actor.kind != ActorKind::user || !known) co_return forbidden("only somebody who is signed in has a password to change");
  Throttle throttle(store_, clock_, Throttle::of_login(known->email, context.ip_address));
  if (auto const free = co_await throttle.enter(); !free) co_return free.error();
  auto const row = co_await store_.maybe(sql::identity::user_for_login, known->email);
  auto const hash = row ? row->text(9) : std::string();
  bool const good = current.reveal().size() <= longest_password && co_await password_fits(hash, current);
  if (!good) co_return invalid_field("/current_password", "invalid_value", "is not your password");
  co_await throttle.forgive();
  if (auto const mistake = password_mistake(wanted, known->email, "/new_password")) co_return invalid(mistake->message, {*mistake});
  auto const fresh = co_await hashed(wanted);
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::identity::set_password, context.tenant, id, fresh, now);
  co_await tx.exec(sql::identity::end_sessions, id);
  auto session = co_await open_session(tx, *known, context.ip_address, context.user_agent);
  boost::json::object hidden;
  hidden["old"] = "***";
  hidden["new"] = "***";
  boost::json::object changes;
  changes["password"] = std::move(hidden);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"user", id.uuid(), "password_changed", std::move(changes)});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  cache_.clear();
  co_return session;
}

Task<void> Identity::log_out(Secret token) {
  auto const hash = hash_of(token.reveal());
  co_await store_.exec(sql::identity::delete_session, hash);
  cache_.erase("session " + hash);
}

Task<void> Identity::log_out_everywhere(UserId user) {
  co_await store_.exec(sql::identity::end_sessions, user);
  cache_.clear();
}

Task<std::vector<OpenSession>> Identity::sessions(UserId user) {
  auto const now = clock_.now();
  auto const rows = co_await store_.all(sql::identity::sessions_of, user, now, now - session_idle);
  std::vector<OpenSession> all;
  for (auto const row : rows) {
    OpenSession session;
    session.token_hash = row.text(0);
    session.created_at = row.instant(1);
    session.last_seen_at = row.instant(2);
    session.expires_at = row.instant(3);
    session.ip_address = row.maybe_text(4).value_or("");
    session.user_agent = row.maybe_text(5).value_or("");
    all.push_back(std::move(session));
  }
  co_return all;
}

bool Identity::is_of(OpenSession const& session, std::string_view token) const { return session.token_hash == hash_of(token); }

Task<std::int64_t> Identity::forget_old() {
  auto const now = clock_.now();
  co_await store_.exec(sql::identity::forget_attempts, now - std::chrono::hours(24));
  co_return co_await store_.exec(sql::identity::forget_sessions, now, now - session_idle);
}

Task<Result<Caller>> Identity::by_session(std::string_view token) {
  auto const hash = hash_of(token);
  auto const csrf = csrf_of(token);
  auto const shelf = "session " + hash;
  if (auto const found = cache_.find(shelf); found != cache_.end() && found->second.until > clock_.steady()) co_return found->second.caller;
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
  if (cache_.size() > most_cached) cache_.clear();
  cache_.insert_or_assign(shelf, Cached{caller, clock_.steady() + cache_time});
  co_return caller;
}

std::string Identity::setup_code() const {
  auto const mac = signer_.sign("setup of the first owner");
  return lower(crypto::base32(std::string_view(mac.data(), 15)));
}

Task<Result<void>> Identity::check_setup_code(std::string code, std::string ip_address) {
  Throttle throttle(store_, clock_, Throttle::of_login("setup", ip_address));
  if (auto const free = co_await throttle.enter(); !free) co_return free.error();
  if (!crypto::equal_in_constant_time(lower(code), setup_code()))
    co_return invalid_field("/code", "invalid_value", "is not the code that the server wrote to its log when it started");
  co_await throttle.forgive();
  co_return Result<void>();
}

}  // namespace postrider::identity
