#include "postrider/campaigns/machine.h"
#include "postrider/json/names.h"

#include <catch2/catch.hpp>

#include <map>
#include <string>

using namespace postrider;
using namespace postrider::campaigns;

TEST_CASE("campaigns: every arrow of the machine, and no other") {
  // Rows: state. Columns: schedule launch start approve undo pause resume cancel complete retry.
  std::map<Status, std::string> const table{
      {Status::draft, "scheduled active - - - - - canceled - -"},
      {Status::scheduled, "scheduled active active active draft - - canceled - -"},
      {Status::active, "- - active active draft paused - canceled completed active"},
      {Status::paused, "- - - - draft - active canceled - -"},
      {Status::completed, "- - - - - - - - - active"},
      {Status::canceled, "- - - - - - - - - -"},
  };
  REQUIRE(table.size() == json::enumerators<Status>().size());
  for (auto const& [from, row] : table) {
    std::string found;
    for (auto const& verb : json::enumerators<Verb>()) {
      auto const to = next_status(from, verb.value);
      found += (found.empty() ? "" : " ") + (to ? std::string(json::name_of(*to)) : std::string("-"));
      if (!to) {
        auto const error = refused(from, verb.value);
        CHECK(error.code == Code::conflict);
        CHECK(error.message.find(json::name_of(from)) != std::string::npos);
      }
    }
    CHECK(found == row);
  }
}

TEST_CASE("campaigns: after a launch only what nobody receives can be edited") {
  for (auto const status : {Status::draft, Status::scheduled}) CHECK(may_edit(status, Part::everything_else));
  for (auto const status : {Status::active, Status::paused, Status::completed, Status::canceled}) {
    CHECK_FALSE(may_edit(status, Part::everything_else));
    CHECK(may_edit(status, Part::name));
    CHECK(may_edit(status, Part::metadata));
  }
  CHECK(may_edit(Status::active, Part::throttle));
  CHECK(may_edit(Status::paused, Part::throttle));
  CHECK_FALSE(may_edit(Status::completed, Part::throttle));
  CHECK_FALSE(may_edit(Status::canceled, Part::throttle));
}
