// A point in time as the `date` filter sees it: with the zone it is told in. Reading is as generous as Ruby's Time.parse.
#pragma once

#include "postrider/base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::content {

struct Moment {
  std::int64_t seconds = 0;  // since 1970, UTC
  std::int32_t nanoseconds = 0;
  std::int32_t offset = 0;  // seconds east of UTC
  std::string zone = "UTC";

  // Broken down, in its zone.
  std::int64_t local_days() const;
  std::int64_t local_seconds() const { return seconds + offset; }
};

bool is_time_zone(std::string_view zone);
// The same point told in an IANA zone, which must exist.
Moment in_zone(Moment moment, std::string_view zone);
Moment moment_of(Instant instant, std::string_view zone);
// Nothing when it tells no time. What it leaves out comes from `now` and `zone`.
std::optional<Moment> parse_moment(std::string_view text, Instant now, std::string_view zone);

struct Civil {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
};
Civil civil_from_days(std::int64_t days);
std::int64_t days_from_civil(std::int64_t year, int month, int day);

// strftime with Ruby's letters and flags. Nothing when a width is beyond reason.
std::optional<std::string> format_moment(Moment const& moment, std::string_view format);

}  // namespace postrider::content
