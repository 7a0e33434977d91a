// Who may do what: tenants, users with sessions, API keys. Passwords are argon2id; keys and session tokens are stored hashed
// and shown once. Revoking works at once here and within a second on other instances.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/base/offload.h"
#include "postrider/base/secret.h"
#include "postrider/crypto/signing.h"
#include "postrider/db/store.h"
#include "postrider/identity/tenant_settings.h"

#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::identity {

enum class Role { viewer, marketer, admin, owner };
std::string_view name(Role role);
std::optional<Role> parse_role(std::string_view text);

// What a route can ask for. Sending (launching, test sends, transactional messages) is a right apart from editing.
namespace right {
inline constexpr std::string_view anonymous = "anonymous";
inline constexpr std::string_view read = "read";    // viewer and up
inline constexpr std::string_view write = "write";  // marketer and up
inline constexpr std::string_view send = "send";    // marketer and up with the sender right
inline constexpr std::string_view admin = "admin";  // admin and up
inline constexpr std::string_view owner = "owner";
}  // namespace right

struct Caller {
  Context context;
  Role role = Role::viewer;
  bool can_send = false;
  std::string csrf_token = {};  // of a session; empty for keys
  std::string name = {};        // of the user or key
  std::string email = {};
};
bool may(Caller const& caller, std::string_view right);

struct Tenant {
  TenantId id;
  std::string name;
  std::string slug;
  std::string time_zone;
  TenantSettings settings;
  Instant created_at;
  Instant updated_at;
};

struct User {
  UserId id;
  TenantId tenant;
  std::string email;
  std::string name;
  Role role = Role::viewer;
  bool can_send = false;
  bool disabled = false;
  Instant created_at;
  Instant updated_at;
};

struct NewUser {
  std::string email;
  std::string name = {};
  Role role = Role::marketer;
  bool can_send = false;
  Secret password;  // 10 to 1000 characters, not made of the address
};
struct UserChange {
  std::optional<std::string> name = {};
  std::optional<Role> role = {};
  std::optional<bool> can_send = {};
  std::optional<bool> disabled = {};
  std::optional<Secret> password = {};
};

struct ApiKey {
  ApiKeyId id;
  TenantId tenant;
  std::string name;
  std::string prefix;
  Role role = Role::viewer;
  bool can_send = false;
  Instant created_at;
  std::optional<Instant> last_used_at;
  std::optional<Instant> revoked_at;
};
struct CreatedApiKey {
  ApiKey key;
  Secret secret;  // "pr_<prefix>_<43 characters>": not to be had again
};

struct Session {
  Secret token;  // for the cookie
  Caller caller;
  Instant expires_at;
};

// A session as its user sees it.
struct OpenSession {
  std::string token_hash;
  Instant created_at;
  Instant last_seen_at;
  Instant expires_at;
  std::string ip_address;
  std::string user_agent;
};

// The tenant that the first migration makes.
TenantId default_tenant();

class Identity {
 public:
  Identity(db::Store& store, Clock const& clock, Ids& ids, Random& random, Offload& offload, crypto::Keys const& keys);

  // Fails with conflict when the name's slug is taken.
  Task<Result<Tenant>> create_tenant(Context context, std::string name);
  Task<Result<Tenant>> find_tenant(std::string name_or_id);
  Task<Result<Tenant>> tenant(TenantId id);
  Task<std::vector<Tenant>> tenants();
  Task<Result<Tenant>> change_tenant(Context context, std::optional<std::string> name, std::optional<std::string> time_zone,
                                     std::optional<TenantSettings> settings);
  Task<bool> has_users();

  // Audited. Fails with invalid (email, password, role), conflict (email known).
  Task<Result<User>> create_user(Context context, NewUser wanted);
  // As owner who may send. Fails with conflict once there is any user.
  Task<Result<User>> create_first_owner(Context context, NewUser wanted);
  // What proves that somebody reads this server's log: the same on every instance, of no use once there is a user.
  std::string setup_code() const;
  // Throttled. Fails with invalid, paced.
  Task<Result<void>> check_setup_code(std::string code, std::string ip_address);
  // Ends the user's sessions when role, password or disabled change. Fails with conflict for the last owner.
  Task<Result<User>> change_user(Context context, UserId id, UserChange change);
  Task<Result<User>> user(TenantId tenant, UserId id);
  Task<std::vector<User>> users(TenantId tenant, std::optional<UserId> after, int limit);

  Task<Result<CreatedApiKey>> create_api_key(Context context, std::string key_name, Role role, bool can_send);
  Task<Result<void>> revoke_api_key(Context context, ApiKeyId id);
  Task<std::vector<ApiKey>> api_keys(TenantId tenant, std::optional<ApiKeyId> after, int limit);

  // Throttled by network and by account (paced); the same answer and time for unknown users. A session lives 12 hours idle,
  // 14 days at most.
  Task<Result<Session>> log_in(std::string email, Secret password, std::string ip_address, std::string user_agent);
  // For a signed-in user: ends all his sessions and opens a new one. Fails with invalid (/current_password, /new_password), paced.
  Task<Result<Session>> change_password(Context context, Secret current, Secret wanted);
  Task<void> log_out(Secret token);
  Task<void> log_out_everywhere(UserId user);
  Task<std::vector<OpenSession>> sessions(UserId user);
  bool is_of(OpenSession const& session, std::string_view token) const;
  // Drops ended sessions and old attempts.
  Task<std::int64_t> forget_old();
  // Fails with unauthenticated. `context.request_id`, `ip_address` and `user_agent` are the caller's to fill.
  Task<Result<Caller>> by_session(std::string_view token);
  Task<Result<Caller>> by_api_key(std::string_view key);

 private:
  struct Cached {
    Caller caller;
    std::chrono::steady_clock::time_point until;
  };
  std::string csrf_of(std::string_view token) const;
  Task<std::string> hashed(Secret password);
  Task<bool> password_fits(std::string hash, Secret password);
  Task<Result<User>> insert_user(Context context, NewUser wanted, bool first);
  Task<Session> open_session(db::Session& within, User user, std::string ip_address, std::string user_agent);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  Random& random_;
  Offload& offload_;
  crypto::Signer signer_;
  std::map<std::string, Cached, std::less<>> cache_;  // by kind and hash of what was shown; one second
};

}  // namespace postrider::identity
