// Counters, gauges and histograms in Prometheus' text format, served at /metrics. Each module declares its own in its
// `.cc`, as file-local references obtained once; names are `postrider_<module>_<noun>_<unit>`, plus the three documented ones.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::metrics {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount = 1) = 0;
};
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
  virtual void add(double amount) = 0;
};
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

// Same name and labels give the same object; references stay valid for the life of the process. Thread safe.
// Label values are bounded by the caller: never an id, except the documented campaign_id and journey_id through `bounded`.
Counter& counter(std::string_view name, std::string_view help, Labels const& labels = {});
Gauge& gauge(std::string_view name, std::string_view help, Labels const& labels = {});
Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> const& buckets, Labels const& labels = {});

// `value` while fewer than `cap` different ones were seen for this label, "other" from then on.
std::string bounded(std::string_view label, std::string_view value, std::size_t cap = 100);

// A metric that is served by name before there is anything to count. `type` is counter, gauge or histogram.
void declare(std::string_view name, std::string_view help, std::string_view type);

// Everything, in text exposition format 0.0.4; memory and open files of the process are looked up for it.
std::string exposition();

}  // namespace postrider::metrics
