// A tenant ready to send, a provider that does as told, and the real sender over them. Messages are put into the ledger by hand, so
// that a test says exactly what is there.
#pragma once

#include "postrider/content/templates.h"
#include "postrider/crypto/sealing.h"
#include "postrider/crypto/tokens.h"
#include "postrider/delivery/sender_service.h"
#include "support/store_test.h"

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace postrider::test {

// Accepts everything, unless a script for the address says otherwise; keeps to the protocol of a provider.
class ScriptedProvider : public delivery::Provider {
 public:
  struct Acceptance {
    MessageId id;
    std::int64_t fence = 0;
    std::string to;
  };

  // The next outcomes for an address; the last one stays.
  std::map<std::string, std::deque<delivery::Outcome>> script;
  // Of everybody without a script.
  std::optional<delivery::Outcome> always;
  // Awaited before it is asked whether a message may go, and between the dot and the reply.
  std::function<Task<void>(delivery::Envelope const&)> before;
  std::function<Task<void>(delivery::Envelope const&)> after_dot;
  std::size_t at_once = 10;

  std::vector<Acceptance> accepted;
  int offered = 0;  // hand-overs begun
  int refused = 0;  // by the observer
  int inside = 0;   // messages in `before` at the moment
  std::set<std::string> to() const;

  delivery::Capabilities capabilities() const override { return delivery::Capabilities{.channel = "email", .in_flight = at_once}; }
  Task<std::vector<delivery::Outcome>> deliver(std::vector<delivery::Envelope> batch, delivery::HandOffObserver& observer) override;
  Task<delivery::CheckReport> check() override;
  Task<void> close() override;

 private:
  struct Turn;
  Task<void> hand_over(delivery::Envelope const& envelope, delivery::HandOffObserver& observer, delivery::Outcome& outcome);
  Task<void> work(Turn& turn);
};

delivery::Outcome outcome_of(delivery::OutcomeKind kind, int code = 0, bool provider_fault = false, delivery::BounceClass bounce = delivery::BounceClass::none);

struct SendingStage {
  explicit SendingStage(TestStore& store_test);
  ~SendingStage();
  // The tenant, a sender and a template; no messages.
  Task<void> prepare();
  // Another tenant, with the same provider behind a row of its own.
  Task<TenantId> another_tenant(std::string slug);

  // A person with consent for marketing.
  Task<ContactId> person(std::string address, TenantId tenant = {});
  // A campaign with an open lane and one message to each of so many new people, "<name>-<n>@example.net".
  Task<CampaignId> campaign(std::string name, int people, int priority = 5, std::optional<int> throttle = std::nullopt, TenantId tenant = {});
  // A direct message.
  Task<MessageId> direct(std::string address, std::string purpose, int priority = 1, TenantId tenant = {});
  MessageId message_to(std::string const& address) const { return MessageId(uuid_from_name("message " + address)); }

  // A sender of its own instance; `shared` journals are those of one machine.
  std::unique_ptr<Service> sender(db::Store& store, InstanceId instance, delivery::SendingSettings settings = {});
  delivery::SendingSettings quick() const;

  Task<std::string> status(std::string address);
  // "sent 3, queued 2"
  Task<std::string> states();
  // Waits until no message is queued (and due) or under way.
  Task<void> settled();
  // Real time passes until it holds, the clock standing still.
  Task<void> until_states(std::string wanted);

  TestStore& t;
  std::filesystem::path folder;
  crypto::Keys keys;
  crypto::Tokens tokens;
  content::Templates templates;
  std::shared_ptr<ScriptedProvider> provider = std::make_shared<ScriptedProvider>();
  std::map<ProviderId, std::shared_ptr<ScriptedProvider>> others;  // in place of `provider`, for their rows

  struct Ground {
    ProviderId provider;
    SenderId sender;
    TemplateVersionId version;
  };
  std::map<TenantId, Ground> grounds;
};

}  // namespace postrider::test
