// What is known before anything is sent: findings about a campaign (an error forbids its launch, a warning does not) and the forecast.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/id.h"

#include <boost/describe/enum.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postrider::campaigns {

enum class Severity { error, warning };
BOOST_DESCRIBE_ENUM(Severity, error, warning)

struct Finding {
  Severity severity = Severity::error;
  std::string code;     // "template_missing", "sender_unverified", ...
  std::string message;  // a sentence that says how to mend it
  std::string pointer;  // into the campaign
};

struct ForecastSegment {
  SegmentId id;
  std::string name;
  std::int64_t member_count = 0;
  std::optional<Instant> calculated_at;
};

// audience = will_send + the sum of `skipped`.
struct Forecast {
  std::int64_t audience = 0, will_send = 0;
  std::map<std::string, std::int64_t> skipped = {};  // by the gate's reason
  std::vector<ForecastSegment> segments = {};
  std::vector<Finding> checks = {};
  Instant as_of;
  // When the last one would leave: from the throttle and the tenant's rate of the last hour; nothing when neither is known.
  std::optional<double> rate_per_minute = {};
  std::string limited_by = {};  // throttle, recent_rate, schedule, unknown
  std::optional<Instant> starts_at = {}, finishes_at = {};
};

}  // namespace postrider::campaigns
