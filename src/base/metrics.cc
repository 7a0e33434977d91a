#include "postrider/base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>
#include <set>
#include <utility>

namespace postrider::metrics {

namespace {

struct CounterOf : Counter {
  explicit CounterOf(prometheus::Counter& c) : inner(c) {}
  void add(double amount) override { inner.Increment(amount); }
  prometheus::Counter& inner;
};
struct GaugeOf : Gauge {
  explicit GaugeOf(prometheus::Gauge& g) : inner(g) {}
  void set(double value) override { inner.Set(value); }
  void add(double amount) override { inner.Increment(amount); }
  prometheus::Gauge& inner;
};
struct HistogramOf : Histogram {
  explicit HistogramOf(prometheus::Histogram& h) : inner(h) {}
  void observe(double value) override { inner.Observe(value); }
  prometheus::Histogram& inner;
};

using Key = std::pair<std::string, Labels>;

struct Board {
  std::mutex lock;
  prometheus::Registry registry;
  std::map<Key, std::unique_ptr<Counter>> counters;
  std::map<Key, std::unique_ptr<Gauge>> gauges;
  std::map<Key, std::unique_ptr<Histogram>> histograms;
  std::map<std::string, std::set<std::string>, std::less<>> label_values;
};

Board& board() {
  static auto* instance = new Board;  // never destroyed: metrics are counted until the very end
  return *instance;
}

}  // namespace

Counter& counter(std::string_view name, std::string_view help, Labels const& labels) {
  auto& b = board();
  std::lock_guard const guard(b.lock);
  auto& slot = b.counters[Key(name, labels)];
  if (!slot) {
    auto& family = prometheus::BuildCounter().Name(std::string(name)).Help(std::string(help)).Register(b.registry);
    slot = std::make_unique<CounterOf>(family.Add(labels));
  }
  return *slot;
}

Gauge& gauge(std::string_view name, std::string_view help, Labels const& labels) {
  auto& b = board();
  std::lock_guard const guard(b.lock);
  auto& slot = b.gauges[Key(name, labels)];
  if (!slot) {
    auto& family = prometheus::BuildGauge().Name(std::string(name)).Help(std::string(help)).Register(b.registry);
    slot = std::make_unique<GaugeOf>(family.Add(labels));
  }
  return *slot;
}

Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> const& buckets, Labels const& labels) {
  auto& b = board();
  std::lock_guard const guard(b.lock);
  auto& slot = b.histograms[Key(name, labels)];
  if (!slot) {
    auto& family = prometheus::BuildHistogram().Name(std::string(name)).Help(std::string(help)).Register(b.registry);
    slot = std::make_unique<HistogramOf>(family.Add(labels, buckets));
  }
  return *slot;
}

std::string bounded(std::string_view label, std::string_view value, std::size_t cap) {
  auto& b = board();
  std::lock_guard const guard(b.lock);
  auto& seen = b.label_values[std::string(label)];
  if (seen.contains(std::string(value))) return std::string(value);
  if (seen.size() >= cap) return "other";
  seen.emplace(value);
  return std::string(value);
}

std::string exposition() { return prometheus::TextSerializer().Serialize(board().registry.Collect()); }

std::vector<Family> families() {
  std::vector<Family> all;
  for (auto const& family : board().registry.Collect()) {
    std::string_view type = "untyped";
    if (family.type == prometheus::MetricType::Counter) type = "counter";
    if (family.type == prometheus::MetricType::Gauge) type = "gauge";
    if (family.type == prometheus::MetricType::Histogram) type = "histogram";
    all.push_back(Family{.name = family.name, .type = std::string(type), .help = family.help});
  }
  return all;
}

}  // namespace postrider::metrics
