#include "content/liquid/machine.h"

#include <algorithm>

namespace postrider::content {

LoopState* Machine::new_loop() {
  auto* state = free_loops_;
  if (state) {
    free_loops_ = state->next_free;
    *state = {};
  } else {
    state = arena_.make<LoopState>();
  }
  return state;
}

// The segment is offset, then limit, then reversed, whatever order they are written in.
void Machine::begin_loop(Instruction const& in, bool table) {
  auto const& loop = image_.loops[in.a];
  bool has_else = !table && in.b != loop.end;
  auto collection = has_else ? evaluate(loop.collection) : evaluate_known(loop.collection);
  std::int64_t from = 0;
  if (loop.offset_continue && loop.memory < loop_memory_.size()) from = loop_memory_[loop.memory];
  if (loop.offset != none) {
    auto offset = evaluate_known(loop.offset);
    if (!failed() && !offset.is_nil()) from = integer(offset).value_or(0);
  }
  std::int64_t limit = -1;
  bool limited = false;
  if (loop.limit != none && !failed()) {
    auto value = evaluate_known(loop.limit);
    if (!failed() && !value.is_nil()) {
      limited = true;
      limit = integer(value).value_or(0);
    }
  }
  std::int64_t columns = 0;
  if (loop.columns != none && !failed()) {
    auto value = evaluate_known(loop.columns);
    columns = value.kind == Kind::real ? static_cast<std::int64_t>(value.real) : value.is_nil() ? 0 : integer(value).value_or(0);
  }
  if (failed()) return;
  constexpr std::int64_t far = 4'000'000'000'000'000'000;
  from = std::clamp(from, -far, far);
  std::int64_t size = 0;
  switch (collection.kind) {
    case Kind::array:
    case Kind::json_array: size = static_cast<std::int64_t>(length(collection)); break;
    case Kind::json_object: size = static_cast<std::int64_t>(collection.json_object->size()); break;
    case Kind::range: size = std::max<std::int64_t>(0, collection.range->high - collection.range->low + 1); break;
    default: break;
  }
  auto first = std::max<std::int64_t>(0, from);
  auto last = limited ? std::min(size, std::clamp(limit, -far, far) + from) : size;
  auto count = std::max<std::int64_t>(0, last - first);
  if (collection.kind == Kind::string) {
    first = 0;
    count = collection.size > 0 ? 1 : 0;
  }
  if (loop.memory >= loop_memory_.size()) loop_memory_.resize(image_.loop_memories);
  loop_memory_[loop.memory] = from + count;
  if (table) {
    write_text("<tr class=\"row1\">\n");
    if (count == 0) write_text("</tr>\n");
  }
  if (count == 0) {
    pc_ = in.b;
    return;
  }
  auto* state = new_loop();
  if (!state) return;
  state->collection = collection;
  state->from = static_cast<std::uint64_t>(first);
  state->count = static_cast<std::uint64_t>(count);
  state->reversed = loop.reversed;
  state->is_table = table;
  state->columns = columns > 0 ? static_cast<std::uint64_t>(columns) : static_cast<std::uint64_t>(count);
  state->name = loop.name;
  for (auto frame = frames_.rbegin(); !table && frame != frames_.rend(); ++frame) {
    if (frame->is == Frame::Is::call && !image_.calls[frame->a].include) break;
    if (frame->is == Frame::Is::loop) {
      state->parent = frame->loop;
      break;
    }
  }
  auto own = table ? image_.tablerowloop : image_.forloop;
  frames_.push_back({.is = table ? Frame::Is::table : Frame::Is::loop,
                     .a = in.a,
                     .loop = state,
                     .saved_item = bound(loop.symbol),
                     .saved_loop = bound(own)});
  bound(own) = Value::of_kind(Kind::loop);
  bound(own).loop = state;
  bind_item(loop, state);
}

Value Machine::item(LoopState const& loop) {
  auto place = loop.from + (loop.reversed ? loop.count - 1 - loop.index : loop.index);
  switch (loop.collection.kind) {
    case Kind::array:
    case Kind::json_array: return element(loop.collection, place);
    case Kind::json_object: return pair_of(arena_, *(loop.collection.json_object->begin() + static_cast<std::ptrdiff_t>(place)));
    case Kind::range: return Value::of(loop.collection.range->low + static_cast<std::int64_t>(place));
    default: return loop.collection;
  }
}

void Machine::bind_item(Loop const& loop, LoopState* state) {
  bound(loop.symbol) = item(*state);
  if (!state->is_table) return;
  scratch_ = "<td class=\"col";
  append_integer(scratch_, static_cast<std::int64_t>(state->column()));
  scratch_ += "\">";
  write_text(scratch_);
}

void Machine::next_of_loop(Instruction const& in) {
  auto& frame = frames_.back();
  auto* state = frame.loop;
  if (++state->index < state->count) {
    bound(image_.loops[frame.a].symbol) = item(*state);
    pc_ = in.a;
    return;
  }
  end_loop(frame);
  frames_.pop_back();
}

void Machine::next_of_table(Instruction const& in) {
  auto& frame = frames_.back();
  auto* state = frame.loop;
  write_text("</td>");
  if (state->column() == state->columns && !state->last()) {
    scratch_ = "</tr>\n<tr class=\"row";
    append_integer(scratch_, static_cast<std::int64_t>(state->row() + 1));
    scratch_ += "\">";
    write_text(scratch_);
  }
  if (++state->index < state->count) {
    bind_item(image_.loops[frame.a], state);
    pc_ = in.a;
    return;
  }
  write_text("</tr>\n");
  end_loop(frame);
  frames_.pop_back();
}

void Machine::end_loop(Frame& frame) {
  bound(image_.loops[frame.a].symbol) = frame.saved_item;
  bound(frame.loop->is_table ? image_.tablerowloop : image_.forloop) = frame.saved_loop;
  frame.loop->next_free = free_loops_;
  free_loops_ = frame.loop;
}

// break and continue: closes what stands between here and the innermost loop. Without one the template ends there;
// an included partial hands it on to its caller, a rendered one does not.
void Machine::interrupt(bool leave) {
  while (!frames_.empty()) {
    auto& frame = frames_.back();
    switch (frame.is) {
      case Frame::Is::loop:
        pc_ = image_.loops[frame.a].next;
        if (!leave) return;
        pc_ = image_.loops[frame.a].end;
        end_loop(frame);
        frames_.pop_back();
        return;
      case Frame::Is::table:
        pc_ = image_.loops[frame.a].next;
        if (!leave) return;
        pc_ = image_.loops[frame.a].end;
        write_text("</td></tr>\n");
        end_loop(frame);
        frames_.pop_back();
        return;
      case Frame::Is::capture: end_capture(frame); break;
      case Frame::Is::changed: end_changed(frame); break;
      case Frame::Is::link: end_link(frame); break;
      case Frame::Is::choice: break;
      case Frame::Is::call: {
        bool include = image_.calls[frame.a].include;
        if (!include) return end_iteration();
        leave_call();
        continue;
      }
    }
    if (failed()) return;
    frames_.pop_back();
  }
  halted_ = true;
}

}  // namespace postrider::content
