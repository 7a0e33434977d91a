#include "fuzz/growth.h"

#include "fuzz/target.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace postrider::fuzz {

namespace {

constexpr double highest_ratio = 2.6;
// Shorter than this, the clock and the caches are what is measured.
constexpr double above_noise = 0.02;
constexpr std::size_t first_size = 4096;
constexpr int tries = 5;

std::string of_size(Pattern const& pattern, std::size_t size) {
  std::string text = pattern.begin;
  while (text.size() + pattern.end.size() < size) text += pattern.repeated;
  return text + pattern.end;
}

double seconds_for(std::string const& text) {
  auto const cpu = [] {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
  };
  auto const begin = cpu();
  feed(text);
  return cpu() - begin;
}

double best_of(std::string const& text) {
  double best = seconds_for(text);
  for (int i = 1; i < tries; ++i) best = std::min(best, seconds_for(text));
  return best;
}

struct Measured {
  std::size_t size = 0;  // n
  double seconds = 0;    // for n
  double ratio = 0;      // of 2n to n; 0 when even the most bytes are too quick to measure
};

Measured measure(Pattern const& pattern) {
  for (std::size_t size = first_size; size * 2 <= pattern.most_bytes; size *= 2) {
    auto const text = of_size(pattern, size);
    if (seconds_for(text) < above_noise) continue;
    Measured out{size, best_of(text), 0};
    auto const twice = of_size(pattern, size * 2);
    // What disturbed one measurement will not disturb three.
    for (int i = 0; i < 3 && (i == 0 || out.ratio >= highest_ratio); ++i) {
      out.seconds = best_of(text);
      out.ratio = best_of(twice) / out.seconds;
    }
    return out;
  }
  return {};
}

std::string shown(std::string text) {
  for (auto& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text.size() > 40 ? text.substr(0, 40) + "..." : text;
}

}  // namespace

int measure_growth(std::vector<std::string> const& seed_folders) {
  auto all = patterns();
  for (auto const& folder : seed_folders)
    for (auto const& entry : std::filesystem::directory_iterator(folder)) {
      std::ifstream in(entry.path(), std::ios::binary);
      std::string seed(std::istreambuf_iterator<char>(in), {});
      if (!seed.empty()) all.push_back(Pattern{.begin = "", .repeated = std::move(seed)});
    }
  double worst = 0;
  for (auto const& pattern : all) {
    auto const found = measure(pattern);
    worst = std::max(worst, found.ratio);
    if (found.ratio >= highest_ratio || std::getenv("POSTRIDER_FUZZ_VERBOSE"))
      std::printf("  %zu bytes of '%s': %.1f ms, twice as many take %.2f times as long\n", found.size, shown(pattern.repeated).c_str(), found.seconds * 1000, found.ratio);
  }
  std::printf("  n against 2n: %zu patterns, highest ratio %.2f (limit %.1f)\n", all.size(), worst, highest_ratio);
  return worst < highest_ratio ? 0 : 1;
}

}  // namespace postrider::fuzz
