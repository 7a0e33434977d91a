#include "delivery/sending/handovers.h"

#include "postrider/base/fail_point.h"
#include "postrider/base/log.h"
#include "sql/sending.h"

#include <map>
#include <set>

namespace postrider::delivery {

POSTRIDER_DECLARE_FAIL_POINT(point_rendered, "sending.rendered");
POSTRIDER_DECLARE_FAIL_POINT(point_handing_over, "sending.before_hand_over");
POSTRIDER_DECLARE_FAIL_POINT(point_handed_over, "sending.handed_over");

namespace {

constexpr std::size_t rendered_at_a_stretch = 20;

Outcome unusable(std::string reply) {
  Outcome outcome;
  outcome.kind = OutcomeKind::configuration;
  outcome.reply = std::move(reply);
  outcome.provider_fault = true;
  return outcome;
}

}  // namespace

// What of a batch goes through one provider, and the one that answers this provider's questions.
class Handovers::Part : public HandOffObserver {
 public:
  Part(Handovers& owner, ClaimedBatch const& whole, ProviderId provider_id, std::vector<bool>& ended)
      : id(provider_id), batch(whole), owner_(owner), ended_(ended) {}

  bool may_hand_off(Envelope const& envelope) override { return owner_.flights_.may_hand_off(envelope); }
  bool phase(Envelope const& envelope, Phase phase, Outcome const* outcome) override { return owner_.flights_.phase(envelope, phase, outcome); }
  void settled(std::size_t index, Outcome const& outcome) override { end(index, outcome); }

  void end(std::size_t index, Outcome outcome) {
    auto const source = sources.at(index);
    if (ended_[source]) return;
    ended_[source] = true;
    owner_.end(batch, source, std::move(outcome));
  }

  ProviderId id;
  ClaimedBatch const& batch;
  std::shared_ptr<Provider> provider;
  std::vector<Envelope> envelopes;
  std::vector<std::size_t> sources;  // their places in the batch

 private:
  Handovers& owner_;
  std::vector<bool>& ended_;
};

void Handovers::end(ClaimedBatch const& batch, std::size_t index, Outcome outcome) {
  auto const& c = batch.messages[index];
  rooms_.ended(batch.tenant, c.provider, outcome);
  settling_.ended(ended_of(batch.tenant, batch.lane, batch.rules, c, std::move(outcome)));
}

Task<void> Handovers::carry(std::shared_ptr<ClaimedBatch> batch) {
  std::vector<bool> ended(batch->messages.size(), false);
  std::vector<std::unique_ptr<Part>> parts;
  try {
    co_await prepare(*batch, parts, ended);
    TaskGroup group(g_.executor);
    for (auto const& part : parts) group.spawn("sending.part", carry_part(*part));
    co_await group.join();
  } catch (std::exception const& failure) {
    log::warn("sending_failed", log::field("error", failure.what()));
  }
  // What broke off: the journal knows how far each came.
  for (std::size_t i = 0; i < ended.size(); ++i)
    if (!ended[i]) end(*batch, i, flights_.known_end(batch->messages[i].id));
}

// All that can fail is asked before the first hand-over.
Task<void> Handovers::prepare(ClaimedBatch const& batch, std::vector<std::unique_ptr<Part>>& parts, std::vector<bool>& ended) {
  std::map<SenderId, std::shared_ptr<DkimSigner const>> signers;
  for (auto const& c : batch.messages) {
    if (!g_.signer_of || signers.contains(c.sender)) continue;
    auto const signer = co_await g_.signer_of(batch.tenant, c.sender);
    signers.emplace(c.sender, signer);
  }
  std::map<ProviderId, Part*> by_provider;
  for (std::size_t i = 0; i < batch.messages.size(); ++i) {
    auto const& c = batch.messages[i];
    auto failed = ended_of(batch.tenant, batch.lane, batch.rules, c, Outcome());
    std::optional<Envelope> envelope;
    std::string broken;
    try {
      envelope = co_await letters_.render(batch.tenant, c, failed);
    } catch (db::Failure const&) {
      throw;
    } catch (std::exception const& failure) {
      broken = failure.what();
    }
    // One message that cannot even be looked at must not hold up the rest of its batch for ever.
    if (!broken.empty()) {
      failed.skip_reason = "render_failed";
      failed.outcome.reply = broken;
    }
    if (i % rendered_at_a_stretch == rendered_at_a_stretch - 1) co_await yield();
    if (!envelope) {
      ended[i] = true;
      rooms_.ended(batch.tenant, c.provider, Outcome());
      settling_.ended(std::move(failed));
      continue;
    }
    auto& part = by_provider[c.provider];
    if (!part) {
      parts.push_back(std::make_unique<Part>(*this, batch, c.provider, ended));
      part = parts.back().get();
    }
    if (auto const found = signers.find(c.sender); found != signers.end()) envelope->dkim = found->second;
    part->envelopes.push_back(std::move(*envelope));
    part->sources.push_back(i);
  }
  POSTRIDER_FAIL_POINT("sending.rendered");
  for (auto& part : parts) {
    part->provider = co_await g_.provider_of(batch.tenant, part->id);
    if (part->provider) rooms_.abilities(part->id, part->provider->capabilities().in_flight);
  }
}

Task<void> Handovers::carry_part(Part& part) {
  if (!part.provider) {
    for (std::size_t i = 0; i < part.sources.size(); ++i) part.end(i, unusable("the provider's settings cannot be used; save them again"));
    co_return;
  }
  std::vector<std::string> ids;
  for (auto const& envelope : part.envelopes) ids.push_back(envelope.id.str());
  auto const rows = co_await g_.store.all_on(db::Lane::sending, sql::sending::still_allowed, part.batch.tenant, db::text_array(ids));
  std::map<MessageId, std::int64_t> allowed;
  for (auto const row : rows) allowed.emplace(row.id<MessageId>(0), row.integer(1));
  // Revoked, paused or taken over since: back to the queue, where the gate says why.
  std::vector<Envelope> going;
  std::vector<std::size_t> sources;
  for (std::size_t i = 0; i < part.envelopes.size(); ++i) {
    auto const found = allowed.find(part.envelopes[i].id);
    if (found == allowed.end() || found->second != part.envelopes[i].fence) {
      part.end(i, Outcome());
      continue;
    }
    going.push_back(std::move(part.envelopes[i]));
    sources.push_back(part.sources[i]);
  }
  part.envelopes.clear();
  part.sources = std::move(sources);
  if (going.empty()) co_return;
  POSTRIDER_FAIL_POINT("sending.before_hand_over");
  auto outcomes = co_await part.provider->deliver(std::move(going), part);
  POSTRIDER_FAIL_POINT("sending.handed_over");
  for (std::size_t i = 0; i < outcomes.size() && i < part.sources.size(); ++i) part.end(i, std::move(outcomes[i]));
}

}  // namespace postrider::delivery
