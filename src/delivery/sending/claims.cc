#include "delivery/sending/claims.h"

#include "postrider/base/fail_point.h"
#include "postrider/base/metrics.h"
#include "sql/sending.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <set>
#include <unordered_map>

namespace postrider::delivery {

POSTRIDER_DECLARE_FAIL_POINT(point_claiming, "sending.before_claim_commit");
POSTRIDER_DECLARE_FAIL_POINT(point_claimed, "sending.claimed");

namespace {

template <class... Values>
db::Call call(db::Statement const& statement, Values const&... values) {
  db::Parameters parameters;
  parameters.reserve(sizeof...(values));
  (parameters.emplace_back(values), ...);
  return db::Call{statement, std::move(parameters)};
}

// Those of the tenant's budgets that this lane draws on. All that leaves today is e-mail.
std::vector<Budget> read_budgets(db::Rows const& rows, std::optional<ProviderId> provider) {
  std::vector<Budget> budgets;
  for (auto const row : rows) {
    auto const name = row.view(0);
    bool const ours = name == "tenant" || name == "channel:email" || (provider && name == "provider:" + provider->str());
    auto const span = parse_span(row.view(1));
    if (!ours || !span) continue;
    Budget b;
    b.name = row.text(0);
    b.span = *span;
    b.capacity = row.integer(2);
    b.tokens = row.real(3);
    b.tokens_at = row.instant(4);
    read_slots(b, row.view(5));
    budgets.push_back(std::move(b));
  }
  return budgets;
}

SendingRules read_rules(db::Rows const& rows) {
  SendingRules rules;
  if (rows.empty()) return rules;
  rules.max_attempts = static_cast<int>(rows[0].integer(0));
  if (!rows[0].is_null(1)) rules.frequency_messages = static_cast<int>(rows[0].integer(1));
  if (!rows[0].is_null(2)) rules.frequency_days = static_cast<int>(rows[0].integer(2));
  return rules;
}

std::string label(Budget const& b) { return b.name + "/" + std::string(name(b.span)); }

// The budget that is the last to let something through again.
Budget const* tightest(std::vector<Budget> const& budgets, Instant now) {
  Budget const* found = nullptr;
  for (auto const& b : budgets)
    if (ready_at(b, now) > now && (!found || ready_at(b, now) > ready_at(*found, now))) found = &b;
  return found;
}

GateFacts facts_of(db::Row row) {
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
  return facts;
}

// Equal for facts that give equal verdicts: a batch has few different ones.
std::string sameness(GateFacts const& f) {
  std::string key = f.purpose + "|" + f.channel + "|" + f.kind + "|" + f.suppression.value_or("-") + "|" + f.consent.value_or("-") + "|" + f.campaign_status.value_or("-") + "|";
  for (bool const fact : {f.contact_exists, f.address.has_value(), f.sender_exists, f.sender_verified, f.provider_exists}) key += fact ? '1' : '0';
  if (f.consent_expires_at) key += to_text(*f.consent_expires_at);
  if (f.frequency_limit) key += "|" + std::to_string(f.recent_messages);
  return key;
}

Claimed read_claimed(db::Row row) {
  Claimed c;
  c.id = row.id<MessageId>(0);
  c.contact_id = row.id<ContactId>(1);
  c.campaign = row.maybe_id<CampaignId>(2);
  c.purpose = row.text(3);
  c.channel = row.text(4);
  if (!row.is_null(5)) c.version = row.id<TemplateVersionId>(5);
  c.fence = row.integer(7);
  c.attempt = static_cast<int>(row.integer(8));
  if (!row.is_null(9)) {
    auto const variables = row.json(9);
    if (variables.is_object()) c.variables = variables.as_object();
  }
  c.created_at = row.instant(10);
  c.campaign_name = row.maybe_text(15).value_or("");
  c.from_email = row.text(16);
  c.from_name = row.text(17);
  c.reply_to = row.maybe_text(18);
  c.sender = row.id<SenderId>(6);
  c.provider = row.id<ProviderId>(20);
  if (!row.is_null(24)) {
    c.contact = contacts::read_contact(row, 24);
    c.contact.lead = contacts::read_lead(row, 42);
  }
  c.tracking = c.contact.tracking && !row.is_null(22) && row.boolean(22);
  c.kind = row.text(38);
  c.to_address = row.maybe_text(39);
  c.scheduled_at = row.instant(40);
  c.provider_kind = row.text(41);
  return c;
}

// Lets go again of what it added, unless told to keep it.
class Holding {
 public:
  explicit Holding(Flights& flights) : flights_(flights) {}
  ~Holding() {
    for (auto const& id : added_) flights_.remove(id);
  }
  Holding(Holding const&) = delete;
  Holding& operator=(Holding const&) = delete;
  void add(TenantId tenant, Claimed const& c) {
    flights_.add(tenant, c.id, c.fence);
    added_.push_back(c.id);
  }
  void keep() { added_.clear(); }

