#include "postrider/base/local_time.h"
#include "support/shared_files.h"

#include <catch2/catch.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

using namespace postrider;

TEST_CASE("time zones: every vector resolves as recommended") {
  auto const text = test::shared_text("reference/vectors/timezones.json");
  if (!text) return;
  auto const vectors = boost::json::parse(*text);
  int checked = 0;
  for (auto const& each : vectors.at("cases").as_array()) {
    auto const zone = std::string(each.at("zone").as_string());
    auto const told = std::string(each.at("local").as_string());
    INFO(zone << " " << told);
    auto const local = parse_local_time(told);
    REQUIRE(local);
    REQUIRE(is_time_zone(zone));
    CHECK(to_rfc3339(resolve(*local, zone)) == std::string(each.at("recommended").as_string()));
    if (each.at("kind").as_string() != "nonexistent") CHECK(local_in(resolve(*local, zone), zone) == *local);
    ++checked;
  }
  CHECK(checked == 20);
}

TEST_CASE("time zones: names and aliases are known, abbreviations and paths are not") {
  for (auto const* const good : {"UTC", "Europe/Rome", "Asia/Calcutta", "Asia/Kolkata", "Etc/GMT-14", "America/Argentina/Buenos_Aires"}) CHECK(is_time_zone(good));
  for (auto const* const bad : {"", "CEST", "Rome", "Europe/Atlantis", "../etc/passwd", "/etc/localtime", "localtime", "posix/../x", "contact"}) CHECK_FALSE(is_time_zone(bad));
}

TEST_CASE("time zones: local times are read strictly and written shortly") {
  CHECK(to_text(*parse_local_time("2026-07-01T09:00")) == "2026-07-01T09:00");
  CHECK(to_text(*parse_local_time("2026-07-01 09:00:05")) == "2026-07-01T09:00:05");
  for (auto const* const bad : {"2026-07-01T09:00Z", "2026-07-01T09:00+02:00", "2026-02-29T09:00", "2026-07-01", "2026-13-01T09:00", "2026-07-01T24:00", "2026-07-01T0x:00"})
    CHECK_FALSE(parse_local_time(bad));
}
