#include "postrider/identity/identity.h"

#include <array>

namespace postrider::identity {

namespace {

constexpr std::array role_names{std::string_view("viewer"), std::string_view("marketer"), std::string_view("admin"), std::string_view("owner")};

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

}  // namespace postrider::identity
