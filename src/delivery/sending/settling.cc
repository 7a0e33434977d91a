#include "delivery/sending/settling.h"

#include "delivery/settlement.h"
#include "postrider/base/fail_point.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/consent/suppression.h"
#include "postrider/events/event_log.h"
#include "sql/sending.h"

#include <boost/json/value.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace postrider::delivery {

POSTRIDER_DECLARE_FAIL_POINT(point_settling, "sending.before_settle_commit");
POSTRIDER_DECLARE_FAIL_POINT(point_written, "sending.after_settle_commit");
POSTRIDER_DECLARE_FAIL_POINT(point_settled, "sending.settled");

namespace {

constexpr std::size_t together = 150;  // SQLite looks each up in the list again
constexpr int last_tries = 6;
// A commit costs the same for one as for hundreds: fewer than this wait a moment for others that are about to end.
constexpr std::size_t worth_a_commit = 100;
constexpr auto gathering = std::chrono::milliseconds(15);

void count(std::vector<Ended> const& all, std::set<MessageId> const& ours, Instant now) {
  static std::vector<double> const buckets{0.1, 0.5, 1, 5, 30, 120, 600, 3600};
  std::map<std::string, int> outcomes;
  std::map<CampaignId, metrics::Histogram*> campaigns;
  for (auto const& e : all) {
    if (!ours.contains(e.id)) continue;
    ++outcomes[e.skip_reason ? "skipped" : std::string(delivery::name(e.outcome.kind))];
    if (e.outcome.kind != OutcomeKind::accepted || !e.campaign) continue;
    auto& histogram = campaigns[*e.campaign];
    if (!histogram)
      histogram = &metrics::histogram("campaign_delivery_duration_seconds", "Time to deliver campaign messages", buckets,
                                      {{"campaign_id", metrics::bounded("campaign_id", e.campaign->str(), 50)}, {"channel", "email"}});
    histogram->observe(std::chrono::duration<double>(now - e.created_at).count());
  }
  for (auto const& [outcome, number] : outcomes)
    metrics::counter("postrider_delivery_outcomes_total", "Ended hand-overs", {{"outcome", outcome}}).add(number);
}

}  // namespace

Settling::Settling(SendingGround const& ground, Flights& flights, Rooms& rooms) : g_(ground), flights_(flights), rooms_(rooms), bell_(ground.executor) {}

void Settling::ended(Ended end) {
  waiting_.push_back(std::move(end));
  if (waiting_.size() == 1) bell_.notify();
}

void Settling::finish() {
  finishing_ = true;
  bell_.notify();
}

// What ends while one transaction is under way travels in the next: no timer, and full batches under load.
Task<void> Settling::work() {
  int failures = 0;
  while (!finishing_ || !waiting_.empty()) {
    if (waiting_.empty()) {
      co_await bell_.wait_for(std::chrono::seconds(5));
      continue;
    }
    if (finishing_ && failures > last_tries) {
      log::error("settling_given_up", log::field("messages", waiting_.size()), log::field("note", "the hand-off journal keeps them for the next start"));
      break;
    }
    if (!finishing_ && waiting_.size() < worth_a_commit && flights_.size() > waiting_.size()) co_await sleep_for(gathering);
    std::map<TenantId, std::vector<Ended>> by_tenant;
    std::size_t taken = 0;
    for (; taken < waiting_.size() && taken < together; ++taken) by_tenant[waiting_[taken].tenant].push_back(std::move(waiting_[taken]));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
    bool good = true;
    for (auto& [tenant, ends] : by_tenant) {
      auto const written = co_await settle(tenant, ends);
      if (written) continue;
      good = false;
      for (auto& end : ends) waiting_.push_back(std::move(end));
    }
    failures = good ? 0 : failures + 1;
    if (!good) co_await sleep_for(std::chrono::milliseconds(std::min(3000, 50 << std::min(failures, 6))));
  }
}

// False: the database could not be reached; again later. A set that it refuses is tried one by one, and what it refuses even then is left
// to recovery, which knows it from the journal.
Task<bool> Settling::settle(TenantId tenant, std::vector<Ended>& ends) {
  std::string refused;
  bool later = false;
  try {
    co_await write(tenant, ends);
  } catch (db::Unavailable const& failure) {
    later = true;
    log::warn("sending_settle_failed", log::field("error", failure.what()));
  } catch (db::Retryable const& failure) {
    later = true;
    log::warn("sending_settle_failed", log::field("error", failure.what()));
  } catch (std::exception const& failure) {
    refused = failure.what();
  }
  if (later) co_return false;
  if (!refused.empty() && ends.size() > 1) {
    std::vector<Ended> left;
    for (auto& end : ends) {
      std::vector<Ended> alone;
      alone.push_back(end);
      auto const written = co_await settle(tenant, alone);
      if (!written) left.push_back(std::move(end));
    }
    ends = std::move(left);
    co_return ends.empty();
  }
  std::vector<MessageId> ids;
  for (auto const& e : ends) ids.push_back(e.id);
  if (refused.empty()) {
    flights_.written(ids);
    POSTRIDER_FAIL_POINT("sending.settled");
  } else {
    log::error("sending_settle_refused", log::field("message_id", ends.front().id), log::field("error", refused));
    for (auto const& id : ids) flights_.remove(id);
  }
  for (auto const& e : ends) rooms_.left(e.provider, 1);
  g_.store.topic("sending").notify();
  co_return true;
}

