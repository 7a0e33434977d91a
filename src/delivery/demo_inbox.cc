#include "postrider/delivery/identities.h"
#include "sql/identities.h"

namespace postrider::delivery {

namespace {

class DemoProvider : public Provider {
 public:
  DemoProvider(db::Store& store, Ids& ids, Clock const& clock) : store_(store), ids_(ids), clock_(clock) {}

  Capabilities capabilities() const override { return Capabilities{.channel = "email", .in_flight = 100}; }

  Task<std::vector<Outcome>> deliver(std::vector<Envelope> batch, HandOffObserver& observer) override {
    std::vector<Outcome> outcomes(batch.size());
    db::Columns rows(8);
    std::vector<std::size_t> taken;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      auto const& envelope = batch[i];
      if (!observer.may_hand_off(envelope) || !observer.phase(envelope, Phase::begun, nullptr) || !observer.phase(envelope, Phase::dot, nullptr)) {
        observer.settled(i, outcomes[i]);
        continue;
      }
      auto const& letter = envelope.letter;
      rows.add(ids_.next(), envelope.id, letter.to.email, letter.from.email, letter.subject, letter.html, letter.text, letter.unsubscribe_url);
      taken.push_back(i);
    }
    if (!taken.empty()) {
      bool stored = true;
      try {
        co_await store_.all_on(db::Lane::sending, sql::identities::catch_mail, batch.front().tenant, clock_.now(), rows);
      } catch (db::Failure const&) {
        stored = false;
      }
      for (auto const i : taken) {
        outcomes[i].kind = stored ? OutcomeKind::accepted : OutcomeKind::temporary;
        outcomes[i].provider_message_id = stored ? "demo-" + batch[i].id.str() : "";
        outcomes[i].reply = stored ? "caught by the built-in inbox" : "the inbox could not be written";
        observer.phase(batch[i], Phase::replied, &outcomes[i]);
        observer.settled(i, outcomes[i]);
      }
    }
    co_return outcomes;
  }

  Task<CheckReport> check() override {
    CheckReport report;
    report.items.push_back(CheckItem{"inbox", true, "mail is kept in the built-in inbox and never leaves"});
    co_return report;
  }

  Task<void> close() override { co_return; }

 private:
  db::Store& store_;
  Ids& ids_;
  Clock const& clock_;
};

}  // namespace

std::unique_ptr<Provider> make_demo_provider(db::Store& store, Ids& ids, Clock const& clock) { return std::make_unique<DemoProvider>(store, ids, clock); }

Task<std::vector<InboxMail>> demo_inbox(db::Store& store, TenantId tenant, std::optional<Uuid> before, int limit) {
  auto const last = before.value_or(*Uuid::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  auto const rows = co_await store.all(sql::identities::inbox, tenant, last, limit);
  std::vector<InboxMail> all;
  for (auto const row : rows)
    all.push_back(InboxMail{row.uuid(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), row.text(6), row.instant(7)});
  co_return all;
}

}  // namespace postrider::delivery
