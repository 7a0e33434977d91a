// What a filter may use of a running render: its memory, its budgets, its options, and a way to refuse.
#pragma once

#include "postrider/content/liquid.h"

#include "content/liquid/arena.h"
#include "content/liquid/value.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::content {

class Runtime {
 public:
  explicit Runtime(RenderOptions const& options)
      : options_(options),
        arena_(options.budgets.memory_bytes),
        deadline_(options.clock.steady() + options.budgets.time),
        next_look_(std::min<std::uint64_t>(512, options.budgets.nodes + 1)) {}

  RenderOptions const& options() const { return options_; }
  Arena& arena() { return arena_; }

  // Counts work against the node and time budgets. False when one is used up.
  bool charge(std::uint64_t units) {
    nodes_ += units;
    if (nodes_ < next_look_) return true;
    return look_at_clock();
  }
  // The same for work on text: one unit for every 64 bytes.
  bool charge_bytes(std::size_t bytes) { return charge(bytes / 64 + 1); }

  Value fail(std::string message) { return fail(TemplateFault::filter, std::move(message)); }
  Value fail(TemplateFault fault, std::string message) {
    if (!fault_) {
      fault_ = fault;
      message_ = std::move(message);
    }
    return {};
  }
  bool failed() const { return fault_.has_value() || arena_.exhausted(); }

  // The printed form: a view of a string, a copy in the arena of anything else.
  std::string_view text(Value const& value) {
    if (value.kind == Kind::string) return value.str();
    if (value.is_nil()) return {"", 0};
    scratch_.clear();
    append_text(scratch_, value);
    return arena_.copy(scratch_);
  }
  Value string(std::string_view text) { return Value::of(arena_.copy(text)); }
  // Ruby's Integer(): nothing and an error for what is no whole number.
  std::optional<std::int64_t> integer(Value const& value);

 protected:
  bool look_at_clock();

  RenderOptions const& options_;
  Arena arena_;
  std::chrono::steady_clock::time_point deadline_;
  std::uint64_t nodes_ = 0;
  std::uint64_t next_look_;
  std::optional<TemplateFault> fault_;
  std::string message_;
  std::string scratch_;
};

}  // namespace postrider::content
