#include "postrider/delivery/sender_service.h"

#include "delivery/providers/hand_off_journal.h"
#include "delivery/sending/claims.h"
#include "delivery/sending/flights.h"
#include "delivery/sending/handovers.h"
#include "delivery/sending/recovery.h"
#include "delivery/sending/rooms.h"
#include "delivery/sending/settling.h"
#include "delivery/sending/turns.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/base/random.h"
#include "sql/sending.h"

#include <unistd.h>

#include <map>
#include <optional>

namespace postrider::delivery {

namespace {

constexpr auto beat_every = std::chrono::seconds(5);
constexpr auto look_for_revoked_every = std::chrono::milliseconds(250);
constexpr auto longest_round = std::chrono::milliseconds(250);
constexpr auto rest_after_revival = std::chrono::seconds(30);
constexpr auto uncertain_for = std::chrono::hours(72);
constexpr auto remember_instances_for = std::chrono::hours(24 * 7);
constexpr int lanes_at_a_look = 1000;

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

// Lives from start to stop; built when the journal is open.
struct Desk {
  Desk(SendingGround const& ground, SendingSettings const& settings, std::unique_ptr<HandOffJournal> opened)
      : journal(std::move(opened)),
        flights(ground.clock, *journal),
        rooms(ground.clock, ground.random),
        claims(ground, flights),
        settling(ground, flights, rooms),
        handovers(ground, settings, flights, rooms, settling),
        recovery(ground, settings.journal_folder, flights, settling) {}

  std::unique_ptr<HandOffJournal> journal;
  Flights flights;
  Rooms rooms;
  Claims claims;
  Settling settling;
  Handovers handovers;
  Recovery recovery;
};

class SenderService : public Service {
 public:
  SenderService(SendingGround ground, SendingSettings settings)
      : g_(std::move(ground)),
        settings_(std::move(settings)),
        loops_(g_.executor),
        batches_(g_.executor),
        settlers_(g_.executor),
        due_(g_.store.topic("sending")),
        revoked_(g_.store.topic("revoked")),
        stopping_(g_.executor) {}

  std::string_view name() const override { return "sending"; }

  Task<void> start() override {
    auto journal = HandOffJournal::open(settings_.journal_folder, g_.instance, g_.clock);
    if (!journal) throw std::runtime_error(journal.error().message);
    desk_.emplace(g_, settings_, std::move(*journal));
    co_await beat();
    co_await desk_->recovery.adopt();
    running_ = true;
    settlers_.spawn("sending.settle", desk_->settling.work());
    loops_.spawn("sending.claim", work());
    loops_.spawn("sending.watch", watch());
    loops_.spawn("sending.revoked", look_for_revoked());
  }

  // Nothing new is claimed; what has not begun is given back, what has begun ends.
  Task<void> stop() override {
    if (!running_) co_return;
    running_ = false;
    desk_->flights.close();
    due_.notify();
    revoked_.notify();
    stopping_.notify();
    co_await loops_.join();
    co_await batches_.join();
    desk_->settling.finish();
    co_await settlers_.join();
    try {
      co_await publish_breakers();
      // One whose ends are not all written stays on the list of the living until its journal is read, or its silence is noticed.
      if (desk_->journal->unsettled() == 0) co_await g_.store.all_on(db::Lane::vital, sql::sending::leave, g_.instance, g_.clock.now());
    } catch (db::Failure const&) {
      // gone without a word: the silence tells
    }
    desk_.reset();
  }

 private:
  // An exception that nobody expected must not end the sending.
  static Task<bool> guarded(char const* what, Task<bool> work) {
    bool found = false;
    try {
      found = co_await std::move(work);
    } catch (std::exception const& failure) {
      log::warn(what, log::field("error", failure.what()));
      found = false;
    }
    co_return found;
  }

  Task<void> work() {
    while (running_) {
      auto const found = co_await guarded("sending_claim_failed", round());
      if (running_ && !found) co_await due_.wait_for(settings_.poll);
    }
  }

