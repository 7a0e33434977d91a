#include "identity/records.h"
#include "postrider/audit/audit.h"
#include "postrider/crypto/password.h"
#include "sql/identity.h"

#include <functional>

namespace postrider::identity {

Task<bool> Identity::has_users() {
  auto const row = co_await store_.maybe(sql::identity::any_user);
  co_return row.has_value();
}

Task<std::string> Identity::hashed(Secret password) {
  std::function<std::string()> hash = [password = std::move(password)] { return crypto::hash_password(password.reveal()); };
  co_return co_await offload_.run<std::string>(std::move(hash));
}

Task<Result<User>> Identity::create_user(Context context, NewUser wanted) { return insert_user(std::move(context), std::move(wanted), false); }

Task<Result<User>> Identity::create_first_owner(Context context, NewUser wanted) {
  wanted.role = Role::owner;
  wanted.can_send = true;
  return insert_user(std::move(context), std::move(wanted), true);
}

Task<Result<User>> Identity::insert_user(Context context, NewUser wanted, bool first) {
  std::vector<FieldError> mistakes;
  wanted.email = lower(wanted.email);
  if (!looks_like_email(wanted.email)) mistakes.push_back(FieldError{"/email", "invalid_value", "must be an e-mail address"});
  if (auto mistake = password_mistake(wanted.password, wanted.email, "/password")) mistakes.push_back(std::move(*mistake));
  if (!mistakes.empty()) co_return invalid("the user cannot be created: " + mistakes.front().message, mistakes);

  auto const password_hash = co_await hashed(wanted.password);
  auto const id = ids_.make<UserId>();
  auto const now = clock_.now();
  bool taken = false;
  try {
    auto tx = co_await store_.begin();
    if (first) {
      co_await tx.exec(sql::identity::lock_tenant, context.tenant);
      auto const somebody = co_await tx.maybe(sql::identity::any_user);
      if (somebody) co_return conflict("this installation has users already: sign in");
    }
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
    auto const known = co_await user(context.tenant, id);
    if (!known) co_return known.error();
    if (auto const mistake = password_mistake(*change.password, known->email, "/password")) co_return invalid(mistake->message, {*mistake});
    password_hash = co_await hashed(*change.password);
  }
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  // One change of the team at a time: two owners cannot remove each other.
  co_await tx.exec(sql::identity::lock_tenant, context.tenant);
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

}  // namespace postrider::identity
