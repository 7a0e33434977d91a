// Times as people and programs write them: instants, wall-clock times, durations, numbers; what is read is written and read the same.
#include "fuzz/target.h"
#include "postrider/base/local_time.h"
#include "postrider/base/reading.h"

namespace postrider::fuzz {

void feed(std::string_view bytes) {
  for (auto const& instant : {parse_instant(bytes), instant_in(bytes)}) {
    if (!instant) continue;
    require(parse_instant(to_text(*instant)) == instant, "an instant that was written is read the same");
    parse_instant(to_rfc3339(*instant));
  }
  if (auto const duration = parse_duration(bytes)) {
    require(*duration >= Duration(0), "a duration is not negative");
    require(parse_duration(to_text(*duration)) == duration, "a duration that was written is read the same");
  }
  if (auto const local = parse_local_time(bytes)) {
    require(parse_local_time(to_text(*local)) == local, "a local time that was written is read the same");
    for (auto const* const zone : {"Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"}) {
      auto const instant = resolve(*local, zone);
      require(local_in(instant, zone) >= *local, "a local time is itself, or behind the gap it falls into");
    }
  }
  if (auto const number = number_in(bytes)) require(compare(*number, *number) == std::partial_ordering::equivalent, "a number is equal to itself");
  require(fold(fold(bytes)) == fold(bytes), "folding twice changes nothing more");
  is_time_zone(bytes);
}

std::vector<Pattern> patterns() { return {{"", "9"}, {"2026-01-01T00:00:00.", "1", "Z"}, {"", "A"}, {"", "\xc3\x84"}, {"", "\xff"}, {"0.", "0", "1"}}; }

}  // namespace postrider::fuzz
