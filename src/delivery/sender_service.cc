#include "postrider/delivery/sender_service.h"

#include "delivery/providers/hand_off_journal.h"
#include "delivery/settlement.h"
#include "postrider/base/fail_point.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/base/random.h"
#include "postrider/consent/suppression.h"
#include "postrider/delivery/gate.h"
#include "postrider/delivery/letter.h"
#include "postrider/events/event_log.h"
#include "sql/sending.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

namespace postrider::delivery {

POSTRIDER_DECLARE_FAIL_POINT(point_claimed, "sending.claimed");
POSTRIDER_DECLARE_FAIL_POINT(point_rendered, "sending.rendered");
POSTRIDER_DECLARE_FAIL_POINT(point_handed_over, "sending.handed_over");
POSTRIDER_DECLARE_FAIL_POINT(point_settled, "sending.settled");

namespace {

constexpr auto beat_every = std::chrono::seconds(5);
constexpr auto lease = std::chrono::seconds(30);
constexpr auto fenced_after = std::chrono::seconds(25);  // a margin below the lease
constexpr auto poll = std::chrono::milliseconds(300);
constexpr std::size_t handed_over_at_once = 50;

// One claimed message that the gate let through.
struct Claimed {
  MessageId id;
  ContactId contact_id;
  std::optional<CampaignId> campaign;
  std::string campaign_name;
  std::string purpose;
  std::string channel;
  TemplateVersionId version;
  std::int64_t fence = 0;
  int attempt = 0;
  boost::json::object variables;
  Instant created_at;
  std::string from_email, from_name;
  std::optional<std::string> reply_to;
  ProviderId provider;
  bool tracking = true;
  contacts::Contact contact;
  std::string visit;
  std::string kind;
  std::optional<std::string> to_address;
};

struct DueLane {
  TenantId tenant;
  LaneId id;
  std::int64_t version = 0;
  std::optional<std::int64_t> throttle;
  double tokens = 0;
  Instant tokens_at;
};

// What is to be written for one message when its hand-over has ended.
struct Ended {
  MessageId id;
  ContactId contact;
  std::optional<CampaignId> campaign;
  std::string purpose;
  std::string kind = "message";
  std::string email;
  std::int64_t fence = 0;
  int attempt = 0;
  Instant created_at;
  std::optional<ProviderId> provider;
  Outcome outcome;
  std::optional<std::string> skip_reason = {};  // set: skipped after all (template said so, or could not be rendered)
  bool render_failed = false;
};

class SenderService : public Service, public HandOffObserver {
 public:
  SenderService(SendingGround ground, SendingSettings settings)
      : g_(ground), settings_(std::move(settings)), tasks_(g_.executor), batches_(g_.executor), due_(g_.store.topic("sending")), freed_(g_.executor), stopping_(g_.executor) {}

  std::string_view name() const override { return "sending"; }

  Task<void> start() override {
    auto journal = HandOffJournal::open(settings_.journal_folder, g_.instance, g_.clock);
    if (!journal) throw std::runtime_error(journal.error().message);
    journal_ = std::move(*journal);
    co_await beat();
    co_await adopt();
    running_ = true;
    tasks_.spawn("sending.claim", work());
    tasks_.spawn("sending.watch", watch());
  }

  // Nothing new is claimed; what has not begun is given back, what has begun ends.
  Task<void> stop() override {
    if (!running_) co_return;
    running_ = false;
    due_.notify();
    freed_.notify();
    stopping_.notify();
    co_await tasks_.join();
    co_await batches_.join();
    try {
      co_await g_.store.all_on(db::Lane::vital, sql::sending::leave, g_.instance, g_.clock.now());
    } catch (db::Failure const&) {
      // gone without a word: the heartbeat tells
    }
    journal_.reset();
  }

  bool may_hand_off(Envelope const&) override { return running_ && g_.clock.steady() - last_beat_ < fenced_after; }
  bool phase(Envelope const& envelope, Phase phase, Outcome const* outcome) override { return journal_->record(envelope, phase, outcome); }
  void settled(std::size_t, Outcome const&) override {}