 private:
  Flights& flights_;
  std::vector<MessageId> added_;
};

}  // namespace

Task<ClaimedBatch> Claims::claim(DueLane lane, int room) {
  ClaimedBatch batch;
  batch.tenant = lane.tenant;
  batch.lane = lane.id;
  auto const now = g_.clock.now();
  auto tx = co_await g_.store.begin(db::Lane::sending);
  std::vector<db::Call> first;
  first.push_back(call(sql::sending::take_lane, lane.tenant, lane.id, now));
  first.push_back(call(sql::sending::hold_limits, lane.tenant));
  first.push_back(call(sql::sending::settings, lane.tenant));
  auto const answers = co_await tx.run_all(std::move(first));
  if (answers[0].empty()) co_return batch;
  auto const taken = answers[0][0];
  auto const version = taken.integer(0);
  auto const throttle = taken.maybe_integer(1);
  batch.rules = read_rules(answers[2]);
  auto budgets = read_budgets(answers[1], taken.maybe_id<ProviderId>(5));
  if (throttle) budgets.push_back(Budget{.name = "campaign", .span = Span::minute, .capacity = *throttle, .tokens = taken.real(2), .tokens_at = taken.instant(3)});

  std::int64_t limit = room;
  boost::json::object pacing;
  for (auto const& b : budgets) {
    auto const left = available(b, now);
    limit = std::min(limit, left);
    boost::json::object read;
    read["limit"] = b.capacity;
    read["available"] = left;
    pacing[label(b)] = std::move(read);
  }
  if (limit < 1) {
    auto const* const which = tightest(budgets, now);
    auto const until = which ? ready_at(*which, now) : now + std::chrono::seconds(1);
    auto const why = which ? "paced:" + label(*which) : std::string("paced");
    co_await tx.exec(sql::sending::hold_lane, lane.tenant, lane.id, until, version, why);
    co_await tx.commit();
    metrics::counter("postrider_delivery_paced_total", "Claims put off because a budget was used up").add();
    co_return batch;
  }

  auto const ids = co_await tx.all(sql::sending::claim, lane.tenant, lane.id, now, limit, g_.instance);
  batch.found = !ids.empty();
  std::vector<db::Call> writes;
  if (!ids.empty()) co_await ask_gate(tx, batch, ids, std::move(pacing), writes, now);
  auto const going = static_cast<std::int64_t>(batch.messages.size());
  for (auto& b : budgets) take(b, going, now);
  Instant next = now;
  std::optional<std::string> held_by;
  if (static_cast<std::int64_t>(ids.size()) < limit) {
    auto const due = co_await tx.all(sql::sending::next_due, lane.tenant, lane.id);
    next = due.empty() || due[0].is_null(0) ? now + std::chrono::hours(24) : due[0].instant(0);
  } else if (auto const* const which = tightest(budgets, now)) {
    next = ready_at(*which, now);
    held_by = "paced:" + label(*which);
  }
  double tokens = taken.real(2);
  Instant tokens_at = taken.instant(3);
  for (auto const& b : budgets) {
    if (b.name == "campaign") {
      tokens = b.tokens;
      tokens_at = b.tokens_at;
    } else {
      writes.push_back(call(sql::sending::spend, lane.tenant, b.name, name(b.span), b.tokens, b.tokens_at, slots_text(b)));
    }
  }
  writes.push_back(call(sql::sending::serve_lane, lane.tenant, lane.id, now, next, tokens, tokens_at, held_by));
  co_await tx.run_all(std::move(writes));
  POSTRIDER_FAIL_POINT("sending.before_claim_commit");
  // Held from before the commit on: what is claimed and not held is a stray, and is put back. So is what a failed commit leaves behind,
  // since nobody knows whether it was committed.
  Holding holding(flights_);
  for (auto const& c : batch.messages) holding.add(batch.tenant, c);
  co_await tx.commit();
  POSTRIDER_FAIL_POINT("sending.claimed");
  holding.keep();
  co_return batch;
}

Task<void> Claims::hold(DueLane lane, Instant until, std::string why) {
  auto const now = g_.clock.now();
  auto tx = co_await g_.store.begin(db::Lane::sending);
  auto const taken = co_await tx.maybe(sql::sending::take_lane, lane.tenant, lane.id, now);
  if (!taken) co_return;
  co_await tx.exec(sql::sending::hold_lane, lane.tenant, lane.id, until, taken->integer(0), why);
  co_await tx.commit();
}

Task<std::map<ContactId, int>> Claims::written_to_lately(db::Transaction& tx, ClaimedBatch const& batch, db::Rows const& facts, Instant now) {
  std::map<ContactId, int> counts;
  std::set<std::string> people;
  for (auto const row : facts)
    if (row.view(3) == "marketing") people.insert(row.text(1));
  if (!batch.rules.frequency_messages || people.empty()) co_return counts;
  auto const list = db::text_array(people);
  co_await tx.all(sql::sending::hold_contacts, batch.tenant, list);
  auto const since = now - std::chrono::days(batch.rules.frequency_days.value_or(1));
  for (auto const row : co_await tx.all(sql::sending::recent_marketing, batch.tenant, list, since))
    counts[row.id<ContactId>(0)] = static_cast<int>(row.integer(1));
  // These are counted as being on their way; they are what is asked about.
  for (auto const row : facts)
    if (row.view(3) == "marketing") --counts[row.id<ContactId>(1)];
  co_return counts;
}

Task<void> Claims::ask_gate(db::Transaction& tx, ClaimedBatch& batch, db::Rows const& ids, boost::json::object pacing, std::vector<db::Call>& writes, Instant now) {
  db::TextArray list;
  for (auto const row : ids) list.items.push_back(row.text(0));
  auto const rows = co_await tx.all(sql::sending::facts, batch.tenant, list);
  auto recent = co_await written_to_lately(tx, batch, rows, now);
  struct Known {
    Verdict verdict;
    std::string trace;
  };
  std::unordered_map<std::string, Known> known;
  boost::json::object paced;
  paced["gate"] = "pacing";
  paced["verdict"] = "pass";
  paced["read"] = std::move(pacing);
  db::Columns skipped(2), attempts(6);
  for (auto const row : rows) {
    auto facts = facts_of(row);
    auto const contact = row.id<ContactId>(1);
    if (batch.rules.frequency_messages && facts.purpose == "marketing") {
      facts.frequency_limit = batch.rules.frequency_messages;
      facts.frequency_days = batch.rules.frequency_days.value_or(1);
      facts.recent_messages = recent[contact];
    }
    auto [found, fresh] = known.try_emplace(sameness(facts));
    auto& judged = found->second;
    if (fresh) {
      judged.verdict = decide(facts, now);
      if (judged.verdict.decision == Decision::send) judged.verdict.trace.push_back(paced);
      judged.trace = boost::json::serialize(judged.verdict.trace);
    }
    bool const send = judged.verdict.decision == Decision::send;
    std::optional<Instant> finished;
    if (!send) {
      skipped.add(row.text(0), judged.verdict.reason);
      finished = now;
      metrics::counter("postrider_delivery_skipped_total", "Messages that the gate refused", {{"reason", judged.verdict.reason}}).add();
    }
    attempts.add(row.view(0), row.integer(8), row.integer(7), finished, send ? "sending" : "skipped", judged.trace);
    if (!send) continue;
    ++recent[contact];
    batch.messages.push_back(read_claimed(row));
  }
  if (skipped.rows() > 0) writes.push_back(call(sql::sending::skip, batch.tenant, now, std::move(skipped)));
  writes.push_back(call(sql::sending::insert_attempts, batch.tenant, g_.instance, now, std::move(attempts)));
}

}  // namespace postrider::delivery
