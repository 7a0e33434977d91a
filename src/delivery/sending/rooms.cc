#include "delivery/sending/rooms.h"

#include "postrider/base/log.h"
#include "postrider/base/metrics.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace postrider::delivery {

namespace {

constexpr int first_window = 50;
constexpr int least_window = 20;
constexpr double window_seconds = 0.4;
constexpr auto measure_over = std::chrono::milliseconds(500);

}  // namespace

Rooms::Room& Rooms::of(std::optional<ProviderId> provider) { return rooms_[provider.value_or(ProviderId())]; }

int Rooms::window(Room const& room) const {
  if (room.in_flight == 0) return first_window;
  return std::clamp(room.in_flight * 2 + static_cast<int>(room.per_second * window_seconds), least_window, largest_window);
}

int Rooms::room(TenantId tenant, std::optional<ProviderId> provider, bool urgent) {
  auto& r = of(provider);
  r.tenant = tenant;
  int const most = window(r);
  int free = most - r.in_the_air;
  if (urgent) free += std::max(least_window, r.in_flight);
  // Small claims cost as much as large ones: wait until half of the window is free.
  else if (free < most / 2) free = 0;
  return std::max(0, std::min(free, r.breaker.allowance(clock_.steady())));
}

std::optional<Instant> Rooms::down_until(std::optional<ProviderId> provider) const {
  auto const found = rooms_.find(provider.value_or(ProviderId()));
  if (found == rooms_.end()) return std::nullopt;
  auto const steady = clock_.steady();
  if (found->second.breaker.state(steady) != Breaker::State::open) return std::nullopt;
  return clock_.now() + std::chrono::duration_cast<Duration>(found->second.breaker.opens_at() - steady) + std::chrono::milliseconds(1);
}

void Rooms::claimed(TenantId tenant, std::optional<ProviderId> provider, int count) {
  auto& r = of(provider);
  r.tenant = tenant;
  r.in_the_air += count;
  in_the_air_ += count;
  r.breaker.claimed(count, clock_.steady());
}

void Rooms::abilities(std::optional<ProviderId> provider, std::size_t in_flight) { of(provider).in_flight = static_cast<int>(in_flight); }

void Rooms::left(std::optional<ProviderId> provider, int count) {
  auto& r = of(provider);
  r.in_the_air = std::max(0, r.in_the_air - count);
  in_the_air_ = std::max(0, in_the_air_ - count);
  r.done += count;
  auto const now = clock_.steady();
  if (r.measured_at == std::chrono::steady_clock::time_point()) r.measured_at = now;
  if (now - r.measured_at < measure_over) return;
  double const seconds = std::chrono::duration<double>(now - r.measured_at).count();
  r.per_second = 0.5 * r.per_second + 0.5 * (r.done / seconds);
  r.done = 0;
  r.measured_at = now;
}

void Rooms::ended(TenantId tenant, std::optional<ProviderId> provider, Outcome const& outcome) {
  auto& r = of(provider);
  r.tenant = tenant;
  if (outcome.kind == OutcomeKind::not_sent) {
    r.breaker.unused();
    return;
  }
  bool const set_up_wrong = outcome.kind == OutcomeKind::configuration;
  if (!set_up_wrong && !outcome.provider_fault) {
    r.breaker.succeeded();
    return;
  }
  r.why = std::string(delivery::name(outcome.kind)) + (outcome.reply.empty() ? "" : ": " + outcome.reply);
  if (!r.breaker.failed(clock_.steady(), random_.fraction(), set_up_wrong)) return;
  metrics::counter("postrider_delivery_breaker_openings_total", "Providers that were found down").add();
  log::warn("provider_down", log::field("provider_id", provider.value_or(ProviderId())), log::field("error", r.why));
}

bool Rooms::troubled(std::optional<ProviderId> provider) const {
  auto const found = rooms_.find(provider.value_or(ProviderId()));
  return found != rooms_.end() && found->second.breaker.troubled();
}

void Rooms::told(TenantId tenant, ProviderId provider, std::string_view breaker) {
  if (breaker == "{}") {
    // Somebody has changed its settings since we wrote that it is down.
    if (auto const found = rooms_.find(provider); found != rooms_.end() && found->second.published.starts_with("open")) found->second.breaker.renewed();
    return;
  }
  boost::system::error_code wrong;
  auto const parsed = boost::json::parse(boost::json::string_view(breaker.data(), breaker.size()), wrong);
  if (wrong || !parsed.is_object()) return;
  auto const* const state = parsed.as_object().if_contains("state");
  auto const* const retry_at = parsed.as_object().if_contains("retry_at");
  if (!state || !state->is_string() || state->as_string() != "open" || !retry_at || !retry_at->is_string()) return;
  auto const until = parse_instant(std::string_view(retry_at->as_string()));
  auto const now = clock_.now();
  auto& r = rooms_[provider];
  r.tenant = tenant;
  // Written here, and closed again since: the ledger learns of it in a moment.
  if (!until || *until <= now || r.published != "closed" || r.in_the_air > 0) return;
  auto const steady = clock_.steady();
  r.breaker.told_open(steady + (*until - now), steady);
}

std::vector<Rooms::Change> Rooms::changes() {
  std::vector<Change> all;
  auto const steady = clock_.steady();
  double down = 0;
  for (auto& [id, room] : rooms_) {
    auto const state = std::string(name(room.breaker.state(steady)));
    if (state != "closed") ++down;
    auto const shown = state == "open" ? state + std::to_string(room.breaker.opens_at().time_since_epoch().count()) : state;
    if (shown == room.published) continue;
    room.published = shown;
    if (id == ProviderId()) continue;
    boost::json::object out;
    out["state"] = state;
    out["changed_at"] = to_rfc3339(clock_.now());
    if (state != "closed") out["reason"] = room.why;
    if (state == "open") out["retry_at"] = to_text(clock_.now() + std::chrono::duration_cast<Duration>(room.breaker.opens_at() - steady));
    all.push_back(Change{room.tenant, id, boost::json::serialize(out)});
  }
  metrics::gauge("postrider_delivery_breakers_open", "Providers that are down or on trial").set(down);
  return all;
}

}  // namespace postrider::delivery
