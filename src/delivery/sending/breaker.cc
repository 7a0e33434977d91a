#include "delivery/sending/breaker.h"

#include <algorithm>
#include <bit>

namespace postrider::delivery {

namespace {

constexpr int faults_in_a_row = 5;
constexpr int window = 20;
constexpr int faults_in_window = 10;
constexpr auto first_pause = std::chrono::seconds(2);
constexpr auto longest_pause = std::chrono::seconds(60);
constexpr auto trial_patience = std::chrono::minutes(15);  // longer than any hand-over: a lost trial does not block for ever

}  // namespace

std::string_view name(Breaker::State state) {
  switch (state) {
    case Breaker::State::closed: return "closed";
    case Breaker::State::open: return "open";
    case Breaker::State::half_open: return "half_open";
  }
  return "closed";
}

Breaker::State Breaker::state(Time now) const {
  if (!open_) return State::closed;
  return now < until_ ? State::open : State::half_open;
}

int Breaker::allowance(Time now) const {
  switch (state(now)) {
    case State::closed: return unlimited;
    case State::open: return 0;
    case State::half_open: return trying_ && now - tried_at_ < trial_patience ? 0 : 1;
  }
  return 0;
}

void Breaker::claimed(int count, Time now) {
  if (count == 0 || state(now) != State::half_open) return;
  trying_ = true;
  tried_at_ = now;
}

void Breaker::succeeded() {
  // A late success of what was under way when it opened says nothing about now; that of the trial does.
  if (open_ && !trying_) return;
  if (open_) {
    recent_ = 0;
    known_ = 0;
  }
  open_ = false;
  trying_ = false;
  tries_ = 0;
  in_a_row_ = 0;
  recent_ = (recent_ << 1) & ((1U << window) - 1);
  known_ = std::min(known_ + 1, window);
}

bool Breaker::failed(Time now, double jitter, bool at_once) {
  if (open_) {
    if (!trying_) return false;  // the rest of what was under way when it opened
    trying_ = false;
    ++tries_;
    open(now, jitter);
    return false;
  }
  ++in_a_row_;
  recent_ = ((recent_ << 1) | 1U) & ((1U << window) - 1);
  known_ = std::min(known_ + 1, window);
  if (!at_once && in_a_row_ < faults_in_a_row && (known_ < window || std::popcount(recent_) < faults_in_window)) return false;
  tries_ = at_once ? 3 : 0;
  ++openings_;
  open(now, jitter);
  return true;
}

void Breaker::unused() { trying_ = false; }

void Breaker::renewed() {
  auto const openings = openings_;
  *this = Breaker();
  openings_ = openings;
}

void Breaker::told_open(Time until, Time now) {
  if (open_ || until <= now) return;
  open_ = true;
  trying_ = false;
  until_ = std::min(until, now + longest_pause);
}

void Breaker::open(Time now, double jitter) {
  open_ = true;
  trying_ = false;
  std::chrono::duration<double> const pause = std::min<std::chrono::seconds>(first_pause * (1 << std::min(tries_, 5)), longest_pause);
  until_ = now + std::chrono::duration_cast<Time::duration>(pause * (1.0 + 0.25 * jitter));
}

}  // namespace postrider::delivery
