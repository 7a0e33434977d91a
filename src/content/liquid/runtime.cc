#include "content/liquid/runtime.h"

#include "content/liquid/characters.h"

#include <charconv>

namespace postrider::content {

bool Runtime::look_at_clock() {
  auto const& budgets = options_.budgets;
  if (nodes_ > budgets.nodes) {
    fail(TemplateFault::nodes, "the template does more than " + std::to_string(budgets.nodes) + " steps");
    return false;
  }
  if (options_.clock.steady() > deadline_) {
    fail(TemplateFault::time, "the template takes longer than " + std::to_string(budgets.time.count()) + " ms");
    return false;
  }
  next_look_ = std::min(nodes_ + 512, budgets.nodes + 1);
  return !fault_;
}

std::optional<std::int64_t> Runtime::integer(Value const& value) {
  if (value.kind == Kind::integer) return value.integer;
  auto written = value.kind == Kind::string || value.kind == Kind::real ? strip(text(value)) : std::string_view{};
  if (written.starts_with('+')) written.remove_prefix(1);
  std::int64_t number = 0;
  auto read = std::from_chars(written.data(), written.data() + written.size(), number);
  if (written.empty() || read.ec != std::errc{} || read.ptr != written.data() + written.size()) {
    fail("invalid integer");
    return std::nullopt;
  }
  return number;
}

}  // namespace postrider::content
