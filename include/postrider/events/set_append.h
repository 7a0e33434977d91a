// For a statement that appends events by itself, many at once and from rows the program never sees: it must come from the transaction of
// the change, and say here what it appended.
#pragma once

#include "postrider/db/store.h"

#include <cstdint>
#include <string_view>

namespace postrider::events {

// Announces the topic "events" and counts marketing_events_ingested_total, as append does. Nothing when `count` is 0.
void told(db::Transaction& tx, std::string_view type, std::int64_t count);

}  // namespace postrider::events
