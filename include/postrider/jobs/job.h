// Durable units of work with a deterministic key: the same key twice is one job (M28). Executed at least once, in practice
// once; what a handler writes it writes through its own transactions, made harmless to repeat by keys and fences.
//
//   ready --claim--> running --Done--> (row deleted)
//     ^                 |--Snooze / failure, attempts left--> ready, later
//     |--retry-- dead <-+--failure, none left; or Cancel
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/id.h"
#include "postrider/base/task.h"

#include <boost/json/object.hpp>

#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace postrider::jobs {

struct NewJob {
  std::string queue = "default";
  std::string kind;              // "campaign:expand": decides the handler
  std::string key;               // unique in the tenant while the job exists
  boost::json::object payload = {};
  int priority = 5;              // 1 first, 10 last
  std::optional<Instant> run_at = {};  // absent: now
  int max_attempts = 3;
};

struct Job {
  TenantId tenant;
  JobId id;
  std::string queue;
  std::string kind;
  std::string key;
  boost::json::object payload;
  int priority = 5;
  int attempts = 0;   // this run included
  int max_attempts = 3;
  std::int64_t fence = 0;
};

struct Done {};
struct Snooze {
  Duration delay;      // again later; does not use up an attempt
  std::optional<boost::json::object> payload = {};  // replaces the job's, to carry progress
};
struct Cancel {
  std::string why;     // never again: dead at once
};
struct Failed {
  std::string why;     // again after exponential back-off with jitter (2 s, 4 s, 8 s …), dead when no attempt is left
};
using Answer = std::variant<Done, Snooze, Cancel, Failed>;

// Throwing is the same as Failed.
using Handler = std::function<Task<Answer>(Job const& job)>;

}  // namespace postrider::jobs
