#include "postrider/base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
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
  std::map<std::string, std::string> declared;  // name, and its lines of help and type
};

Board& board() {
  static auto* instance = new Board;  // never destroyed: metrics are counted until the very end
  return *instance;
}

void look_at_process() {
  static auto& resident = metrics::gauge("postrider_process_resident_bytes", "Memory of the process that is in RAM");
  static auto& files = metrics::gauge("postrider_process_open_files", "Open file descriptors of the process");
  long pages = 0, in_memory = 0;
  if (std::ifstream statm("/proc/self/statm"); statm >> pages >> in_memory) resident.set(static_cast<double>(in_memory) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  std::error_code unreadable;
  std::filesystem::directory_iterator const open("/proc/self/fd", unreadable);
  if (!unreadable) files.set(static_cast<double>(std::distance(open, std::filesystem::directory_iterator())));
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

void declare(std::string_view name, std::string_view help, std::string_view type) {
  auto& b = board();
  std::lock_guard const guard(b.lock);
  b.declared[std::string(name)] = "# HELP " + std::string(name) + " " + std::string(help) + "\n# TYPE " + std::string(name) + " " + std::string(type) + "\n";
}

std::string exposition() {
  look_at_process();
  auto& b = board();
  auto text = prometheus::TextSerializer().Serialize(b.registry.Collect());
  std::lock_guard const guard(b.lock);
  for (auto const& [name, lines] : b.declared)
    if (text.find("# TYPE " + name + " ") == std::string::npos) text += lines;
  return text;
}

}  // namespace postrider::metrics
