#include "postrider/base/fail_point.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>

namespace postrider::fail_point {

namespace {

struct Armed {
  std::string action;
  int from_hit = 1;
  int hits = 0;
};

struct Points {
  std::mutex lock;
  std::set<std::string> names;
  std::map<std::string, Armed, std::less<>> armed;
};

Points& points() {
  static Points instance;
  return instance;
}

}  // namespace

Registration::Registration(char const* name) {
  std::lock_guard const guard(points().lock);
  points().names.insert(name);
}

void arm(std::string_view specification) {
  std::lock_guard const guard(points().lock);
  while (!specification.empty()) {
    auto const end = std::min(specification.find(';'), specification.size());
    auto const item = specification.substr(0, end);
    specification.remove_prefix(std::min(end + 1, specification.size()));
    auto const equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    Armed armed;
    auto action = item.substr(equals + 1);
    if (auto const colon = action.find(':'); colon != std::string_view::npos) {
      armed.from_hit = std::atoi(std::string(action.substr(colon + 1)).c_str());
      action = action.substr(0, colon);
    }
    armed.action = action;
    points().armed.insert_or_assign(std::string(item.substr(0, equals)), armed);
  }
}

void arm_from_environment() {
  if (auto const* const text = std::getenv("POSTRIDER_FAIL_POINTS")) arm(text);
}

void disarm_all() {
  std::lock_guard const guard(points().lock);
  points().armed.clear();
}

std::vector<std::string> known() {
  std::lock_guard const guard(points().lock);
  return {points().names.begin(), points().names.end()};
}

void reached(std::string_view name) {
  std::lock_guard const guard(points().lock);
  auto const found = points().armed.find(name);
  if (found == points().armed.end() || ++found->second.hits < found->second.from_hit) return;
  // Tests read there that the point was reached.
  std::fprintf(stderr, "fail point %s: %s\n", found->first.c_str(), found->second.action.c_str());
  if (found->second.action == "abort") std::abort();
  throw std::runtime_error("fail point " + std::string(name));
}

}  // namespace postrider::fail_point
