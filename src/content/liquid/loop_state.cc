#include "content/liquid/loop_state.h"

namespace postrider::content {

Value LoopState::property(std::string_view key) const {
  auto number = [](std::uint64_t n) { return Value::of(static_cast<std::int64_t>(n)); };
  if (key == "index") return number(index + 1);
  if (key == "index0") return number(index);
  if (key == "rindex") return number(count - index);
  if (key == "rindex0") return number(count - index - 1);
  if (key == "first") return Value::of(first());
  if (key == "last") return Value::of(last());
  if (key == "length") return number(count);
  if (is_table) {
    if (key == "col") return number(column());
    if (key == "col0") return number(column() - 1);
    if (key == "col_first") return Value::of(column() == 1);
    if (key == "col_last") return Value::of(column() == columns);
    if (key == "row") return number(row());
    return Value::of_kind(Kind::unset);
  }
  if (key == "name") return Value::of(name);
  if (key == "parentloop") {
    if (!parent) return {};
    Value v = Value::of_kind(Kind::loop);
    v.loop = parent;
    return v;
  }
  return Value::of_kind(Kind::unset);
}

}  // namespace postrider::content