Task<void> Settling::write(TenantId tenant, std::vector<Ended> ends) {
  if (ends.empty()) co_return;
  auto const now = g_.clock.now();
  std::ranges::sort(ends, {}, &Ended::id);  // rows are locked in one order
  db::Columns rows(13), attempts(6);
  std::vector<consent::Suppress> bounced;
  std::map<LaneId, Instant> again;
  db::TextArray back;
  for (auto const& e : ends) {
    SettlementRules const rules{.purpose = e.purpose, .attempt = e.attempt, .max_attempts = e.max_attempts, .scheduled_at = e.scheduled_at,
                                .provider_down = rooms_.troubled(e.provider), .crashes = e.crashes};
    auto s = settlement_of(e.outcome, rules, now, g_.random.fraction());
    if (e.skip_reason) {
      s = Settlement{.status = "skipped"};
      if (!e.outcome.reply.empty()) s.error = e.outcome.reply;
    }
    std::optional<Instant> sent_at, bounced_at;
    std::optional<std::string> bounce_class, provider_message_id, code, reply;
    if (s.status == "sent") sent_at = now;
    if (s.bounced) {
      bounced_at = now;
      bounce_class = "hard";
      auto const source = e.provider_kind.empty() ? std::string("provider") : e.provider_kind;
      if (!e.email.empty()) bounced.push_back(consent::Suppress{.email_address = e.email, .reason = "bounce", .source = source, .message_id = e.id});
    }
    if (!e.outcome.provider_message_id.empty()) provider_message_id = e.outcome.provider_message_id;
    if (s.due_at) {
      back.items.push_back(e.id.str());
      if (e.lane) {
        auto const [found, fresh] = again.try_emplace(*e.lane, *s.due_at);
        found->second = std::min(found->second, *s.due_at);
      }
    }
    bool const known = s.status == "sent" || s.status == "failed";
    rows.add(e.id, e.fence, s.status, sent_at, provider_message_id, s.error, e.skip_reason, s.due_at, e.provider, bounced_at, bounce_class,
             s.refund_attempt ? 1 : 0, known);
    if (e.outcome.code != 0) code = std::to_string(e.outcome.code);
    if (!e.outcome.reply.empty()) reply = e.outcome.reply;
    auto const outcome = e.skip_reason ? std::string("skipped") : e.crashes > 0 ? std::string("crashed") : std::string(delivery::name(e.outcome.kind));
    attempts.add(e.id, e.fence, outcome, code, reply, known);
  }
  auto tx = co_await g_.store.begin(db::Lane::sending);
  if (!back.items.empty()) co_await tx.all(sql::sending::hold_campaigns, tenant, back);
  std::vector<db::Call> both;
  both.push_back(db::Call{sql::sending::settle, db::Parameters{tenant, now, std::move(rows)}});
  both.push_back(db::Call{sql::sending::finish_attempts, db::Parameters{tenant, now, std::move(attempts)}});
  auto const taken = co_await tx.run_all(std::move(both));
  std::set<MessageId> ours;  // a fenced-off instance changes nothing, and says nothing
  for (auto const row : taken[0]) ours.insert(row.id<MessageId>(0));
  std::vector<events::Event> happened;
  for (auto const& e : ends) {
    if (!ours.contains(e.id) || e.skip_reason || e.kind != "message") continue;
    bool const accepted = e.outcome.kind == OutcomeKind::accepted;
    bool const hard = e.outcome.bounce == BounceClass::hard && e.outcome.kind == OutcomeKind::permanent;
    if (!accepted && !hard) continue;
    events::Event event;
    event.id = g_.ids.make<EventId>();
    event.type = std::string(accepted ? events::kind::email_sent : events::kind::email_bounced);
    event.contact_id = e.contact;
    event.campaign_id = e.campaign;
    event.message_id = e.id;
    event.occurred_at = now;
    if (hard) event.payload["bounce_class"] = "hard";
    happened.push_back(std::move(event));
  }
  if (!happened.empty()) co_await events::append(tx, tenant, std::move(happened), now);
  if (!bounced.empty()) {
    Context context;
    context.tenant = tenant;
    context.actor = Actor{ActorKind::provider, Uuid()};
    co_await consent::suppress(tx, context, std::move(bounced), g_.ids, now);
  }
  for (auto const& [lane, at] : again) co_await tx.exec(sql::sending::wake_lane, tenant, lane, at);
  if (!again.empty()) tx.announce("sending");
  POSTRIDER_FAIL_POINT("sending.before_settle_commit");
  co_await tx.commit();
  POSTRIDER_FAIL_POINT("sending.after_settle_commit");
  count(ends, ours, now);
}

}  // namespace postrider::delivery
