// Brakes guessing of passwords. Every attempt is counted before it is tried, for the account from this network (so that nobody can lock somebody
// else out), for the account from anywhere, and for the network whatever the account. Known and unknown accounts are braked alike.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/error.h"
#include "postrider/db/store.h"

#include <string>
#include <string_view>
#include <vector>

namespace postrider::identity {

class Throttle {
 public:
  struct Subject {
    std::string name;
    int most = 5;  // attempts within a quarter of an hour
    std::chrono::seconds block{30};
  };

  Throttle(db::Store& store, Clock const& clock, std::vector<Subject> subjects) : store_(store), clock_(clock), subjects_(std::move(subjects)) {}
  static std::vector<Subject> of_login(std::string_view account, std::string_view ip_address);

  // Counts an attempt. Fails with paced when there were too many.
  Task<Result<void>> enter();
  // It was a good one: it does not count.
  Task<void> forgive();

 private:
  db::Store& store_;
  Clock const& clock_;
  std::vector<Subject> subjects_;
};

}  // namespace postrider::identity
