// Wall-clock time and the zones of the IANA database: the one place where local times become instants. In a gap (the clock jumps
// ahead) a local time moves ahead with the clock; in an overlap (the clock is set back) it means its first occurrence only.
#pragma once

#include "postrider/base/clock.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postrider {

// What a clock on the wall shows, wherever it hangs.
using LocalTime = std::chrono::local_seconds;

// True for names and aliases of the installed database ("Europe/Rome", "Asia/Calcutta", "UTC"); abbreviations like CEST are none.
bool is_time_zone(std::string_view zone);
// The zone must exist.
Instant resolve(LocalTime local, std::string_view zone);
LocalTime local_in(Instant instant, std::string_view zone);

// "2026-07-01T09:00" or with seconds; a blank may stand for the T. Nothing when malformed, or when a zone is told.
std::optional<LocalTime> parse_local_time(std::string_view text);
// "2026-07-01T09:00", with seconds only when there are some.
std::string to_text(LocalTime local);

}  // namespace postrider
