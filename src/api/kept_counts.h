// Counts that take long in a large workspace: what was counted is kept in the database and shown until it is counted again, which happens
// behind the reader's back. What is counted quickly is never kept, so that small workspaces always see what is there. Asking writes nothing.
#pragma once

#include "postrider/base/error.h"
#include "postrider/base/task.h"
#include "postrider/db/store.h"

#include <boost/json/value.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postrider::api {

class KeptCounts {
 public:
  using Count = std::function<Task<Result<boost::json::value>>()>;
  struct Terms {
    std::string name;     // of the tenant's; what is counted
    std::string version;  // what was kept under another one is not shown
    Duration fresh = std::chrono::minutes(1);  // counted again when older, for the next reader
    Duration oldest = std::chrono::hours(24);  // not shown when older
    bool anew = false;  // counted now, whatever is kept
  };

  // What takes `dear` to count is kept.
  KeptCounts(db::Store& store, Clock const& clock, std::chrono::milliseconds dear = std::chrono::milliseconds(300)) : store_(store), clock_(clock), dear_(dear) {}

  // `count` answers an object; it may be called once more after this has ended, from `turn`.
  Task<Result<boost::json::value>> answer(TenantId tenant, Terms terms, Count count);
  // Writes down what was counted, and counts what was shown and is old, one after the other.
  Task<void> turn();

 private:
  struct Wish {
    Terms terms;
    Count count;
  };
  struct Counted {
    TenantId tenant;
    std::string name, version;
    std::optional<boost::json::value> body;  // none: it was quick
    Instant at;
  };
  Task<Result<boost::json::value>> recount(TenantId tenant, Terms terms, Count count, bool known);

  db::Store& store_;
  Clock const& clock_;
  std::chrono::milliseconds dear_;
  std::map<std::pair<TenantId, std::string>, Wish> wishes_;
  std::vector<Counted> counted_;
};

}  // namespace postrider::api
