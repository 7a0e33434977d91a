// Providers (through which messages leave) and senders (in whose name). Secrets are sealed and never read back; a live provider is
// made when first needed and again after a change.
#pragma once

#include "postrider/base/context.h"
#include "postrider/crypto/sealing.h"
#include "postrider/db/store.h"
#include "postrider/delivery/provider.h"
#include "postrider/delivery/providers.h"

#include <boost/json/object.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postrider::delivery {

class DkimSigner;

struct StoredProvider {
  ProviderId id;
  std::string name;
  std::string kind;
  boost::json::object settings;          // without secrets
  std::vector<std::string> secrets = {};  // names of those that are kept
  std::optional<std::string> check_status, check_detail;
  std::optional<Instant> checked_at;
  boost::json::object breaker = {};  // {state, changed_at, reason, retry_at}; empty while it never opened
  Instant created_at;
  Instant updated_at;
};

// The key that signs a sender's mail; the record is what its domain has to publish.
struct SenderDkim {
  std::string domain;
  std::string selector;
  std::string record_name;
  std::string record_text;
  Instant created_at;
};

struct Sender {
  SenderId id;
  std::string from_email;
  std::string from_name;
  std::optional<std::string> reply_to;
  ProviderId provider_id;
  bool verified = false;
  std::optional<Instant> verified_at = {};
  std::optional<SenderDkim> dkim = {};
  Instant created_at;
  Instant updated_at;
};

struct SenderChange {
  std::optional<std::string> from_email = {}, from_name = {};
  std::optional<std::optional<std::string>> reply_to = {};
  std::optional<ProviderId> provider_id = {};
  std::optional<bool> verified = {};
};

// Whose webhook address this is.
struct ProviderOwner {
  TenantId tenant;
  std::string kind;
  std::string public_key;
};

class Identities {
 public:
  Identities(db::Store& store, Clock const& clock, Ids& ids, crypto::Sealer const& sealer, ProviderGround ground)
      : store_(store), clock_(clock), ids_(ids), sealer_(sealer), ground_(std::move(ground)) {}

  // Fails with invalid: /kind, /settings/…
  Task<Result<StoredProvider>> create_provider(Context context, std::string provider_name, std::string kind, boost::json::object settings);
  // Settings that are not named stay, secrets too.
  Task<Result<StoredProvider>> change_provider(Context context, ProviderId id, std::optional<std::string> provider_name, std::optional<boost::json::object> settings,
                                               std::optional<Instant> expected = std::nullopt);
  Task<Result<StoredProvider>> find_provider(TenantId tenant, ProviderId id);
  Task<std::vector<StoredProvider>> list_providers(TenantId tenant);
  Task<Result<void>> remove_provider(Context context, ProviderId id);
  // Tries it without sending, and keeps what was found.
  Task<Result<CheckReport>> check_provider(Context context, ProviderId id);
  Task<std::optional<ProviderOwner>> owner_of(ProviderId id);

  Task<Result<Sender>> create_sender(Context context, SenderChange wanted);
  // Another address has to be verified anew; another domain loses its DKIM key. Fails also with precondition.
  Task<Result<Sender>> change_sender(Context context, SenderId id, SenderChange change, std::optional<Instant> expected = std::nullopt);
  Task<Result<Sender>> find_sender(TenantId tenant, SenderId id);
  Task<std::vector<Sender>> list_senders(TenantId tenant);
  Task<Result<void>> remove_sender(Context context, SenderId id);
  // Makes a key and keeps it sealed, in place of an older one. Fails with not_found, conflict, invalid (/selector).
  Task<Result<Sender>> make_dkim_key(Context context, SenderId id, std::optional<std::string> selector);
  Task<Result<Sender>> remove_dkim_key(Context context, SenderId id);
  // What signs this sender's mail; null when it has no key.
  Task<std::shared_ptr<DkimSigner const>> signer(TenantId tenant, SenderId id);

  // The provider ready for use; null when it is gone or its settings no longer fit.
  Task<std::shared_ptr<Provider>> live(TenantId tenant, ProviderId id);
  Task<void> close();

 private:
  struct Opened {
    std::shared_ptr<Provider> provider;
    Instant version;
  };
  struct Signing {
    std::shared_ptr<DkimSigner const> signer;
    Instant version;
  };
  struct StoredSender {
    Sender sender;
    std::optional<std::string> sealed_key;
  };
  Task<Result<boost::json::object>> open_settings(TenantId tenant, ProviderId id);
  Task<Result<StoredSender>> stored_sender(TenantId tenant, SenderId id);
  Task<Result<Sender>> save_sender(Context context, StoredSender before, StoredSender after, char const* action);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  crypto::Sealer const& sealer_;
  ProviderGround ground_;
  std::map<ProviderId, Opened> open_;
  std::map<SenderId, Signing> signers_;
};

// The built-in inbox of the demo, and of whoever wants to look at mail before it leaves: kind "demo".
std::unique_ptr<Provider> make_demo_provider(db::Store& store, Ids& ids, Clock const& clock);
struct InboxMail {
  Uuid id;
  std::string to_address;
  std::string from_address;
  std::string subject;
  std::string html;
  std::string text;
  std::string unsubscribe_url;
  Instant received_at;
};
Task<std::vector<InboxMail>> demo_inbox(db::Store& store, TenantId tenant, std::optional<Uuid> before, int limit);

}  // namespace postrider::delivery