  // A batch from each lane whose turn it is and whose provider has room. Short, so that what is urgent comes in soon.
  Task<bool> round() {
    if (!desk_->flights.fresh() || desk_->flights.blocked() || g_.clock.steady() < rest_until_) co_return false;
    auto lanes = co_await due_lanes();
    order_turns(lanes, tenants_served_);
    bool found = false;
    auto const begun = g_.clock.steady();
    for (auto const& lane : lanes) {
      if (!running_ || g_.clock.steady() - begun > longest_round) break;
      if (auto const down = desk_->rooms.down_until(lane.provider)) {
        co_await desk_->claims.hold(lane, *down, "provider_down");
        continue;
      }
      bool const urgent = lane.priority < most_urgent_of_bulk;
      if (!urgent && desk_->rooms.in_the_air() >= settings_.most_in_the_air) continue;
      auto const room = std::min(settings_.batch, desk_->rooms.room(lane.tenant, lane.provider, urgent));
      if (room == 0) continue;
      auto const batch = std::make_shared<ClaimedBatch>(co_await desk_->claims.claim(lane, room));
      if (!batch->found) continue;
      found = true;
      tenants_served_[lane.tenant] = g_.clock.now();
      take_room(*batch);
      if (!batch->messages.empty()) batches_.spawn("sending.batch", desk_->handovers.carry(batch));
    }
    if (found && g_.clock.steady() >= next_analysis_) {
      next_analysis_ = g_.clock.steady() + std::chrono::seconds(1);
      co_await analyse_new_tables();
    }
    co_await publish_breakers();
    if (tenants_served_.size() > 10'000) tenants_served_.clear();
    co_return found;
  }

  Task<std::vector<DueLane>> due_lanes() {
    std::vector<DueLane> lanes;
    auto const rows = co_await g_.store.all_on(db::Lane::sending, sql::sending::due_lanes, g_.clock.now(), lanes_at_a_look);
    for (auto const row : rows) {
      DueLane lane;
      lane.tenant = row.id<TenantId>(0);
      lane.id = row.id<LaneId>(1);
      lane.priority = static_cast<int>(row.integer(2));
      lane.served_at = row.instant(3);
      lane.provider = row.maybe_id<ProviderId>(4);
      if (lane.provider) desk_->rooms.told(lane.tenant, *lane.provider, row.view(5));
      lanes.push_back(std::move(lane));
    }
    co_return lanes;
  }

  void take_room(ClaimedBatch const& batch) {
    std::map<ProviderId, int> counts;
    for (auto const& c : batch.messages) ++counts[c.provider];
    for (auto const& [provider, count] : counts) desk_->rooms.claimed(batch.tenant, provider, count);
    metrics::counter("postrider_delivery_claimed_total", "Messages claimed and let through").add(static_cast<double>(batch.messages.size()));
  }

  Task<void> publish_breakers() {
    for (auto const& change : desk_->rooms.changes())
      co_await g_.store.all_on(db::Lane::vital, sql::sending::keep_breaker, change.tenant, change.provider, change.state);
  }

  // What was claimed and has not begun is asked about again and again, and at once when something is revoked: a pause, a cancel or an
  // unsubscribe stops it though it lies with the provider already.
  Task<void> look_for_revoked() {
    while (running_) {
      auto const rung = co_await revoked_.wait_for(look_for_revoked_every);
      if (!running_) break;
      if (desk_->flights.size() == 0) continue;
      if (rung) desk_->flights.doubt();
      auto const looked = co_await guarded("revocations_unknown", look());
      if (looked) desk_->flights.checked();
    }
  }

  Task<bool> look() {
    for (auto const& [tenant, ids] : desk_->flights.waiting()) {
      auto const rows = co_await g_.store.all_on(db::Lane::sending, sql::sending::still_allowed, tenant, db::text_array(ids));
      std::map<MessageId, std::int64_t> allowed;
      for (auto const row : rows) allowed.emplace(row.id<MessageId>(0), row.integer(1));
      for (auto const& id : ids) {
        auto const found = allowed.find(id);
        desk_->flights.confirm(id, found == allowed.end() ? 0 : found->second);
      }
    }
    co_return true;
  }

  Task<bool> beat() {
    auto const asked = g_.clock.steady();
    auto const rows = co_await g_.store.all_on(db::Lane::vital, sql::sending::beat, g_.instance, host_name(), g_.clock.now());
    if (!rows.empty() && !rows[0].is_null(0)) {
      log::warn("instance_was_given_up", log::field("instance", g_.instance));
      co_await g_.store.all_on(db::Lane::vital, sql::sending::revive, g_.instance, g_.clock.now());
      rest_until_ = g_.clock.steady() + rest_after_revival;
    }
    desk_->flights.beaten(asked);
    co_return true;
  }

  // A plan that was made for an empty table reads all of a tenant's messages for each batch. The database looks at new tables by itself, but
  // may take a minute to: the first minute of the first campaign.
  Task<bool> analyse_new_tables() {
    std::string script;
    for (auto const row : co_await g_.store.all_on(db::Lane::vital, sql::sending::unanalysed)) script += "analyze " + row.text(0) + ";";
    if (script.empty()) co_return false;
    script.pop_back();
    co_await g_.store.run_script(std::move(script));
    co_return true;
  }

  Task<bool> rescue() {
    co_await desk_->recovery.adopt();
    co_await desk_->recovery.rescue();
    auto const now = g_.clock.now();
    auto const closed = co_await g_.store.all_on(db::Lane::vital, sql::sending::close_uncertain, now - uncertain_for, now);
    if (closed.affected() > 0)
      metrics::counter("postrider_delivery_uncertain_closed_total", "Uncertain messages that nothing told of within 72 hours").add(static_cast<double>(closed.affected()));
    co_await g_.store.all_on(db::Lane::vital, sql::sending::forget_instances, now - remember_instances_for);
    metrics::gauge("postrider_delivery_in_the_air_messages", "Messages claimed and not yet settled").set(desk_->rooms.in_the_air());
    co_return true;
  }

  Task<void> watch() {
    while (running_) {
      co_await stopping_.wait_for(settings_.beat_every.value_or(beat_every));
      if (!running_) break;
      co_await guarded("heartbeat_failed", beat());
      if (running_) co_await guarded("rescue_failed", rescue());
    }
  }

  SendingGround g_;
  SendingSettings settings_;
  TaskGroup loops_;
  TaskGroup batches_;
  TaskGroup settlers_;
  Signal& due_;
  Signal& revoked_;
  Signal stopping_;
  std::optional<Desk> desk_;
  std::map<TenantId, Instant> tenants_served_;
  std::chrono::steady_clock::time_point rest_until_{};
  std::chrono::steady_clock::time_point next_analysis_{};
  bool running_ = false;
};

}  // namespace

std::unique_ptr<Service> make_sender_service(SendingGround ground, SendingSettings settings) {
  return std::make_unique<SenderService>(std::move(ground), std::move(settings));
}

}  // namespace postrider::delivery
