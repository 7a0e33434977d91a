#include "delivery/sending/recovery.h"

#include "postrider/base/fail_point.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "sql/sending.h"

#include <set>

namespace postrider::delivery {

POSTRIDER_DECLARE_FAIL_POINT(point_recovering, "sending.before_recovery");
POSTRIDER_DECLARE_FAIL_POINT(point_recovered, "sending.recovered");

namespace {

Ended ended_at(db::Row row) {
  Ended e;
  e.tenant = row.id<TenantId>(0);
  e.id = row.id<MessageId>(1);
  e.fence = row.integer(2);
  e.purpose = row.text(3);
  e.lane = row.maybe_id<LaneId>(4);
  return e;
}

Outcome uncertain(char const* why) {
  Outcome outcome;
  outcome.kind = OutcomeKind::uncertain;
  outcome.reply = why;
  return outcome;
}

}  // namespace

Task<void> Recovery::adopt() {
  auto orphans = read_orphans(journals_);
  if (!orphans) {
    log::warn("journals_unreadable", log::field("error", orphans.error().message));
    co_return;
  }
  for (auto& orphan : *orphans) {
    Entries known;
    for (auto const& entry : orphan.entries) known.insert_or_assign(entry.message, &entry);
    POSTRIDER_FAIL_POINT("sending.before_recovery");
    co_await recover(orphan.instance, known, orphan.same_boot);
    co_await apply_replies(known);
    POSTRIDER_FAIL_POINT("sending.recovered");
    if (orphan.instance != InstanceId()) co_await g_.store.all_on(db::Lane::vital, sql::sending::leave, orphan.instance, g_.clock.now());
    orphan.discard();
  }
}

Task<void> Recovery::rescue() {
  co_await take_strays();
  auto const now = g_.clock.steady();
  // Owners first: one that comes back to life between the two questions is alive in the second.
  auto const owners = co_await g_.store.all_on(db::Lane::vital, sql::sending::owners);
  std::map<InstanceId, std::string> alive;
  for (auto const row : co_await g_.store.all_on(db::Lane::vital, sql::sending::hearts)) alive.emplace(row.id<InstanceId>(0), row.text(1));
  std::erase_if(hearts_, [&alive](auto const& entry) { return !alive.contains(entry.first); });
  Entries const nothing;
  for (auto const& [id, beat] : alive) {
    auto& heart = hearts_[id];
    if (heart.beat != beat) heart = Heart{beat, now};
    if (id == g_.instance || now - heart.seen < Flights::silent_after) continue;
    // It must not come back to life between our look and our deed.
    auto const buried = co_await g_.store.all_on(db::Lane::vital, sql::sending::bury, id, *parse_instant(beat), g_.clock.now());
    if (!buried.empty()) log::warn("instance_given_up", log::field("instance", id));
  }
  for (auto const row : owners) {
    if (row.is_null(0)) continue;
    auto const owner = row.id<InstanceId>(0);
    if (owner == g_.instance) continue;
    auto const found = hearts_.find(owner);
    if (found != hearts_.end() && now - found->second.seen < Flights::silent_after) continue;
    co_await recover(owner, nothing, false);
  }
}

// A claim whose commit was not answered, a batch that broke off: claimed by us and held by nobody. Our own journal knows the rest.
Task<void> Recovery::take_strays() {
  auto const rows = co_await g_.store.all_on(db::Lane::vital, sql::sending::sending_of, g_.instance);
  std::map<TenantId, std::vector<Ended>> strays;
  for (auto const row : rows) {
    auto e = ended_at(row);
    if (flights_.holds(e.id)) continue;
    e.outcome = flights_.known_end(e.id);
    strays[e.tenant].push_back(std::move(e));
  }
  for (auto& [tenant, ends] : strays) {
    log::warn("strays_taken_back", log::field("messages", ends.size()));
    co_await write(tenant, std::move(ends));
  }
}

Task<void> Recovery::recover(InstanceId owner, Entries const& known, bool journal_is_whole) {
  for (std::set<MessageId> seen;;) {
    auto const rows = co_await g_.store.all_on(db::Lane::vital, sql::sending::sending_of, owner);
    std::map<TenantId, std::vector<Ended>> by_tenant;
    std::size_t fresh = 0;
    for (auto const row : rows) {
      auto e = ended_at(row);
      if (!seen.insert(e.id).second) continue;
      ++fresh;
      auto const found = known.find(e.id);
      bool const told = found != known.end() && found->second->fence == e.fence;
      if (told && found->second->phase == Phase::replied) {
        e.outcome = found->second->outcome;
      } else if ((told && found->second->phase == Phase::dot) || !journal_is_whole) {
        e.outcome = uncertain(told ? "the server died between the message and its reply" : "the server died, and its journal is not here");
      } else {
        e.crashes = 1;
      }
      by_tenant[e.tenant].push_back(std::move(e));
    }
    if (fresh == 0) break;
    log::warn("sending_recovered", log::field("instance", owner), log::field("messages", fresh));
    metrics::counter("postrider_delivery_recovered_total", "Messages taken over from dead instances").add(static_cast<double>(fresh));
    for (auto& [tenant, ends] : by_tenant) co_await write(tenant, std::move(ends));
  }
}

// Replies that the ledger never learned of, though somebody else has decided on the message since.
Task<void> Recovery::apply_replies(Entries const& known) {
  std::map<TenantId, std::vector<Ended>> by_tenant;
  for (auto const& [id, entry] : known) {
    if (entry->phase != Phase::replied || entry->outcome.kind == OutcomeKind::not_sent) continue;
    Ended e;
    e.tenant = entry->tenant;
    e.id = id;
    e.fence = entry->fence;
    e.outcome = entry->outcome;
    by_tenant[e.tenant].push_back(std::move(e));
  }
  for (auto& [tenant, ends] : by_tenant) co_await write(tenant, std::move(ends));
}

// Whose messages these were: recovered ones tell their events like any other.
Task<void> Recovery::write(TenantId tenant, std::vector<Ended> ends) {
  db::TextArray ids;
  for (auto const& e : ends) ids.items.push_back(e.id.str());
  std::map<MessageId, Ended*> by_id;
  for (auto& e : ends) by_id.emplace(e.id, &e);
  for (auto const row : co_await g_.store.all_on(db::Lane::vital, sql::sending::crashes, tenant, ids))
    if (auto& e = *by_id.at(row.id<MessageId>(0)); e.crashes > 0) e.crashes += static_cast<int>(row.integer(1));
  auto const facts = co_await g_.store.all_on(db::Lane::vital, sql::sending::facts, tenant, ids);
  for (auto const row : facts) {
    auto& e = *by_id.at(row.id<MessageId>(0));
    e.contact = row.id<ContactId>(1);
    e.campaign = row.maybe_id<CampaignId>(2);
    e.purpose = row.text(3);
    e.attempt = static_cast<int>(row.integer(8));
    e.created_at = row.instant(10);
    e.kind = row.text(38);
    e.email = row.maybe_text(39).value_or(row.maybe_text(25).value_or(""));
    e.scheduled_at = row.instant(40);
    if (!row.is_null(20)) e.provider = row.id<ProviderId>(20);
    if (!row.is_null(41)) e.provider_kind = row.text(41);
  }
  auto const lanes = co_await g_.store.all_on(db::Lane::vital, sql::sending::fences, tenant, ids);
  for (auto const row : lanes) by_id.at(row.id<MessageId>(0))->lane = row.maybe_id<LaneId>(2);
  co_await settling_.write(tenant, std::move(ends));
}

}  // namespace postrider::delivery