 private:
  Task<void> work() {
    while (running_) {
      bool found = false;
      try {
        found = co_await round();
      } catch (db::Failure const& failure) {
        log::warn("sending_claim_failed", log::field("error", failure.what()));
      }
      if (!running_) break;
      if (static_cast<int>(batches_.running()) >= settings_.batches) co_await freed_.wait_for(std::chrono::seconds(1));
      else if (!found) co_await due_.wait_for(poll);
    }
  }

  // One batch from each due lane in turn: the most urgent first, among equals the one served longest ago.
  Task<bool> round() {
    bool found = false;
    auto const rows = co_await g_.store.all_on(db::Lane::sending, sql::sending::due_lanes, g_.clock.now(), 20);
    for (auto const row : rows) {
      if (!running_) break;
      while (static_cast<int>(batches_.running()) >= settings_.batches && running_) co_await freed_.wait_for(std::chrono::seconds(1));
      DueLane lane{row.id<TenantId>(0), row.id<LaneId>(1), row.integer(2), row.maybe_integer(3), row.real(4), row.instant(5)};
      auto claimed = co_await claim(lane);
      if (claimed.empty()) continue;
      found = true;
      batches_.spawn("sending.batch", deliver(lane.tenant, lane.id, std::move(claimed)));
    }
    co_return found;
  }

  // A bucket of ten seconds' worth (at least one message).
  int allowance(DueLane& lane, Instant now) const {
    if (!lane.throttle) return settings_.batch;
    double const per_second = static_cast<double>(*lane.throttle) / 60.0;
    double const seconds = std::max(0.0, std::chrono::duration<double>(now - lane.tokens_at).count());
    lane.tokens = std::min(std::max(1.0, per_second * 10), lane.tokens + per_second * seconds);
    return std::min(settings_.batch, static_cast<int>(lane.tokens));
  }

  Task<std::vector<Claimed>> claim(DueLane lane) {
    auto const now = g_.clock.now();
    std::vector<Claimed> through;
    int const limit = allowance(lane, now);
    auto tx = co_await g_.store.begin(db::Lane::sending);
    if (limit < 1) {
      auto const wait = Duration(static_cast<std::int64_t>((1.0 - lane.tokens) * 60e6 / static_cast<double>(*lane.throttle)) + 1000);
      co_await tx.exec(sql::sending::postpone_lane, lane.tenant, lane.id, now + wait, lane.version);
      co_await tx.commit();
      co_return through;
    }
    auto const ids = co_await tx.all(sql::sending::claim, lane.tenant, lane.id, now, limit, g_.instance);
    if (static_cast<int>(ids.size()) < limit) {
      auto const next = co_await tx.all(sql::sending::next_due, lane.tenant, lane.id);
      auto const wake = next.empty() || next[0].is_null(0) ? now + std::chrono::hours(24) : next[0].instant(0);
      co_await tx.exec(sql::sending::postpone_lane, lane.tenant, lane.id, wake, lane.version);
    }
    co_await tx.exec(sql::sending::serve_lane, lane.tenant, lane.id, now, lane.tokens - static_cast<double>(ids.size()));
    if (!ids.empty()) co_await ask_gate(tx, lane.tenant, ids, through, now);
    co_await tx.commit();
    POSTRIDER_FAIL_POINT("sending.claimed");
    co_return through;
  }

  Task<void> ask_gate(db::Transaction& tx, TenantId tenant, db::Rows const& ids, std::vector<Claimed>& through, Instant now) {
    db::TextArray list;
    for (auto const row : ids) list.items.push_back(row.text(0));
    auto const rows = co_await tx.all(sql::sending::facts, tenant, list);
    db::Columns skipped(2), attempts(6);
    for (auto const row : rows) {
      GateFacts facts;
      facts.purpose = row.text(3);
      facts.channel = row.text(4);
      facts.kind = row.text(38);
      facts.address = row.maybe_text(39);
      facts.contact_exists = !row.is_null(24) || facts.address;
      if (!facts.address) facts.address = row.maybe_text(25);
      facts.suppression = row.maybe_text(11);
      facts.consent = row.maybe_text(12);
      facts.consent_expires_at = row.maybe_instant(13);
      facts.campaign_status = row.maybe_text(14);
      facts.sender_exists = !row.is_null(16);
      facts.sender_verified = facts.sender_exists && row.boolean(19);
      facts.provider_exists = !row.is_null(21);
      auto const verdict = decide(facts, now);
      bool const send = verdict.decision == Decision::send;
      auto const trace = boost::json::serialize(verdict.trace);
      std::optional<Instant> finished;
      if (!send) {
        skipped.add(row.text(0), verdict.reason);
        finished = now;
        metrics::counter("postrider_delivery_skipped_total", "Messages that the gate refused", {{"reason", verdict.reason}}).add();
      }
      attempts.add(row.text(0), row.integer(8), row.integer(7), finished, send ? "sending" : "skipped", trace);
      if (send) through.push_back(read_claimed(row));
    }
    if (skipped.rows() > 0) co_await tx.all(sql::sending::skip, tenant, now, skipped);
    co_await tx.all(sql::sending::insert_attempts, tenant, g_.instance, now, attempts);
  }

