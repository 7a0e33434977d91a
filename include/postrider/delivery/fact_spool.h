// Opens and clicks that could not be stored because the database was away: one line each in a local file, taken in once it is back.
// The reader of a mail gets his page at once, whatever the database does. Each line has an id, so that none counts twice.
#pragma once

#include "postrider/delivery/ingest.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace postrider::delivery {

class FactSpool {
 public:
  // Files `tracking.spool` and `tracking.replay` in `folder`, which is made when first needed. `ids` must outlive it.
  FactSpool(std::filesystem::path folder, Ids& ids) : folder_(std::move(folder)), ids_(ids) {}

  // False when it could not be written, or there is too much already.
  bool keep(TenantId tenant, Fact fact);
  // Takes in what is there, oldest first, also what an earlier run left over. Throws db::Failure as `take` does; nothing is lost then.
  // Returns how many facts were taken in.
  Task<int> replay(Ingest& ingest);

  static constexpr std::uintmax_t most_bytes = 64 * 1024 * 1024;

 private:
  std::filesystem::path folder_;
  Ids& ids_;
};

// One fact as a line of text, and back; nothing when the line is not whole. Pure.
std::string spool_line(TenantId tenant, Fact const& fact);
struct SpooledFact {
  TenantId tenant;
  Fact fact;
};
std::optional<SpooledFact> spooled_fact(std::string_view line);

}  // namespace postrider::delivery
