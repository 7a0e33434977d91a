#include "delivery/sending/pacing.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cmath>

namespace postrider::delivery {

namespace {

constexpr double burst_seconds = 0.5;
constexpr double worth_asking_seconds = 0.2;

struct Slots {
  std::int64_t width;  // microseconds
  std::int64_t count;
};

Slots slots_of(Span span) {
  constexpr std::int64_t minute = 60'000'000;
  if (span == Span::hour) return Slots{minute, 60};
  return Slots{15 * minute, 96};
}

std::int64_t slot_at(Slots slots, Instant now) { return now.time_since_epoch().count() / slots.width; }

double per_second(Budget const& budget) { return static_cast<double>(budget.capacity) / 60.0; }

// A clock that was set back gives nothing twice: time counts from the latest instant seen.
double tokens_now(Budget const& budget, Instant now) {
  double const seconds = std::max(0.0, std::chrono::duration<double>(now - budget.tokens_at).count());
  return std::min(burst_of(budget), budget.tokens + seconds * per_second(budget));
}

}  // namespace

std::string_view name(Span span) {
  switch (span) {
    case Span::minute: return "minute";
    case Span::hour: return "hour";
    case Span::day: return "day";
  }
  return "minute";
}

std::optional<Span> parse_span(std::string_view text) {
  for (auto const span : {Span::minute, Span::hour, Span::day})
    if (name(span) == text) return span;
  return std::nullopt;
}

double burst_of(Budget const& budget) {
  if (budget.span != Span::minute) return static_cast<double>(budget.capacity);
  return std::max(1.0, per_second(budget) * burst_seconds);
}

std::int64_t available(Budget const& budget, Instant now) {
  // A hair of slack for sums of fractions; it never adds up, since `take` subtracts whole messages.
  if (budget.span == Span::minute) return static_cast<std::int64_t>(tokens_now(budget, now) + 1e-9);
  auto const slots = slots_of(budget.span);
  auto const oldest = slot_at(slots, now) - slots.count;
  std::int64_t used = 0;
  for (auto const& [slot, count] : budget.used)
    if (slot >= oldest) used += count;
  return std::max<std::int64_t>(0, budget.capacity - used);
}

void take(Budget& budget, std::int64_t count, Instant now) {
  if (budget.span == Span::minute) {
    budget.tokens = tokens_now(budget, now) - static_cast<double>(count);
    budget.tokens_at = std::max(budget.tokens_at, now);
    return;
  }
  auto const slots = slots_of(budget.span);
  auto const current = slot_at(slots, now);
  std::erase_if(budget.used, [oldest = current - slots.count](auto const& slot) { return slot.first < oldest; });
  if (count <= 0) return;
  auto const found = std::ranges::find(budget.used, current, [](auto const& slot) { return slot.first; });
  if (found != budget.used.end()) found->second += count;
  else budget.used.emplace_back(current, count);
}

Instant ready_at(Budget const& budget, Instant now) {
  if (budget.span == Span::minute) {
    if (budget.capacity <= 0) return now + std::chrono::hours(1);
    double const wanted = std::clamp(per_second(budget) * worth_asking_seconds, 1.0, burst_of(budget));
    double const missing = wanted - tokens_now(budget, now);
    if (missing <= 1e-9) return now;
    // From `tokens_at` when the clock was set back: until then nothing flows.
    auto const from = std::max(now, budget.tokens_at);
    return from + Duration(static_cast<std::int64_t>(std::ceil(missing / per_second(budget) * 1e6)));
  }
  if (available(budget, now) > 0) return now;
  if (budget.capacity <= 0) return now + std::chrono::hours(1);
  auto const slots = slots_of(budget.span);
  auto const oldest = slot_at(slots, now) - slots.count;
  std::int64_t used = 0;
  for (auto const& [slot, count] : budget.used)
    if (slot >= oldest) used += count;
  // Slots leave the window one by one until a message fits.
  auto sorted = budget.used;
  std::ranges::sort(sorted);
  for (auto const& [slot, count] : sorted) {
    if (slot < oldest) continue;
    used -= count;
    if (used < budget.capacity) return Instant(Duration((slot + slots.count + 1) * slots.width));
  }
  return now + std::chrono::minutes(1);
}

std::string slots_text(Budget const& budget) {
  boost::json::array out;
  for (auto const& [slot, count] : budget.used) {
    boost::json::array pair;
    pair.emplace_back(slot);
    pair.emplace_back(count);
    out.push_back(std::move(pair));
  }
  return boost::json::serialize(out);
}

void read_slots(Budget& budget, std::string_view json) {
  budget.used.clear();
  auto const parsed = boost::json::parse(boost::json::string_view(json.data(), json.size()));
  for (auto const& pair : parsed.as_array()) budget.used.emplace_back(pair.at(0).to_number<std::int64_t>(), pair.at(1).to_number<std::int64_t>());
}

}  // namespace postrider::delivery