  static Claimed read_claimed(db::Row row) {
    Claimed c;
    c.id = row.id<MessageId>(0);
    c.contact_id = row.id<ContactId>(1);
    c.campaign = row.maybe_id<CampaignId>(2);
    c.purpose = row.text(3);
    c.channel = row.text(4);
    if (!row.is_null(5)) c.version = row.id<TemplateVersionId>(5);
    c.fence = row.integer(7);
    c.attempt = static_cast<int>(row.integer(8));
    if (!row.is_null(9)) c.variables = row.json(9).as_object();
    c.created_at = row.instant(10);
    c.campaign_name = row.maybe_text(15).value_or("");
    c.from_email = row.text(16);
    c.from_name = row.text(17);
    c.reply_to = row.maybe_text(18);
    c.provider = row.id<ProviderId>(20);
    if (!row.is_null(24)) c.contact = contacts::read_contact(row, 24);
    c.tracking = c.contact.tracking && !row.is_null(22) && row.boolean(22);
    c.visit = row.text(23);
    c.kind = row.text(38);
    c.to_address = row.maybe_text(39);
    return c;
  }

  Task<void> deliver(TenantId tenant, LaneId lane, std::vector<Claimed> claimed) {
    for (std::size_t at = 0; at < claimed.size(); at += handed_over_at_once) {
      auto const end = std::min(at + handed_over_at_once, claimed.size());
      std::vector<Claimed> part(std::make_move_iterator(claimed.begin() + static_cast<std::ptrdiff_t>(at)),
                                std::make_move_iterator(claimed.begin() + static_cast<std::ptrdiff_t>(end)));
      std::vector<Ended> ended;
      std::exception_ptr failure;
      try {
        ended = co_await hand_over(tenant, part);
      } catch (db::Failure const& error) {
        log::warn("sending_failed", log::field("error", error.what()));
        failure = std::current_exception();
      }
      if (failure) {
        // Nothing was begun: the database failed before.
        ended.clear();
        for (auto const& c : part) ended.push_back(ended_of(c, Outcome()));
      }
      co_await settle(tenant, lane, std::move(ended));
    }
    freed_.notify();
  }

  static Ended ended_of(Claimed const& c, Outcome outcome) {
    Ended e;
    e.id = c.id;
    e.contact = c.contact_id;
    e.campaign = c.campaign;
    e.purpose = c.purpose;
    e.email = c.to_address.value_or(c.contact.email.value_or(""));
    e.kind = c.kind;
    e.fence = c.fence;
    e.attempt = c.attempt;
    e.created_at = c.created_at;
    e.provider = c.provider;
    e.outcome = std::move(outcome);
    return e;
  }

