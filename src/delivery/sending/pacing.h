// How fast things may leave: budgets for a minute, an hour, a day. Pure; the claim reads a budget's row, asks, and writes it back in its
// own transaction, so that all instances together keep to it, also after a restart.
//
// A minute's budget flows evenly: in any stretch of time no more than its share of it, plus one burst. Those of an hour and a day are
// counted in slots: within any hour (or day) never more than the budget, and whoever has sent little may send at once.
#pragma once

#include "postrider/base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::delivery {

enum class Span { minute, hour, day };
std::string_view name(Span span);
std::optional<Span> parse_span(std::string_view text);

struct Budget {
  std::string name = {};  // "tenant", "channel:email", "provider:<id>", "campaign"
  Span span = Span::minute;
  std::int64_t capacity = 0;  // messages in the span
  double tokens = 0;          // of a minute's budget
  Instant tokens_at = {};
  std::vector<std::pair<std::int64_t, std::int64_t>> used = {};  // of the others: slot and count, oldest first
};

// The largest number that may go at one instant after a pause.
double burst_of(Budget const& budget);
// Whole messages that may go now.
std::int64_t available(Budget const& budget, Instant now);
void take(Budget& budget, std::int64_t count, Instant now);
// When it is worth asking again: not for each single message of a fast lane. `now` when something may go already.
Instant ready_at(Budget const& budget, Instant now);

// `used` as stored.
std::string slots_text(Budget const& budget);
void read_slots(Budget& budget, std::string_view json);

}  // namespace postrider::delivery