  // Reads once more, right before the hand-over, what may have been revoked since the claim; renders; hands over.
  Task<std::vector<Ended>> hand_over(TenantId tenant, std::vector<Claimed> const& part) {
    std::vector<Ended> ended;
    if (!running_) {
      for (auto const& c : part) ended.push_back(ended_of(c, Outcome()));
      co_return ended;
    }
    std::map<ProviderId, std::pair<std::vector<Envelope>, std::vector<Claimed const*>>> by_provider;
    for (auto const& c : part) {
      Ended failed = ended_of(c, Outcome());
      auto envelope = co_await render(tenant, c, failed);
      if (!envelope) {
        ended.push_back(std::move(failed));
        continue;
      }
      auto& group = by_provider[c.provider];
      group.first.push_back(std::move(*envelope));
      group.second.push_back(&c);
    }
    POSTRIDER_FAIL_POINT("sending.rendered");
    co_await yield();
    // All that can fail is asked before the first hand-over: what was handed over must not be taken for what was not.
    std::map<ProviderId, std::shared_ptr<Provider>> providers;
    for (auto const& [provider_id, group] : by_provider) providers[provider_id] = co_await g_.identities.live(tenant, provider_id);
    std::vector<std::string> ids;
    for (auto const& c : part) ids.push_back(c.id.str());
    auto const allowed_rows = co_await g_.store.all_on(db::Lane::sending, sql::sending::still_allowed, tenant, db::text_array(ids));
    std::set<std::string> allowed;
    for (auto const row : allowed_rows) allowed.insert(row.text(0));
    for (auto& [provider_id, group] : by_provider) {
      auto& [envelopes, sources] = group;
      auto const provider = providers[provider_id];
      std::vector<Envelope> going;
      std::vector<Claimed const*> going_sources;
      for (std::size_t i = 0; i < envelopes.size(); ++i) {
        // Revoked or paused since: back to the queue, where the gate says why.
        if (!provider || !allowed.contains(sources[i]->id.str())) {
          ended.push_back(ended_of(*sources[i], Outcome()));
          continue;
        }
        going.push_back(std::move(envelopes[i]));
        going_sources.push_back(sources[i]);
      }
      if (going.empty()) continue;
      auto outcomes = co_await provider->deliver(std::move(going), *this);
      POSTRIDER_FAIL_POINT("sending.handed_over");
      for (std::size_t i = 0; i < outcomes.size(); ++i) ended.push_back(ended_of(*going_sources[i], std::move(outcomes[i])));
    }
    co_return ended;
  }

  Task<std::optional<Envelope>> render(TenantId tenant, Claimed const& c, Ended& failed) {
    auto const compiled = co_await g_.templates.compiled(tenant, c.version, c.tracking);
    if (!compiled) {
      failed.skip_reason = "template_missing";
      co_return std::nullopt;
    }
    MessageFacts facts;
    facts.tenant = tenant;
    facts.id = c.id;
    facts.kind = c.kind;
    facts.purpose = c.purpose;
    facts.channel = c.channel;
    facts.campaign = c.campaign;
    facts.campaign_name = c.campaign_name;
    facts.version = c.version;
    if (!c.contact.id.is_nil()) facts.contact = c.contact;
    facts.to_address = c.to_address;
    facts.variables = c.variables;
    facts.from_email = c.from_email;
    facts.from_name = c.from_name;
    facts.reply_to = c.reply_to;
    facts.tracking = c.tracking;
    facts.created_at = c.created_at;
    LetterGround const ground{g_.clock, g_.tokens, settings_.public_url};
    auto rendered = render_message(ground, *compiled, facts, true);
    if (!rendered) {
      bool const aborted = rendered.error().fault == content::TemplateFault::aborted;
      failed.skip_reason = aborted ? "aborted_by_template" : "render_failed";
      failed.outcome.reply = rendered.error().describe();
      co_return std::nullopt;
    }
    auto envelope = envelope_of(ground, facts, std::move(*rendered));
    envelope.fence = c.fence;
    co_return envelope;
  }

  // Tries until it is written: what left must not be forgotten. The journal keeps it meanwhile, also over a crash.
  Task<void> settle(TenantId tenant, LaneId lane, std::vector<Ended> ended) {
    for (int attempt = 0;; ++attempt) {
      bool written = false;
      try {
        co_await write(tenant, lane, ended);
        written = true;
      } catch (db::Failure const& failure) {
        log::warn("sending_settle_failed", log::field("error", failure.what()));
      }
      if (written) break;
      if (!running_ && attempt > 5) co_return;
      co_await sleep_for(std::chrono::milliseconds(std::min(5000, 100 << std::min(attempt, 6))));
    }
    std::vector<MessageId> ids;
    for (auto const& e : ended) ids.push_back(e.id);
    journal_->settled(ids);
    POSTRIDER_FAIL_POINT("sending.settled");
  }

  Task<void> write(TenantId tenant, LaneId lane, std::vector<Ended> const& ended) {
    if (ended.empty()) co_return;
    auto const now = g_.clock.now();
    db::Columns rows(12), attempts(5);
    std::vector<consent::Suppress> bounced;
    std::optional<Instant> again;
    std::map<MessageId, Ended const*> sent_by_id, bounced_by_id;
    auto sorted = ended;
    std::ranges::sort(sorted, {}, &Ended::id);
    for (auto const& e : sorted) {
      auto s = settlement_of(e.outcome, e.purpose, e.attempt, now, g_.random.fraction());
      if (e.skip_reason) {
        s = Settlement{.status = "skipped"};
        if (!e.outcome.reply.empty()) s.error = e.outcome.reply;
      }
      std::optional<Instant> sent_at, bounced_at;
      std::optional<std::string> bounce_class, provider_message_id;
      if (s.status == "sent") sent_at = now;
      if (s.bounced) {
        bounced_at = now;
        bounce_class = "hard";
        bounced.push_back(consent::Suppress{.email_address = e.email, .reason = "bounce", .source = "smtp", .message_id = e.id});
      }
      if (!e.outcome.provider_message_id.empty()) provider_message_id = e.outcome.provider_message_id;
      if (s.due_at && (!again || *s.due_at < *again)) again = s.due_at;
      rows.add(e.id, e.fence, s.status, sent_at, provider_message_id, s.error, e.skip_reason, s.due_at, e.provider, bounced_at, bounce_class, s.refund_attempt ? 1 : 0);
      std::optional<std::string> code, reply;
      if (e.outcome.code != 0) code = std::to_string(e.outcome.code);
      if (!e.outcome.reply.empty()) reply = e.outcome.reply;
      attempts.add(e.id, e.fence, e.skip_reason ? std::string("skipped") : std::string(delivery::name(e.outcome.kind)), code, reply);
    }
    auto tx = co_await g_.store.begin(db::Lane::sending);
    auto const taken = co_await tx.all(sql::sending::settle, tenant, now, rows);
    std::set<std::string> ours;  // a fenced-off instance changes nothing, and says nothing
    for (auto const row : taken) ours.insert(row.text(0));
    co_await tx.all(sql::sending::finish_attempts, tenant, now, attempts);
    std::vector<events::Event> happened;
    for (auto const& e : sorted) {
      if (!ours.contains(e.id.str()) || e.skip_reason || e.kind != "message") continue;
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
    if (again) {
      co_await tx.exec(sql::sending::wake_lane, tenant, lane, *again);
      tx.announce("sending");
    }
    co_await tx.commit();
    count(sorted, ours, now);
  }

  static void count(std::vector<Ended> const& all, std::set<std::string> const& ours, Instant now) {
    static std::vector<double> const buckets{0.1, 0.5, 1, 5, 30, 120, 600, 3600};
    for (auto const& e : all) {
      if (!ours.contains(e.id.str())) continue;
      metrics::counter("postrider_delivery_outcomes_total", "Ended hand-overs", {{"outcome", e.skip_reason ? "skipped" : std::string(delivery::name(e.outcome.kind))}}).add();
      if (e.outcome.kind != OutcomeKind::accepted || !e.campaign) continue;
      metrics::histogram("campaign_delivery_duration_seconds", "Time to deliver campaign messages", buckets,
                         {{"campaign_id", metrics::bounded("campaign_id", e.campaign->str(), 50)}, {"channel", "email"}})
          .observe(std::chrono::duration<double>(now - e.created_at).count());
    }
  }

  Task<void> beat() {
    auto const asked = g_.clock.steady();
    co_await g_.store.all_on(db::Lane::vital, sql::sending::beat, g_.instance, "host", g_.clock.now());
    last_beat_ = asked;
  }

  Task<void> watch() {
    while (running_) {
      co_await stopping_.wait_for(beat_every);
      if (!running_) break;
      try {
        co_await beat();
        co_await adopt();
        co_await bury();
      } catch (db::Failure const& failure) {
        log::warn("heartbeat_failed", log::field("error", failure.what()));
      }
    }
  }

  // Journals whose process is gone tell exactly how far each of its messages came.
  Task<void> adopt() {
    auto orphans = read_orphans(settings_.journal_folder);
    if (!orphans) {
      log::warn("journals_unreadable", log::field("error", orphans.error().message));
      co_return;
    }
    for (auto& orphan : *orphans) {
      std::unordered_map<MessageId, JournalEntry const*> known;
      for (auto const& entry : orphan.entries) known.emplace(entry.message, &entry);
      co_await recover(orphan.instance, known, orphan.same_boot);
      orphan.discard();
    }
  }

  // Instances that fell silent and left no journal here: what they had claimed may have been sent.
  Task<void> bury() {
    auto const rows = co_await g_.store.all_on(db::Lane::vital, sql::sending::dead_instances, g_.clock.now() - lease * 2);
    for (auto const row : rows) {
      auto const dead = row.id<InstanceId>(0);
      if (dead == g_.instance) continue;
      std::unordered_map<MessageId, JournalEntry const*> const nothing;
      co_await recover(dead, nothing, false);
      co_await g_.store.all_on(db::Lane::vital, sql::sending::leave, dead, g_.clock.now());
    }
  }

  Task<void> recover(InstanceId dead, std::unordered_map<MessageId, JournalEntry const*> const& known, bool journal_is_whole) {
    for (;;) {
      auto const rows = co_await g_.store.all_on(db::Lane::vital, sql::sending::sending_of, dead);
      if (rows.empty()) break;
      std::map<std::pair<TenantId, LaneId>, std::vector<Ended>> by_lane;
      for (auto const row : rows) {
        Ended e;
        e.id = row.id<MessageId>(1);
        e.fence = row.integer(2);
        e.purpose = row.text(3);
        auto const found = known.find(e.id);
        bool const told = found != known.end() && found->second->fence == e.fence;
        if (!told) e.outcome.kind = journal_is_whole ? OutcomeKind::not_sent : OutcomeKind::uncertain;
        else if (found->second->phase == Phase::replied) e.outcome = found->second->outcome;
        else if (found->second->phase == Phase::dot) e.outcome.kind = OutcomeKind::uncertain;
        else e.outcome.kind = journal_is_whole ? OutcomeKind::not_sent : OutcomeKind::uncertain;
        e.attempt = 1;
        by_lane[std::make_pair(row.id<TenantId>(0), row.maybe_id<LaneId>(4).value_or(LaneId()))].push_back(std::move(e));
      }
      for (auto& [place, ended] : by_lane) {
        co_await complete(place.first, ended);
        co_await write(place.first, place.second, ended);
      }
      log::warn("sending_recovered", log::field("instance", dead), log::field("messages", rows.size()));
    }
  }

  // Whose messages these were: recovered ones tell their events like any other.
  Task<void> complete(TenantId tenant, std::vector<Ended>& ended) {
    db::TextArray ids;
    for (auto const& e : ended) ids.items.push_back(e.id.str());
    std::map<MessageId, Ended*> by_id;
    for (auto& e : ended) by_id.emplace(e.id, &e);
    for (auto const row : co_await g_.store.all_on(db::Lane::vital, sql::sending::facts, tenant, ids)) {
      auto& e = *by_id.at(row.id<MessageId>(0));
      e.contact = row.id<ContactId>(1);
      e.campaign = row.maybe_id<CampaignId>(2);
      e.attempt = static_cast<int>(row.integer(8));
      e.created_at = row.instant(10);
      e.kind = row.text(38);
      e.email = row.maybe_text(39).value_or(row.maybe_text(25).value_or(""));
    }
  }

  SendingGround g_;
  SendingSettings settings_;
  TaskGroup tasks_;
  TaskGroup batches_;
  Signal& due_;
  Signal freed_;
  Signal stopping_;
  std::unique_ptr<HandOffJournal> journal_;
  std::chrono::steady_clock::time_point last_beat_{};
  bool running_ = false;
};

}  // namespace

std::unique_ptr<Service> make_sender_service(SendingGround ground, SendingSettings settings) {
  return std::make_unique<SenderService>(ground, std::move(settings));
}

}  // namespace postrider::delivery
